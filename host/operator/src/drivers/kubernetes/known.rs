//! What is known of all `Agent`s that are the platform's: watched, so that asking costs nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::StreamExt as _;
use kube::{
    Api, ResourceExt as _,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Event, watcher},
    },
};
use openclaw_platform::AgentId;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{
    ID,
    manifest::{self, BLUEPRINT},
};
use crate::{
    children,
    controller::status::reason,
    drivers::{Phase, Status},
    resources::{Agent, AgentPhase},
};

type Statuses = HashMap<AgentId, Status>;

/// What is known.
pub(super) struct Known {
    statuses: Arc<Mutex<Statuses>>,
    /// Whether all that was there at first is.
    complete: watch::Receiver<bool>,
    _watch: AbortOnDropHandle<()>,
}

impl Known {
    /// Begins to watch.
    pub(super) fn watch(agents: Api<Agent>) -> Self {
        let statuses = Arc::new(Mutex::new(Statuses::new()));
        let (tell, complete) = watch::channel(false);
        let task = tokio::spawn(follow(agents, Arc::clone(&statuses), tell));
        Self { statuses, complete, _watch: AbortOnDropHandle::new(task) }
    }

    /// All of it, once it is complete.
    pub(super) async fn all(&self) -> Statuses {
        // An error would say that the watch has ended, which it does with `self`.
        let _ = self.complete.clone().wait_for(|complete| *complete).await;
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn follow(agents: Api<Agent>, statuses: Arc<Mutex<Statuses>>, complete: watch::Sender<bool>) {
    let ours = watcher::Config::default().labels(ID);
    let mut changes = std::pin::pin!(watcher(agents, ours).default_backoff());
    let mut listed = Statuses::new();
    while let Some(change) = changes.next().await {
        let mut now = statuses.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(agent)) => note(&mut listed, &agent),
            Ok(Event::InitDone) => {
                *now = std::mem::take(&mut listed);
                complete.send_replace(true);
            }
            Ok(Event::Apply(agent)) => note(&mut now, &agent),
            Ok(Event::Delete(agent)) => {
                if let Some(id) = manifest::id(&agent) {
                    now.remove(&id);
                }
            }
            Err(error) => tracing::warn!(%error, "which Agents there are is not known to be so"),
        }
    }
}

/// One that is on its way out counts as gone.
fn note(statuses: &mut Statuses, agent: &Agent) {
    let Some(id) = manifest::id(agent) else { return };
    if agent.metadata.deletion_timestamp.is_some() {
        statuses.remove(&id);
    } else {
        statuses.insert(id, status(agent));
    }
}

/// What `agent` says runs for it.
pub(super) fn status(agent: &Agent) -> Status {
    let config = children::config_of(agent).map(|mark| mark.to_string());
    let told = agent.status.clone().unwrap_or_default();
    let ready = told.conditions.iter().find(|condition| condition.type_ == "Ready");
    let lost = ready.is_some_and(|condition| condition.reason == reason::CONFIGURATION_LOST);
    let phase = if agent.spec.suspended {
        Phase::Suspended
    } else if config.is_none() || agent.metadata.deletion_timestamp.is_some() {
        Phase::Absent
    } else if told.observed_config != config {
        Phase::Pausing
    } else if lost {
        Phase::Absent
    } else if told.phase == Some(AgentPhase::Live) {
        let since = ready.map(|condition| condition.last_transition_time.0.as_second()).unwrap_or_default();
        Phase::Running { which: since.unsigned_abs() }
    } else {
        Phase::Pausing
    };
    if matches!(phase, Phase::Absent | Phase::Suspended) {
        return Status { phase, ..Status::ABSENT };
    }
    let mark = agent.annotations().get(BLUEPRINT).and_then(|mark| mark.parse().ok());
    Status { phase, mark, restarts: 0 }
}
