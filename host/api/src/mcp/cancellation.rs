//! Cancelling: a client names one of its requests, at whichever replica it reaches, and the call ends as if it had never
//! begun.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openclaw_platform::{AgentId, db, db::Notice};
use rmcp::model::{CancelledNotificationParam, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::{AppState, events};

/// Where replicas tell each other what they cannot cancel themselves.
pub(crate) const CHANNEL: &str = "cancellations";
/// Longest name of a request that other replicas are told, in bytes; NOTIFY carries 8000.
const LONGEST: usize = 1000;

/// What a client knows a call by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) agent: AgentId,
    pub(super) session: Option<Session>,
    pub(super) request: RequestId,
}

/// The calls under way in this process. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<HashMap<Key, Vec<Arc<CancellationToken>>>>>);

impl Calls {
    /// Notes a call, until the guard goes.
    pub(super) fn begin(&self, key: Key) -> UnderWay {
        let token = Arc::new(CancellationToken::new());
        self.lock().entry(key.clone()).or_default().push(Arc::clone(&token));
        UnderWay { calls: self.clone(), key, token }
    }

    /// Cancels the call that `key` names, and says whether there is one. Clients without sessions may count their
    /// requests alike: of several calls with one name none is meant for sure, and none is cancelled.
    fn cancel(&self, key: &Key) -> bool {
        let calls = self.lock();
        let Some(named) = calls.get(key) else { return false };
        if let [one] = named.as_slice() {
            one.cancel();
        }
        true
    }

    /// Cancels what other replicas were asked to cancel, until `shutdown`.
    pub(crate) async fn watch(self, mut notices: broadcast::Receiver<Notice>, shutdown: CancellationToken) {
        loop {
            let notice = tokio::select! {
                () = shutdown.cancelled() => return,
                notice = events::next(&mut notices) => notice,
            };
            if let Notice::Changed { channel, payload } = notice
                && channel == CHANNEL
                && let Ok(key) = serde_json::from_str(&payload)
            {
                self.cancel(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Arc<CancellationToken>>>> {
        // Nothing is left half done under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way.
pub(super) struct UnderWay {
    calls: Calls,
    key: Key,
    token: Arc<CancellationToken>,
}

impl UnderWay {
    /// Returns when the client cancels it.
    pub(super) async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        if let Some(named) = calls.get_mut(&self.key) {
            named.retain(|token| !Arc::ptr_eq(token, &self.token));
            if named.is_empty() {
                calls.remove(&self.key);
            }
        }
    }
}

/// Cancels what `params` of a `notifications/cancelled` name, here or at another replica. What has ended already, or
/// never began, is none's business.
pub(super) async fn hear(state: &AppState, agent: AgentId, session: Option<Session>, params: &Value) {
    let named = CancelledNotificationParam::deserialize(params).ok().and_then(|params| params.request_id);
    let Some(request) = named else { return };
    let key = Key { agent, session, request };
    if state.calls.cancel(&key) {
        return;
    }
    let told = serde_json::to_string(&key).unwrap_or_default();
    if told.len() <= LONGEST
        && let Err(error) = db::notify(&state.db, CHANNEL, &told).await
    {
        tracing::warn!(%agent, %error, "a cancellation could not be passed on");
    }
}
