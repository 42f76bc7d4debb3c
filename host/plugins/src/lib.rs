//! The plugin host: runs niches, strangers' WebAssembly components, each call in a fresh sandbox.
//!
//! [`Host::load`] turns a component's bytes into a [`Release`]; a release answers the questions of the contract in
//! `wit/`, in whichever of its versions the component speaks. What lives here: the engine, the sandbox, the
//! capabilities a niche may be given, the cache of compiled code and the inspection of what a component asks. What
//! does not: any database (storage and credentials are traits, [`storage::Storage`] and [`credentials::Credentials`],
//! that the caller implements), customers (a [`Tenant`] is a key that means nothing here), and the name of any niche.
//!
//! ```no_run
//! # async fn example(bytes: &[u8]) -> Result<(), openclaw_plugins::PluginError> {
//! use openclaw_plugins::{Host, HostConfig};
//!
//! let host = Host::new(HostConfig { cache_dir: ".openclaw/compiled".into(), ..HostConfig::default() })?;
//! let release = host.load(bytes).await?;
//! println!("{} is {}", release.digest(), release.describe("pt").await?.name);
//! # Ok(())
//! # }
//! ```

mod cache;
mod call;
mod capabilities;
mod contract;
pub mod credentials;
mod digest;
mod engine;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod grant;
mod host;
mod inspection;
mod limits;
mod net;
pub mod recording;
mod release;
mod sandbox;
pub mod storage;
mod turns;

pub use call::{CallError, CallScope, Spent, Tenant, ToolOutcome};
pub use contract::catalog::{ConnectionWish, Conversation, Entry, HostWish, Speaker, Status, Turn, Wishes};
pub use contract::onboarding::{ChoiceOption, Question, QuestionKind, Rejection, Step, SummaryLine};
pub use contract::tools::{Content, Output, Tool, ToolCall, ToolError};
pub use contract::version::ContractVersion;
pub use contract::{Answer, Connection, WEB_CHAT};
pub use digest::{Digest, DigestError};
pub use error::{DeadlineKind, OutputKind, PluginError};
pub use host::Host;
pub use inspection::Exports;
pub use limits::{EgressLimits, HostConfig, HostSettings, Limits};
pub use net::{Dialer, Network, Resolver, Wire};
pub use release::{CaseOutcome, Release};
pub use storage::Storage;
