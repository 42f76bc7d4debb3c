//! Reading agents' own bots: one task a bot, for as long as its agent runs.

use std::{collections::HashMap, sync::Arc, time::Duration};

use openclaw_platform::{
    AgentId, Error, agents,
    relay::{self, TelegramUpdate, Upstream, locks::Locks},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    forward,
    server::App,
    telegram::{CALL, CallError, bot_id, stand_in},
};

/// What is asked of Telegram: the kinds a gateway can make something of.
pub(crate) const KINDS: [&str; 8] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "poll_answer",
];

/// Seconds a long poll waits at Telegram.
const POLL: u64 = 30;
/// How long it may take in all.
const POLL_TIMEOUT: Duration = Duration::from_secs(POLL + 10);
/// Agents are looked at this often, also when nobody tells of a change.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// The same while another relay reads a bot that is wanted here: it may end at any moment.
const LOCKED_OUT: Duration = Duration::from_secs(2);
/// Old rows are removed this often.
const TIDY: Duration = Duration::from_secs(3600);
/// The first wait after an error; each one after it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait while Telegram is away.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The waits after a refusal that somebody has to mend.
const REFUSED_WAIT: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

struct Reading {
    sealed: Vec<u8>,
    bot: i64,
    token: SecretString,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Keeps exactly the bots of running agents read, until shutdown.
pub(crate) async fn run(app: Arc<App>) {
    let mut locks = Locks::new(app.db.clone());
    let mut readings: HashMap<AgentId, Reading> = HashMap::new();
    let mut tidied = Instant::now();
    while !app.shutdown.is_cancelled() {
        let wait = match reconcile(&app, &mut locks, &mut readings).await {
            Ok(true) => LOOK_AGAIN,
            Ok(false) => LOCKED_OUT,
            Err(error) => {
                tracing::warn!(%error, "the agents' bots could not be looked up; trying again");
                LOCKED_OUT
            }
        };
        if let Err(error) = app.forget_closed().await {
            tracing::warn!(%error, "agents that are gone could not be looked up; trying again");
        }
        metrics::gauge!("relay_upstream_bots").set(readings.len() as f64);
        if tidied.elapsed() > TIDY {
            tidied = Instant::now();
            if let Err(error) = relay::tidy(&app.db).await {
                tracing::warn!(%error, "old rows could not be removed; trying again in an hour");
            }
        }
        tokio::select! {
            () = app.agents_changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
    for (_, reading) in readings.drain() {
        reading.end().await;
    }
    locks.close().await;
}

impl Reading {
    async fn end(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

/// Begins and ends what must be; says whether no bot is read by another relay.
async fn reconcile(app: &Arc<App>, locks: &mut Locks, readings: &mut HashMap<AgentId, Reading>) -> Result<bool, Error> {
    if !locks.held().await {
        // Another relay may have taken them over: nothing is read without.
        for (_, reading) in readings.drain() {
            reading.end().await;
        }
    }
    let wanted = relay::upstreams(&app.db).await?;
    let gone: Vec<AgentId> = readings
        .iter()
        .filter(|(agent, reading)| !wanted.iter().any(|w| w.agent == **agent && w.sealed == reading.sealed))
        .map(|(agent, _)| *agent)
        .collect();
    for agent in gone {
        let Some(reading) = readings.remove(&agent) else { continue };
        let (bot, token) = (reading.bot, reading.token.clone());
        reading.end().await;
        if app.webhooks.is_some()
            && let Err(error) = app.telegram.call(&token, "deleteWebhook", &json!({}), CALL).await
        {
            tracing::info!(%error, %agent, "the webhook of a stopped agent could not be removed");
        }
        locks.give_back(bot).await?;
    }
    let mut all = true;
    for upstream in wanted {
        if readings.contains_key(&upstream.agent) {
            continue;
        }
        match begin(app, locks, readings, &upstream).await? {
            Begin::Reading(reading) => {
                readings.insert(upstream.agent, reading);
            }
            Begin::ReadElsewhere => all = false,
            Begin::Unreadable => {}
        }
    }
    Ok(all)
}

enum Begin {
    Reading(Reading),
    /// Another relay holds the bot's lock.
    ReadElsewhere,
    /// Its token is none, or another agent here has the same bot: somebody has to change that.
    Unreadable,
}

async fn begin(
    app: &Arc<App>,
    locks: &mut Locks,
    readings: &HashMap<AgentId, Reading>,
    upstream: &Upstream,
) -> Result<Begin, Error> {
    let agent = upstream.agent;
    let token = match agents::bot_token(&app.db, &app.vault, agent).await {
        Ok(Some(token)) => token,
        Ok(None) | Err(Error::NotFound(_)) => return Ok(Begin::Unreadable),
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => {
            tracing::error!(%error, %agent, "a bot token cannot be read");
            return Ok(Begin::Unreadable);
        }
    };
    let Some(bot) = bot_id(&token) else {
        relay::set_telegram_error(&app.db, agent, Some("unauthorized")).await?;
        return Ok(Begin::Unreadable);
    };
    if readings.values().any(|reading| reading.bot == bot) {
        // Two agents share one bot: the first keeps it.
        relay::set_telegram_error(&app.db, agent, Some("conflict")).await?;
        return Ok(Begin::Unreadable);
    }
    if !locks.take(bot).await? {
        return Ok(Begin::ReadElsewhere);
    }
    let stop = app.shutdown.child_token();
    let reader = Reader { app: app.clone(), upstream: upstream.clone(), token: token.clone(), bot, greeted: false };
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = reader.run() => {}
        }
    });
    Ok(Begin::Reading(Reading { sealed: upstream.sealed.clone(), bot, token, stop, task }))
}

/// Reads one bot.
struct Reader {
    app: Arc<App>,
    upstream: Upstream,
    token: SecretString,
    bot: i64,
    greeted: bool,
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Telegram(#[from] CallError),
    #[error(transparent)]
    Storage(#[from] Error),
    #[error("the agent's queue is full; Telegram keeps the rest until its gateway reads")]
    Full,
}

impl Reader {
    async fn run(mut self) {
        let mut failures = 0u32;
        loop {
            match self.step().await {
                Ok(()) => failures = 0,
                Err(error) => {
                    tracing::warn!(%error, agent = %self.upstream.agent, "reading the agent's bot failed; trying again");
                    let wait = self.settle(&error, failures).await;
                    failures = failures.saturating_add(1);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), ReadError> {
        let (app, agent) = (&self.app, self.upstream.agent);
        if !self.greeted {
            forward::greet(app, agent, self.upstream.number, CALL).await?;
            self.greeted = true;
            if let Some(webhooks) = &app.webhooks {
                let registration = webhooks.registration(self.upstream.number);
                app.telegram.call(&self.token, "setWebhook", &registration, CALL).await?;
            }
            relay::set_telegram_error(&app.db, agent, None).await?;
        }
        if app.webhooks.is_some() {
            // Telegram calls from now on.
            std::future::pending::<()>().await;
        }
        let offset = relay::telegram_offset(&app.db, agent).await?;
        let ask = json!({ "offset": offset, "timeout": POLL, "limit": 100, "allowed_updates": KINDS });
        let Value::Array(updates) = app.telegram.call(&self.token, "getUpdates", &ask, POLL_TIMEOUT).await? else {
            return Err(CallError::Unanswered("getUpdates gave no list".into()).into());
        };
        let last = updates.iter().filter_map(|u| u["update_id"].as_i64()).max();
        if let Some(last) = last
            && !keep_as(app, &self.upstream, self.bot, updates, Some(last + 1)).await?
        {
            return Err(ReadError::Full);
        }
        Ok(())
    }

    /// Keeps what the error says about the token, and tells how long to wait.
    async fn settle(&mut self, error: &ReadError, failures: u32) -> Duration {
        let doubled = |first: Duration, longest: Duration| first.saturating_mul(1 << failures.min(16)).min(longest);
        let ReadError::Telegram(CallError::Refused { code, description, .. }) = error else {
            return doubled(FIRST_WAIT, LONGEST_WAIT);
        };
        let word = match code {
            // 404 is what Telegram answers to a token of another shape.
            401 | 404 => "unauthorized",
            409 if description.contains("webhook") => {
                // Left over from webhook mode, or from what the bot was before: reading needs it gone.
                let removed = self.app.telegram.call(&self.token, "deleteWebhook", &json!({}), CALL).await;
                return if removed.is_ok() { Duration::ZERO } else { doubled(FIRST_WAIT, LONGEST_WAIT) };
            }
            409 => "conflict",
            429 => {
                let seconds = if let ReadError::Telegram(error) = error { error.retry_after() } else { None };
                return Duration::from_secs(seconds.unwrap_or(1));
            }
            _ => return doubled(FIRST_WAIT, LONGEST_WAIT),
        };
        self.greeted = false;
        if let Err(error) = relay::set_telegram_error(&self.app.db, self.upstream.agent, Some(word)).await {
            tracing::warn!(%error, "what Telegram said could not be kept");
        }
        doubled(REFUSED_WAIT.0, REFUSED_WAIT.1)
    }
}

/// Queues an update of Telegram for the agent's gateway; false when the queue is full.
pub(crate) async fn keep(app: &App, upstream: &Upstream, update: Value) -> Result<bool, Error> {
    let token = agents::bot_token(&app.db, &app.vault, upstream.agent).await?;
    let bot = token.as_ref().and_then(bot_id).unwrap_or_default();
    keep_as(app, upstream, bot, vec![update], None).await
}

async fn keep_as(
    app: &App,
    upstream: &Upstream,
    bot: i64,
    updates: Vec<Value>,
    offset: Option<i64>,
) -> Result<bool, Error> {
    let given = updates.into_iter().filter_map(|mut body| {
        let id = body["update_id"].as_i64()?;
        stand_in(&mut body, bot, upstream.number);
        Some(TelegramUpdate { id, chat: chat(&body), body })
    });
    relay::keep_telegram_updates(&app.db, upstream.agent, given.collect(), offset).await
}

/// The chat an update came from, wherever its kind puts it.
fn chat(update: &Value) -> Option<i64> {
    let inner = update.as_object()?.iter().find(|(name, _)| *name != "update_id")?.1;
    inner.pointer("/chat/id").or_else(|| inner.pointer("/message/chat/id"))?.as_i64()
}
