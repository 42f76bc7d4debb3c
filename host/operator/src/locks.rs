//! One at a time for an agent within this process: a job, or the keeper.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use openclaw_platform::AgentId;
use tokio::sync::OwnedMutexGuard;

/// Entries to reach before those that nobody holds are dropped.
const TIDY_AT: usize = 1024;

/// A lock for each agent.
#[derive(Debug, Default)]
pub(crate) struct Locks(Mutex<HashMap<AgentId, Arc<tokio::sync::Mutex<()>>>>);

impl Locks {
    /// Waits for `agent`'s.
    pub(crate) async fn lock(&self, agent: AgentId) -> OwnedMutexGuard<()> {
        self.of(agent).lock_owned().await
    }

    /// `agent`'s, if it is free.
    pub(crate) fn try_lock(&self, agent: AgentId) -> Option<OwnedMutexGuard<()>> {
        self.of(agent).try_lock_owned().ok()
    }

    fn of(&self, agent: AgentId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() >= TIDY_AT {
            // A guard and whoever waits hold the lock's other references.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(agent).or_default())
    }
}
