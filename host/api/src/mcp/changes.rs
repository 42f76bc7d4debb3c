//! Telling clients that their tools changed: on the stream of events that clients with sessions open, and in answer to
//! `subscriptions/listen` of those without.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response, sse::Event},
};
use http::{HeaderMap, Method, header};
use openclaw_platform::{
    AgentId, Digest, agents,
    db::Notice,
    tokens::{Caller, Refusal},
};
use rmcp::model::ProtocolVersion;
use serde_json::json;
use tokio::sync::broadcast;

use super::session;
use crate::{
    AppState,
    auth::Gateway,
    error::{ApiError, Result},
    events,
};

/// How often it is looked for a change that was not heard of, and whether the token is still open.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Streams of one agent's clients at once, in this process.
const STREAMS: usize = 8;

/// Who listens in this process. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<AgentId, usize>>>);

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, usize>> {
        // Nothing is left half done under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more of `agent`, if there is one.
    fn place(&self, agent: AgentId) -> Option<Place> {
        let mut listening = self.lock();
        let count = listening.entry(agent).or_default();
        (*count < STREAMS).then(|| {
            *count += 1;
            Place { listeners: self.clone(), agent }
        })
    }
}

struct Place {
    listeners: Listeners,
    agent: AgentId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut listening = self.listeners.lock();
        if let Some(count) = listening.get_mut(&self.agent) {
            *count -= 1;
            if *count == 0 {
                listening.remove(&self.agent);
            }
        }
    }
}

/// The changes of one agent's tools.
pub(super) struct Changes {
    state: AppState,
    agent: AgentId,
    /// What it authenticated with: its stream ends with the token.
    authorization: String,
    notices: broadcast::Receiver<Notice>,
    known: Digest,
    _place: Place,
}

impl Changes {
    /// Those from now on; none if too many of this agent listen already.
    pub(super) fn of(state: &AppState, caller: &Caller, headers: &HeaderMap) -> Option<Self> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        Some(Self {
            agent: caller.agent,
            authorization: authorization.unwrap_or_default().to_owned(),
            notices: state.notices(),
            known: caller.digest,
            _place: state.listeners.place(caller.agent)?,
            state: state.clone(),
        })
    }

    /// Waits until the agent has another release. False once its token is closed, or the agent gone.
    pub(super) async fn next(&mut self) -> bool {
        loop {
            match agents::get(&self.state.db, self.agent).await {
                Ok(agent) if agent.digest != self.known => {
                    self.known = agent.digest;
                    return true;
                }
                Ok(_) => {}
                Err(openclaw_platform::Error::NotFound(_)) => return false,
                Err(error) => tracing::debug!(agent = %self.agent, %error, "it is not known whether the tools changed"),
            }
            if let Err(Refusal::Unknown) = self.state.tokens.bearer(Some(&self.authorization)).await {
                return false;
            }
            self.heard().await;
        }
    }

    /// Returns when something about the agent may have changed.
    async fn heard(&mut self) {
        let agent = self.agent.to_string();
        let about_us = async {
            loop {
                match events::next(&mut self.notices).await {
                    Notice::Changed { channel, payload } if channel != "agents" || payload != agent => {}
                    _ => return,
                }
            }
        };
        // A poll behind what may be missed.
        let _ = tokio::time::timeout(LOOK_EVERY, about_us).await;
    }
}

/// `GET /mcp`: the stream of events that clients of the versions with sessions listen to.
pub(super) async fn stream(
    State(state): State<AppState>,
    Gateway(caller): Gateway,
    headers: HeaderMap,
) -> Result<Response> {
    session::named(&headers)?;
    let version = headers.get("mcp-protocol-version").and_then(|version| version.to_str().ok()).unwrap_or_default();
    // Versions compare by their dates. Those without sessions have `subscriptions/listen` instead.
    if version >= ProtocolVersion::V_2026_07_28.as_str() {
        return Err(ApiError::MethodNotAllowed(Method::GET.to_string()));
    }
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    if !accepts.into_iter().any(|accept| accept.contains("text/event-stream") || accept.contains("*/*")) {
        return Err(ApiError::NotAcceptable("text/event-stream"));
    }
    let mut changes = Changes::of(&state, &caller, &headers).ok_or_else(|| ApiError::TooMany {
        detail: format!("an agent's clients have at most {STREAMS} streams open at once: close one first"),
        retry_after: LOOK_EVERY.as_secs(),
    })?;
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }).to_string();
    let events = events::stream(&state, move |sink| async move {
        while changes.next().await && sink.send(Event::default().event("message").data(&changed)).await {}
    });
    Ok(events.into_response())
}
