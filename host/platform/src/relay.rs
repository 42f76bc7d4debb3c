//! Messages on their way to gateways: who a stand-in bot token belongs to, the queue of updates, and the upstream bots.
//! The dashboard's chat is in [`chat`], sends that must happen once in [`sends`].

pub mod chat;
pub mod locks;
pub mod sends;

pub use chat::{Author, ChatMessage, chat_recent, chat_since, post_chat};

use secrecy::SecretString;
use serde_json::Value;
use sqlx::{Acquire as _, PgConnection, PgExecutor, PgPool};

use crate::{AgentId, agents::WEB_CHAT_BASE, error::Result, tokens};

/// The agent behind a stand-in bot token, as the relay needs it.
#[derive(Debug, Clone)]
pub struct Bot {
    /// The agent.
    pub agent: AgentId,
    /// Its number: the id of its stand-in bot.
    pub number: i64,
    /// Its language.
    pub locale: String,
    /// Whether it has a Telegram bot of its own.
    pub has_bot: bool,
    /// That bot's name, once Telegram said it.
    pub username: Option<String>,
    /// The Telegram users who may talk to it.
    pub telegram_users: Vec<i64>,
}

impl Bot {
    /// The user and chat id of its web chat.
    pub fn web_chat(&self) -> i64 {
        WEB_CHAT_BASE + self.number
    }
}

/// Whose `token` is: none when it has not the shape of one, is unknown, or was closed.
pub async fn authenticate(db: impl PgExecutor<'_>, token: &SecretString) -> Result<Option<Bot>> {
    let Some((number, sha256)) = tokens::parse_bot_token(token) else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT id, number, locale, bot_token IS NOT NULL AS "has_bot!", bot_username, telegram_users
           FROM agents WHERE number = $1 AND relay_secret_sha256 = $2 AND state <> 'destroyed'"#,
        number,
        sha256.as_slice()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|r| Bot {
        agent: AgentId(r.id),
        number: r.number,
        locale: r.locale,
        has_bot: r.has_bot,
        username: r.bot_username,
        telegram_users: r.telegram_users,
    }))
}

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

/// Queues an update for the gateway of `agent`; `body` makes it from its id. Ids rise by one and commit in order, for
/// the agent's row stays locked until the transaction ends.
pub async fn push_update(db: &mut PgConnection, agent: AgentId, body: impl FnOnce(i64) -> Value) -> Result<i64> {
    let id = sqlx::query_scalar!(
        "UPDATE relay_bots SET last_update_id = last_update_id + 1 WHERE agent_id = $1 RETURNING last_update_id",
        agent.0
    )
    .fetch_optional(&mut *db)
    .await?
    .ok_or(crate::Error::NotFound("agent"))?;
    sqlx::query!(
        "INSERT INTO relay_updates (agent_id, update_id, body) VALUES ($1, $2, $3)",
        agent.0,
        id,
        without_nul(body(id))
    )
    .execute(&mut *db)
    .await?;
    notify(db, "relay", agent).await?;
    Ok(id)
}

