//! How the agent is, told to the platform: first when it is ready, then regularly and whenever it changes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{agent::Agent, state::ApiError};

/// What the heartbeat says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    polled: bool,
    telegram: Result<(), String>,
    llm: Result<(), &'static str>,
    last_llm_at: Option<OffsetDateTime>,
    working: usize,
}

impl Default for Health {
    fn default() -> Self {
        let facts = Facts { polled: false, telegram: Ok(()), llm: Ok(()), last_llm_at: None, working: 0 };
        Self { facts: Mutex::new(facts), changed: Notify::new() }
    }
}

/// Kept by those who notice, read by the heartbeat.
pub(crate) struct Health {
    facts: Mutex<Facts>,
    changed: Notify,
}

#[derive(Serialize)]
struct Beat {
    phase: &'static str,
    telegram_ok: bool,
    last_llm_at: Option<String>,
    error: Option<String>,
}

impl Health {
    /// Changes the facts; tells the heartbeat when the platform should hear of it before the next regular one.
    fn note(&self, change: impl FnOnce(&mut Facts)) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let well = |facts: &Facts| (facts.polled, facts.telegram.is_ok(), facts.llm.is_ok());
        let before = well(&facts);
        change(&mut facts);
        if well(&facts) != before {
            self.changed.notify_one();
        }
    }

    pub(crate) fn polling(&self) {
        self.note(|facts| facts.polled = true);
    }

    pub(crate) fn telegram(&self, state: Result<(), String>) {
        self.note(|facts| facts.telegram = state);
    }

    pub(crate) fn llm(&self, state: Result<(), &'static str>) {
        self.note(|facts| {
            if state.is_ok() {
                facts.last_llm_at = Some(OffsetDateTime::now_utc());
            }
            facts.llm = state;
        });
    }

    pub(crate) fn working(&self, answers: usize) {
        self.note(|facts| facts.working = answers);
    }

    fn has_polled(&self) -> bool {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).polled
    }

    /// Whether messages reach it; why not, otherwise.
    pub(crate) fn hears(&self) -> Result<(), String> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.polled { facts.telegram.clone() } else { Err("no messages were asked for yet".into()) }
    }

    fn beat(&self) -> Beat {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let telegram_ok = facts.telegram.is_ok();
        let error = facts.telegram.err().or(facts.llm.err().map(str::to_owned));
        Beat {
            phase: match (&error, facts.working) {
                (Some(_), _) => "error",
                (None, 0) => "ready",
                (None, _) => "working",
            },
            telegram_ok,
            last_llm_at: facts.last_llm_at.and_then(|at| at.format(&Rfc3339).ok()),
            error,
        }
    }
}

/// Beats until `shutdown`. The first beat comes after the first poll went out and the bot's token was shown to be good.
pub(crate) async fn beat(agent: Arc<Agent>, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = beat_forever(&agent) => {}
    }
}

async fn beat_forever(agent: &Agent) {
    let health = &agent.health;
    while !health.has_polled() {
        health.changed.notified().await;
    }
    let mut backoff = agent.backoff();
    while let Err(error) = agent.telegram.me().await {
        tracing::warn!(%error, "the bot's token cannot be checked yet");
        backoff.pause(error.wait()).await;
    }
    backoff.reset();
    let mut first = true;
    loop {
        match agent.api.heartbeat(&health.beat()).await {
            Ok(()) => {
                backoff.reset();
                if std::mem::take(&mut first) {
                    // Nobody waits for it yet: the first message finds the tools listed.
                    agent.tools.offer(None).await;
                }
                let regular = tokio::time::sleep(agent.environment.limits.heartbeat);
                tokio::select! {
                    () = regular => {}
                    () = health.changed.notified() => {}
                }
            }
            Err(ApiError::Away { why, wait }) => {
                tracing::warn!(%why, "the platform does not hear this agent");
                backoff.pause(wait).await;
            }
            Err(ApiError::Refused(why)) => {
                tracing::error!(%why, "the platform does not understand this agent's heartbeat");
                backoff.pause(Some(Duration::from_secs(1))).await;
            }
            Err(ApiError::Changed) => backoff.pause(Some(Duration::from_secs(1))).await,
        }
    }
}
