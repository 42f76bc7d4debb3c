//! What can go wrong with a component, and in words a person understands.

use std::time::Duration;

use crate::contract::version::{self, ContractVersion};
use crate::recording::RecordingError;
use crate::storage::StorageError;

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineKind {
    /// Computing.
    Cpu,
    /// From beginning to end.
    WallClock,
}

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// The result, or what one call to the host handed over.
    Result,
    /// Log lines, standard output and standard error.
    Log,
}

/// Why a component could not be loaded, or a call to it gave nothing. A breach ends that call alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The bytes are no WebAssembly component.
    #[error("this file is no WebAssembly component: {0}")]
    NotAComponent(String),
    /// The component is larger than the host takes.
    #[error("the component has {bytes} bytes; this host takes at most {limit}")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// It does not export what every niche must.
    #[error("the component does not export `{0}`, which every niche must")]
    MissingExport(String),
    /// It imports what no niche is given.
    #[error("the component imports `{0}`, which no niche is given")]
    ForbiddenImport(String),
    /// It speaks a version of the contract that this host does not.
    #[error("the component speaks `{0}`; this host speaks {served}", served = version::served())]
    UnknownContractVersion(String),
    /// It speaks two versions of the contract, where every call is made in one.
    #[error("the component speaks openclaw:niche {0} and {1} at once; build all of it against one of them")]
    MixedContractVersions(ContractVersion, ContractVersion),
    /// Its catalog wants something that the component cannot use.
    #[error("the catalog asks for {wish}, and the component does not import `{import}`, which that needs")]
    UnusedWish {
        /// What it asks for, in words.
        wish: String,
        /// What it would have to import.
        import: &'static str,
    },
    /// It is a component, and does not compile or fit the contract's types.
    #[error("the component cannot be compiled for this host: {0}")]
    Compile(String),
    /// It stopped in a way it should not: a panic, a stack overflow, an exit.
    #[error("the niche stopped in the middle of the call: {trap}")]
    Trapped {
        /// What happened, in the engine's words.
        trap: String,
        /// The end of what it wrote to standard error, such as a panic's message; for its author, not for
        /// customers.
        stderr: String,
    },
    /// It took too long.
    #[error("the niche took longer than its {} of {limit:?}", match kind {
        DeadlineKind::Cpu => "computing time",
        DeadlineKind::WallClock => "time",
    })]
    DeadlineExceeded {
        /// Which clock ran out.
        kind: DeadlineKind,
        /// What it had.
        limit: Duration,
    },
    /// It asked for more memory than it may have, for its memories and tables together.
    #[error("the niche asked for more memory than its {limit} bytes")]
    MemoryExceeded {
        /// What it may have.
        limit: usize,
    },
    /// It made its tables larger than they may be together.
    #[error("the niche made its tables larger than the {limit} elements they may have")]
    TablesExceeded {
        /// What they may have.
        limit: usize,
    },
    /// It held more handles at once than it may.
    #[error("the niche held more than its {limit} handles at once")]
    HandlesExceeded {
        /// What it may hold.
        limit: usize,
    },
    /// It gave or logged too much.
    #[error("the niche {} more than its {limit} bytes", match kind {
        OutputKind::Result => "handed over",
        OutputKind::Log => "logged",
    })]
    OutputTooLarge {
        /// What there was too much of.
        kind: OutputKind,
        /// What it may give.
        limit: usize,
    },
    /// What it gave is not what the contract says.
    #[error("the niche's answer to `{export}` is not what the contract says: {detail}")]
    InvalidOutput {
        /// The function that was asked.
        export: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The prompt needs an answer that the profile lacks: the question's id.
    #[error("the agent's prompt needs an answer to `{0}`, which was not given")]
    MissingAnswer(String),
    /// The niche could not render the prompt.
    #[error("the niche could not write the agent's prompt: {0}")]
    Persona(String),
    /// The call's writes could not be kept; none were.
    #[error("what the call wrote could not be kept: {0}")]
    Storage(#[from] StorageError),
    /// Whoever called does not want it any more.
    #[error("the call was cancelled")]
    Cancelled,
    /// A recording that cannot be used, such as one that the component carries.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Compiled code could not be kept on disk.
    #[error("compiled code cannot be kept: {0}")]
    Cache(String),
    /// Too many calls at once, of all tenants.
    #[error("too many calls are running at once; try again in a moment")]
    PoolExhausted,
    /// Too many calls at once of one tenant, for as long as a call may wait.
    #[error("this customer's agents already run {limit} calls at once; try again when one has ended")]
    TooManyCalls {
        /// How many may run.
        limit: u32,
    },
    /// Too many calls of one tenant in a minute.
    #[error("this customer's agents made {per_minute} calls within a minute; try again in {} seconds", retry_after.as_secs() + 1)]
    RateLimited {
        /// How many there may be.
        per_minute: u32,
        /// When there is one again.
        retry_after: Duration,
    },
    /// The engine could not be set up.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}

impl PluginError {
    /// A stable word for APIs, metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAComponent(_) => "not-a-component",
            Self::TooLarge { .. } => "component-too-large",
            Self::MissingExport(_) => "missing-export",
            Self::ForbiddenImport(_) => "forbidden-import",
            Self::UnknownContractVersion(_) => "unknown-contract-version",
            Self::MixedContractVersions(..) => "mixed-contract-versions",
            Self::UnusedWish { .. } => "unused-wish",
            Self::Compile(_) => "compile",
            Self::Trapped { .. } => "trapped",
            Self::DeadlineExceeded { kind: DeadlineKind::Cpu, .. } => "cpu-exceeded",
            Self::DeadlineExceeded { kind: DeadlineKind::WallClock, .. } => "deadline-exceeded",
            Self::MemoryExceeded { .. } => "memory-exceeded",
            Self::TablesExceeded { .. } => "tables-exceeded",
            Self::HandlesExceeded { .. } => "handles-exceeded",
            Self::OutputTooLarge { .. } => "output-too-large",
            Self::InvalidOutput { .. } => "invalid-output",
            Self::MissingAnswer(_) => "missing-answer",
            Self::Persona(_) => "persona",
            Self::Storage(_) => "storage",
            Self::Cancelled => "cancelled",
            Self::Recording(_) => "bad-recording",
            Self::Cache(_) => "cache",
            Self::PoolExhausted => "pool-exhausted",
            Self::TooManyCalls { .. } => "too-many-calls",
            Self::RateLimited { .. } => "rate-limited",
            Self::Engine(_) => "engine",
        }
    }

    /// Whether the component itself is at fault, rather than the moment: trying again will not help.
    pub fn is_components_fault(&self) -> bool {
        !matches!(
            self,
            Self::Storage(_)
                | Self::Cancelled
                | Self::Cache(_)
                | Self::PoolExhausted
                | Self::TooManyCalls { .. }
                | Self::RateLimited { .. }
                | Self::Engine(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_reads_as_a_sentence() {
        let deadline = PluginError::DeadlineExceeded { kind: DeadlineKind::Cpu, limit: Duration::from_secs(1) };
        assert_eq!(deadline.to_string(), "the niche took longer than its computing time of 1s");
        assert_eq!(deadline.code(), "cpu-exceeded");
        let log = PluginError::OutputTooLarge { kind: OutputKind::Log, limit: 9 };
        assert_eq!(log.to_string(), "the niche logged more than its 9 bytes");
    }
}
