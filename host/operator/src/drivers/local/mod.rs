//! Gateways as child processes of the operator: one an agent, watched by a task of its own.
//!
//! A gateway reads from a pipe whose other end is here, so it dies with the operator however that dies.

mod log;
mod process;
mod supervisor;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt as _, join_all};
use openclaw_platform::{AgentId, tokens::Minted};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Doing, Driver, DriverError, Order, Phase, Status};
use crate::{
    backoff::{self, Backoff},
    blueprint::Blueprint,
};
use log::Log;
use process::Recipe;

/// How long a gateway has to end after SIGTERM.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// The same when the operator itself must end within 5 s, with what else it has to do. Gateways need 3 s at most.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(3500);
/// How long a gateway must have run for its next death to count as the first.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// The program that is a gateway.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// How gateways are run.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is run.
    pub program: Program,
    /// The folder with a folder for each agent.
    pub folder: PathBuf,
    /// Between the starts of one that dies.
    pub backoff: Backoff,
    /// How long one must have run for its next death to count as the first.
    pub healthy_after: Duration,
    /// How long one has to end after SIGTERM, before SIGKILL.
    pub stop_grace: Duration,
}

impl Config {
    /// The usual pauses.
    pub fn new(program: Program, folder: PathBuf) -> Self {
        Self { program, folder, backoff: backoff::GATEWAYS, healthy_after: HEALTHY_AFTER, stop_grace: STOP_GRACE }
    }
}

/// The local driver. Clones are the same driver; with the last one, every gateway dies.
#[derive(Debug, Clone)]
pub struct Local(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    slots: Mutex<HashMap<AgentId, Arc<Slot>>>,
    stopping: CancellationToken,
}

/// The place of an agent's gateway. Nothing removes it, so that there is never a second one.
#[derive(Debug)]
struct Slot {
    /// Held while a gateway is started or stopped. A gateway stays in here until its process is gone, even if
    /// whoever waited for that no longer does.
    gateway: tokio::sync::Mutex<Option<Supervised>>,
    status: watch::Sender<Status>,
}

#[derive(Debug)]
struct Supervised {
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Local {
    /// A driver without gateways.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Inner { config, slots: Mutex::default(), stopping: CancellationToken::new() }))
    }

    /// Starts the gateway of `agent` in place of the one that runs, if one does, and keeps it running.
    pub async fn start(&self, agent: AgentId, blueprint: &Blueprint, secrets: Minted) -> Result<(), DriverError> {
        let slot = self.slot(agent);
        let mut gateway = slot.gateway.lock().await;
        stop(&slot, &mut gateway).await;
        if self.0.stopping.is_cancelled() {
            return Err(DriverError::Stopping);
        }
        let config = &self.0.config;
        let log = Log::open(&self.folder(agent)).await?;
        let recipe = Recipe::new(&config.program, blueprint, secrets);
        let first = recipe.spawn()?;
        // From here to the end nothing waits: a process is never without its place.
        let mark = Some(blueprint.mark());
        slot.status.send_replace(Status { phase: Phase::Running { which: first.0.pid.into() }, mark, restarts: 0 });
        let token = CancellationToken::new();
        let supervised = supervisor::supervise(config.clone(), recipe, first, log, slot.status.clone(), token.clone());
        let task = AbortOnDropHandle::new(tokio::spawn(supervised));
        *gateway = Some(Supervised { stop: token, task });
        Ok(())
    }

    /// Stops the gateway of `agent` and waits until its process is gone. No gateway is no error.
    pub async fn stop(&self, agent: AgentId) -> Result<(), DriverError> {
        let slot = self.slot(agent);
        let mut gateway = slot.gateway.lock().await;
        stop(&slot, &mut gateway).await;
        Ok(())
    }

    /// Stops the gateway of `agent` and removes what it left behind.
    pub async fn destroy(&self, agent: AgentId) -> Result<(), DriverError> {
        self.stop(agent).await?;
        let folder = self.folder(agent);
        match tokio::fs::remove_dir_all(&folder).await {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(DriverError::Folder { folder, source }),
            _ => Ok(()),
        }
    }

    /// What runs for `agent`.
    pub fn status(&self, agent: AgentId) -> Status {
        self.slots().get(&agent).map_or(Status::ABSENT, |slot| *slot.status.borrow())
    }

    /// The agents that have a gateway, running or about to.
    pub fn agents(&self) -> HashMap<AgentId, Status> {
        let slots = self.slots();
        let all = slots.iter().map(|(agent, slot)| (*agent, *slot.status.borrow()));
        all.filter(|(_, status)| status.phase != Phase::Absent).collect()
    }

    /// Stops every gateway; none is started afterwards.
    pub async fn shutdown(&self) {
        self.0.stopping.cancel();
        let slots: Vec<Arc<Slot>> = self.slots().values().cloned().collect();
        let all = join_all(slots.iter().map(async |slot| stop(slot, &mut *slot.gateway.lock().await).await));
        // Those that take longer are killed as their tasks are dropped.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, all).await;
        for slot in slots {
            if let Ok(mut gateway) = slot.gateway.try_lock() {
                *gateway = None;
            }
        }
    }

    /// The folder with the logs of `agent`.
    fn folder(&self, agent: AgentId) -> PathBuf {
        self.0.config.folder.join(agent.to_string())
    }

    fn slot(&self, agent: AgentId) -> Arc<Slot> {
        let slot = || Slot { gateway: tokio::sync::Mutex::default(), status: watch::Sender::new(Status::ABSENT) };
        Arc::clone(self.slots().entry(agent).or_insert_with(|| Arc::new(slot())))
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Arc<Slot>>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Local {
    fn start<'a>(&'a self, order: &'a Order, secrets: Minted) -> Doing<'a, ()> {
        self.start(order.agent.id, &order.blueprint, secrets).boxed()
    }

    fn adjust<'a>(&'a self, order: &'a Order) -> Doing<'a, bool> {
        let same = self.status(order.agent.id).mark == Some(order.blueprint.mark());
        std::future::ready(Ok(same)).boxed()
    }

    fn stop(&self, agent: AgentId) -> Doing<'_, ()> {
        self.stop(agent).boxed()
    }

    fn destroy(&self, agent: AgentId) -> Doing<'_, ()> {
        self.destroy(agent).boxed()
    }

    fn status(&self, agent: AgentId) -> Doing<'_, Status> {
        std::future::ready(Ok(self.status(agent))).boxed()
    }

    fn agents(&self) -> Doing<'_, HashMap<AgentId, Status>> {
        std::future::ready(Ok(self.agents())).boxed()
    }

    fn has(&self, agent: AgentId) -> Doing<'_, bool> {
        std::future::ready(Ok(self.status(agent).phase != Phase::Absent)).boxed()
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.shutdown().boxed()
    }
}

/// Empties `gateway` once its process is gone. May be given up half way, and called again.
async fn stop(slot: &Slot, gateway: &mut Option<Supervised>) {
    if let Some(supervised) = gateway {
        supervised.stop.cancel();
        if let Err(error) = (&mut supervised.task).await {
            tracing::error!(%error, "a gateway's supervisor failed; the process was killed");
        }
        slot.status.send_replace(Status::ABSENT);
        *gateway = None;
    }
}

/// The gauge of running gateways, right however a process ends.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("openclaw_operator_gateways_running").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("openclaw_operator_gateways_running").decrement(1.0);
    }
}
