//! What runs gateways: [`Local`], as child processes of the operator, and [`Kubernetes`], as pods of a cluster. Jobs know
//! neither, only [`Driver`].

pub mod kubernetes;
pub mod local;

use std::{collections::HashMap, path::PathBuf, time::Duration};

use futures::future::BoxFuture;
use openclaw_platform::{AgentId, Digest, agents::Agent, tokens::Minted};

use crate::blueprint::Blueprint;

pub use kubernetes::Kubernetes;
pub use local::Local;

/// What is still being done.
pub type Doing<'a, T> = BoxFuture<'a, Result<T, DriverError>>;

/// Runs gateways, one an agent. Whatever it is told may be told again, and given up half way.
pub trait Driver: Send + Sync {
    /// Starts the gateway of `order` in place of the one that runs, if one does, and keeps it running.
    fn start<'a>(&'a self, order: &'a Order, secrets: Minted) -> Doing<'a, ()>;

    /// Makes known what of `order` is not its gateway's to know, such as a tier's processor; says whether the gateway
    /// that is there was started after this very blueprint.
    fn adjust<'a>(&'a self, order: &'a Order) -> Doing<'a, bool>;

    /// Stops the gateway of `agent` and waits until it is gone. No gateway is no error.
    fn stop(&self, agent: AgentId) -> Doing<'_, ()>;

    /// The same, for as long as nobody starts it.
    fn suspend(&self, agent: AgentId) -> Doing<'_, ()> {
        self.stop(agent)
    }

    /// Stops the gateway of `agent` and removes what it left behind.
    fn destroy(&self, agent: AgentId) -> Doing<'_, ()>;

    /// What runs for `agent`, now.
    fn status(&self, agent: AgentId) -> Doing<'_, Status>;

    /// The agents that something is known of; may lag behind [`Driver::status`] for a moment.
    fn agents(&self) -> Doing<'_, HashMap<AgentId, Status>>;

    /// Whether anything at all is there of `agent`, now.
    fn has(&self, agent: AgentId) -> Doing<'_, bool>;

    /// Whether gateways outlive this operator, and others share them with it.
    fn is_shared(&self) -> bool;

    /// The operator ends. Gateways that cannot outlive it are stopped.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// What a gateway is started for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The agent.
    pub agent: Agent,
    /// The e-mail address of its customer.
    pub customer: String,
    /// The version that its release gives itself.
    pub version: String,
    /// What its gateway is told.
    pub blueprint: Blueprint,
}

/// What runs for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether something does.
    pub phase: Phase,
    /// The mark of the blueprint it was started after; none when nothing runs.
    pub mark: Option<Digest>,
    /// How often it died and was started again, where the driver itself sees to that.
    pub restarts: u32,
}

impl Status {
    /// Nothing runs.
    pub const ABSENT: Self = Self { phase: Phase::Absent, mark: None, restarts: 0 };
}

/// Where a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs, and nothing will by itself.
    Absent,
    /// It is marked as suspended, and so nothing runs.
    Suspended,
    /// It runs.
    Running {
        /// Tells it from the one that ran before: a process' id, or since when it runs.
        which: u64,
    },
    /// It died or is new; it runs after a while.
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
    /// The API server refused something, or is away.
    #[error("the API server did not {what}: {source}")]
    Cluster {
        /// What was asked of it.
        what: &'static str,
        /// What came of it.
        #[source]
        source: Box<kube::Error>,
    },
    /// The cluster did not come to where it should in time.
    #[error(
        "Agent {agent} waits for {what}, after {} s still. `kubectl describe agent {agent} -n {namespace}` says since when, and \
         `kubectl get events -A` why",
        .waited.as_secs()
    )]
    Waiting {
        /// The name of the `Agent`.
        agent: String,
        /// Its namespace.
        namespace: String,
        /// What it waits for.
        what: String,
        /// How long it was watched.
        waited: Duration,
    },
    /// Somebody suspended it by hand.
    #[error(
        "Agent {agent} was suspended by hand. To take it up again: kubectl patch agent {agent} -n {namespace} --type merge \
         --patch '{{\"spec\":{{\"suspended\":false}}}}'"
    )]
    Held {
        /// The name of the `Agent`.
        agent: String,
        /// Its namespace.
        namespace: String,
    },
    /// The name that an `Agent` would have is another's.
    #[error("there is another Agent called {agent} in {namespace}: remove it, or give it another name")]
    NameTaken {
        /// The name.
        agent: String,
        /// The namespace.
        namespace: String,
    },
    /// Several `Agent`s say that they are the same agent.
    #[error(
        "several Agents in {namespace} carry the same {}: {agents}. Remove the label from all but one",
        kubernetes::ID
    )]
    Several {
        /// Their names.
        agents: String,
        /// Their namespace.
        namespace: String,
    },
    /// Somebody removed its `Agent` meanwhile.
    #[error("Agent {agent} was removed from {namespace} meanwhile; another attempt makes it anew")]
    Removed {
        /// Its name.
        agent: String,
        /// Its namespace.
        namespace: String,
    },
}
