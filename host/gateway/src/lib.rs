//! What runs for a customer: the native gateway, one process an agent, between Telegram, the LLM and the niche's tools.
//!
//! It keeps nothing on disk. A conversation lives in the API's agent-state routes; a message is confirmed to Telegram
//! only after its answer was saved and sent, each part under a key that the relay sends once. A kill at any moment
//! therefore neither loses an answer nor doubles it.
//!
//! Not here: who may have an agent, what it costs, and how its process is started (the operator's).

mod agent;
mod answer;
mod backoff;
mod conversation;
mod delivery;
mod environment;
mod format;
mod health;
pub mod lifeline;
mod llm;
mod poll;
mod probes;
mod sentences;
mod sse;
mod state;
mod telegram;
mod thought;
mod tools;

use std::{net::SocketAddr, sync::Arc};

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::agent::Agent;
pub use crate::{
    environment::{Environment, EnvironmentError, Limits},
    sentences::Locale,
};

/// Why a gateway cannot start. Once it runs, it waits out whatever is away and does not fail.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A variable is missing or does not parse.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The runtime or an HTTP client could not be made.
    #[error("the gateway could not start: {0}. Check the machine's certificates and its limits on threads and files")]
    Start(String),
    /// Nobody can ask how it is.
    #[error("the gateway cannot listen on {address} for probes: {source}. Set OPENCLAW_PROBES_LISTEN to a free port")]
    Probes {
        /// Where it should have.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Serves the agent until `shutdown`; answers under way then have three seconds to end.
pub async fn run(environment: Environment, shutdown: CancellationToken) -> Result<(), GatewayError> {
    let probes_listen = environment.probes_listen;
    let agent = Arc::new(Agent::new(environment)?);
    let _probes = match probes_listen {
        Some(address) => Some(probes::answer(address, agent.clone()).await?),
        None => None,
    };
    let _beats = AbortOnDropHandle::new(tokio::spawn(health::beat(agent.clone(), shutdown.clone())));
    poll::serve(agent, shutdown).await;
    Ok(())
}

/// One thread is plenty for one agent, and a tenth of what a pool takes to start: the runtime to `run` a gateway in.
pub fn runtime() -> Result<tokio::runtime::Runtime, GatewayError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Only name look-ups block here.
        .max_blocking_threads(4)
        .thread_stack_size(512 * 1024)
        .build()
        .map_err(|error| GatewayError::Start(error.to_string()))
}
