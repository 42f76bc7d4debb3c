//! What runs gateways: [`Local`], as child processes of the operator. The Kubernetes driver will have the same
//! methods (`start`, `stop`, `destroy`, `status`, `agents`, `shutdown`), and there will be a trait of them then.

pub mod local;

use std::path::PathBuf;

use openclaw_platform::Digest;

pub use local::Local;

/// What runs for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether something does.
    pub phase: Phase,
    /// The mark of the blueprint it was started after; none when nothing runs.
    pub mark: Option<Digest>,
    /// How often it died and was started again.
    pub restarts: u32,
}

/// Where a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs, and nothing will by itself.
    Absent,
    /// It runs.
    Running {
        /// The process' id.
        pid: u32,
    },
    /// It died; it starts again after a pause.
    Pausing,
}

/// Why a gateway could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// The program did not start.
    #[error("the gateway could not be started from {program}: {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its folder could not be written or removed.
    #[error("the agent's folder {folder} cannot be used: {source}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operator is stopping.
    #[error("the operator is stopping: no gateway is started any more")]
    Stopping,
}
