//! One call of a tool, seen from outside: whose it is and what it may use, how it ended, and what it used.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::credentials::Credentials;
use crate::grant::Grant;
use crate::storage::Storage;
use crate::{Output, PluginError, ToolError};

/// Whose call it is, as far as the host must know to be fair: a key that means nothing to it, such as a
/// customer's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant(pub u128);

/// Whose call it is and what it may use.
#[derive(Clone)]
pub struct CallScope {
    /// Whose.
    pub tenant: Tenant,
    /// What the release may use.
    pub grant: Arc<Grant>,
    /// The tenant's space of this niche.
    pub storage: Arc<dyn Storage>,
    /// The tenant's credentials at providers.
    pub credentials: Arc<dyn Credentials>,
}

/// How a call ended, and what it used until then, also when it failed.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutcome {
    /// What it gave.
    pub result: Result<Output, CallError>,
    /// What it used.
    pub spent: Spent,
    /// What it was refused first, and who said no: in words for its author and for admins.
    pub refused: Option<String>,
}

impl ToolOutcome {
    /// A call that never began.
    pub fn failed(error: impl Into<CallError>) -> Self {
        Self { result: Err(error.into()), spent: Spent::default(), refused: None }
    }
}

/// Why a call gave nothing. Nothing that it wrote was kept, unless the storage itself failed at the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The tool said no, in its own words.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The call broke off, or never began.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl CallError {
    /// A stable word for APIs, metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tool(error) => error.code(),
            Self::Plugin(error) => error.code(),
        }
    }
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// While a thread worked on it, in the guest and in what it asked of the host. By the wall's clock, since the
    /// processor's own takes a microsecond to read: on a machine that has more to do than processors, what others took
    /// meanwhile is in it.
    pub cpu: Duration,
    /// From its turn to its end.
    pub wall: Duration,
    /// Bytes of all its linear memories and tables at their largest.
    pub peak_memory: usize,
    /// Lines it logged.
    pub log_lines: u32,
    /// Requests it sent, redirects that the host followed included.
    pub requests: u32,
    /// Bytes it sent to other hosts, headers included.
    pub egress_bytes: u64,
    /// Bytes it received from them, headers included.
    pub ingress_bytes: u64,
    /// What the tenant's space takes after the call, when the call wrote and its writes were kept.
    pub storage_bytes: Option<u64>,
    /// How often it was refused something.
    pub refusals: u32,
    /// How often of that it wanted what it was not granted, or nobody may have: what says something of the release.
    pub ungranted: u32,
}