/// The updates of `agent` from `from` on, in order, at most `limit`; only of `kinds`, if any are named.
pub async fn updates(
    db: impl PgExecutor<'_>,
    agent: AgentId,
    from: i64,
    kinds: &[String],
    limit: i64,
) -> Result<Vec<Value>> {
    Ok(sqlx::query_scalar!(
        "SELECT body FROM relay_updates
         WHERE agent_id = $1 AND update_id >= $2 AND (cardinality($3::text[]) = 0 OR body ?| $3)
         ORDER BY update_id LIMIT $4",
        agent.0,
        from,
        kinds,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Forgets the updates before `offset` and says where to read on. As Telegram's: a negative one counts from the end.
///
/// An offset beyond what this queue ever gave was learnt elsewhere, such as from Telegram itself before the agent went
/// through the relay: it confirms nothing, and reading begins at the start.
pub async fn confirm(db: &PgPool, agent: AgentId, offset: i64) -> Result<i64> {
    if offset == 0 {
        return Ok(0);
    }
    let last = sqlx::query_scalar!("SELECT last_update_id FROM relay_bots WHERE agent_id = $1", agent.0)
        .fetch_optional(db)
        .await?
        .unwrap_or(0);
    let from = if offset < 0 {
        sqlx::query_scalar!(
            "SELECT min(update_id) FROM
                 (SELECT update_id FROM relay_updates WHERE agent_id = $1 ORDER BY update_id DESC LIMIT $2) AS newest",
            agent.0,
            offset.saturating_neg()
        )
        .fetch_one(db)
        .await?
        .unwrap_or(0)
    } else if offset > last + 1 {
        0
    } else {
        offset
    };
    if from > 0 {
        sqlx::query!("DELETE FROM relay_updates WHERE agent_id = $1 AND update_id < $2", agent.0, from)
            .execute(db)
            .await?;
    }
    Ok(from)
}

/// How many updates wait for the gateway.
pub async fn waiting(db: impl PgExecutor<'_>, agent: AgentId) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM relay_updates WHERE agent_id = $1"#, agent.0)
        .fetch_one(db)
        .await?)
}

/// Forgets all that waits: what a gateway asks for with `drop_pending_updates`.
pub async fn drop_waiting(db: impl PgExecutor<'_>, agent: AgentId) -> Result<()> {
    sqlx::query!("DELETE FROM relay_updates WHERE agent_id = $1", agent.0).execute(db).await?;
    Ok(())
}

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
/// before it leaves both as they were, and an update that comes again is not queued again. Says how many were new.
pub async fn keep_telegram_updates(
    db: &PgPool,
    agent: AgentId,
    given: Vec<TelegramUpdate>,
    offset: Option<i64>,
) -> Result<usize> {
    let mut transaction = db.begin().await?;
    let tx = transaction.acquire().await?;
    let mut new = 0;
    // The agent's row first, so that two deliveries of one update wait for each other in the same order.
    sqlx::query!("SELECT agent_id FROM relay_bots WHERE agent_id = $1 FOR UPDATE", agent.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(crate::Error::NotFound("agent"))?;
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
    metrics::counter!("relay_updates_queued_total", "source" => "telegram").increment(new as u64);
    Ok(new)
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

/// Whether the agent may write to this Telegram chat: its person is on the agent's list, or it wrote first.
pub async fn may_write(db: impl PgExecutor<'_>, bot: &Bot, chat: i64) -> Result<bool> {
    if bot.telegram_users.contains(&chat) {
        return Ok(true);
    }
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM relay_chats WHERE agent_id = $1 AND chat_id = $2) AS "known!""#,
        bot.agent.0,
        chat
    )
    .fetch_one(db)
    .await?)
}

/// The commands kept under `scope` for an agent without a bot of its own.
pub async fn commands(db: impl PgExecutor<'_>, agent: AgentId, scope: &str) -> Result<Value> {
    let found = sqlx::query_scalar!("SELECT commands -> $2 FROM relay_bots WHERE agent_id = $1", agent.0, scope)
        .fetch_optional(db)
        .await?;
    Ok(found.flatten().unwrap_or_else(|| Value::Array(Vec::new())))
}

/// Keeps `commands` under `scope`, or removes them.
pub async fn set_commands(db: impl PgExecutor<'_>, agent: AgentId, scope: &str, commands: Option<Value>) -> Result<()> {
    sqlx::query!(
        "UPDATE relay_bots SET commands = CASE WHEN $3::jsonb IS NULL THEN commands - $2::text
                                               ELSE commands || jsonb_build_object($2::text, $3::jsonb) END
         WHERE agent_id = $1",
        agent.0,
        scope,
        commands.map(without_nul)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets what is old enough to never be asked for again: numbers of Telegram's updates and keys of sends.
pub async fn tidy(db: &PgPool) -> Result<()> {
    sqlx::query!("DELETE FROM relay_seen WHERE seen_at < now() - interval '8 days'").execute(db).await?;
    sqlx::query!("DELETE FROM relay_sends WHERE sent_at < now() - interval '8 days'").execute(db).await?;
    Ok(())
}

/// Tells those who listen on `channel` that something of `agent` changed, once the transaction commits.
async fn notify(db: impl PgExecutor<'_>, channel: &str, agent: AgentId) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(agent.to_string()).execute(db).await?;
    Ok(())
}

/// `value` without the one character that Postgres cannot keep: an update with it must not block those behind it.
fn without_nul(mut value: Value) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::String(text) if text.contains('\0') => text.retain(|c| c != '\0'),
            Value::Array(items) => items.iter_mut().for_each(clean),
            Value::Object(fields) => fields.values_mut().for_each(clean),
            _ => {}
        }
    }
    clean(&mut value);
    value
}
