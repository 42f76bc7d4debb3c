//! Agents' own Telegram bots: which are read, what came from them, and what Telegram says of them.

use serde_json::Value;
use sqlx::{Acquire as _, PgConnection, PgExecutor, PgPool};

use super::{push_update, waiting};
use crate::{AgentId, error::Result};

/// An agent with a Telegram bot of its own, which the relay reads.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The agent.
    pub agent: AgentId,
    /// Its number.
    pub number: i64,
    /// Its bot token as stored: differs once another was given.
    pub sealed: Vec<u8>,
}

/// The agents whose own bots are to be read: those with one that are being made or live.
pub async fn upstreams(db: impl PgExecutor<'_>) -> Result<Vec<Upstream>> {
    Ok(sqlx::query!(
        r#"SELECT id, number, bot_token AS "sealed!" FROM agents
           WHERE bot_token IS NOT NULL AND state IN ('provisioning', 'live') ORDER BY number"#
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|r| Upstream { agent: AgentId(r.id), number: r.number, sealed: r.sealed })
    .collect())
}

/// The one of [`upstreams`] with this number, if its bot is to be read.
pub async fn upstream(db: impl PgExecutor<'_>, number: i64) -> Result<Option<Upstream>> {
    Ok(sqlx::query!(
        r#"SELECT id, number, bot_token AS "sealed!" FROM agents
           WHERE number = $1 AND bot_token IS NOT NULL AND state IN ('provisioning', 'live')"#,
        number
    )
    .fetch_optional(db)
    .await?
    .map(|r| Upstream { agent: AgentId(r.id), number: r.number, sealed: r.sealed }))
}

/// Most updates that wait for one gateway before nothing more is taken from Telegram for it: anyone may write to a bot,
/// also while its gateway is away. More than a bot's people write in a day, and some tens of MB at the very worst.
pub const LONGEST_QUEUE: usize = 10_000;
/// The kinds of update that people wait for an answer to. Others give way when the queue is full.
pub const SPOKEN: [&str; 3] = ["message", "edited_message", "callback_query"];

/// An update as Telegram gave it.
#[derive(Debug)]
pub struct TelegramUpdate {
    /// Telegram's number for it.
    pub id: i64,
    /// The chat it came from.
    pub chat: Option<i64>,
    /// The update; its `update_id` is replaced.
    pub body: Value,
}

/// Queues what Telegram gave and keeps what to ask it for next (`offset`, in long polling), in one transaction: a crash
/// before it leaves both as they were, and an update that comes again is not queued again.
///
/// False when that would make the queue longer than [`LONGEST_QUEUE`] even without what nobody said ([`SPOKEN`]):
/// nothing is kept then, and Telegram is to give the same again later.
pub async fn keep_telegram_updates(
    db: &PgPool,
    agent: AgentId,
    given: Vec<TelegramUpdate>,
    offset: Option<i64>,
) -> Result<bool> {
    let mut transaction = db.begin().await?;
    let tx = transaction.acquire().await?;
    let mut new = 0;
    // The agent's row first, so that two deliveries of one update wait for each other in the same order.
    sqlx::query!("SELECT agent_id FROM relay_bots WHERE agent_id = $1 FOR UPDATE", agent.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(crate::Error::NotFound("agent"))?;
    if !make_room(&mut *tx, agent, given.len()).await? {
        transaction.commit().await?;
        return Ok(false);
    }
    for update in given {
        let fresh = sqlx::query!(
            "INSERT INTO relay_seen (agent_id, telegram_update_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            agent.0,
            update.id
        )
        .execute(&mut *tx)
        .await?;
        if fresh.rows_affected() == 0 {
            continue;
        }
        if let Some(chat) = update.chat {
            sqlx::query!(
                "INSERT INTO relay_chats (agent_id, chat_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                agent.0,
                chat
            )
            .execute(&mut *tx)
            .await?;
        }
        push_update(&mut *tx, agent, |id| {
            let mut body = update.body;
            body["update_id"] = id.into();
            body
        })
        .await?;
        new += 1;
    }
    if let Some(offset) = offset {
        sqlx::query!("UPDATE relay_bots SET telegram_offset = $2 WHERE agent_id = $1", agent.0, offset)
            .execute(&mut *tx)
            .await?;
    }
    transaction.commit().await?;
    metrics::counter!("relay_updates_queued_total", "source" => "telegram").increment(new);
    Ok(true)
}

/// Whether `more` updates fit into the queue, if need be without those that nobody said. The agent's row is locked.
async fn make_room(db: &mut PgConnection, agent: AgentId, more: usize) -> Result<bool> {
    let fits = |waiting: i64| usize::try_from(waiting).is_ok_and(|waiting| waiting + more <= LONGEST_QUEUE);
    let before = waiting(&mut *db, agent).await?;
    if fits(before) {
        return Ok(true);
    }
    let spoken = SPOKEN.map(str::to_owned);
    let dropped = sqlx::query!("DELETE FROM relay_updates WHERE agent_id = $1 AND NOT body ?| $2", agent.0, &spoken)
        .execute(db)
        .await?
        .rows_affected();
    tracing::warn!(%agent, waiting = before, dropped, "an agent's gateway leaves its updates waiting: the queue is full");
    Ok(fits(before - dropped.cast_signed()))
}

/// What to ask Telegram for next. 0, for all that waits there, when nothing came for six days: after a week Telegram
/// numbers anew, and an old offset could hide what comes (<https://core.telegram.org/bots/api#update>).
pub async fn telegram_offset(db: impl PgExecutor<'_>, agent: AgentId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "SELECT telegram_offset FROM relay_bots WHERE agent_id = $1 AND EXISTS
             (SELECT FROM relay_seen s WHERE s.agent_id = $1 AND s.seen_at > now() - interval '6 days')",
        agent.0
    )
    .fetch_optional(db)
    .await?
    .unwrap_or(0))
}

/// Keeps what Telegram said about the real bot token: a stable word, or none when it is good.
pub async fn set_telegram_error(db: impl PgExecutor<'_>, agent: AgentId, error: Option<&str>) -> Result<()> {
    sqlx::query!(
        "UPDATE relay_bots SET telegram_error = $2 WHERE agent_id = $1 AND telegram_error IS DISTINCT FROM $2",
        agent.0,
        error
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What Telegram last said about the real bot token, when it was not good: `unauthorized` or `conflict`.
pub async fn telegram_error(db: impl PgExecutor<'_>, agent: AgentId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("SELECT telegram_error FROM relay_bots WHERE agent_id = $1", agent.0)
        .fetch_optional(db)
        .await?
        .flatten())
}

/// Keeps the name Telegram knows the agent's own bot by.
pub async fn set_bot_username(db: impl PgExecutor<'_>, agent: AgentId, username: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE agents SET bot_username = $2 WHERE id = $1 AND bot_username IS DISTINCT FROM $2",
        agent.0,
        username
    )
    .execute(db)
    .await?;
    Ok(())
}
