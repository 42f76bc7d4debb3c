//! Messages on their way to gateways: who a stand-in bot token belongs to, and the queue of updates. What comes from
//! Telegram is in [`upstream`](upstreams), the dashboard's chat in [`chat`], sends that must happen once in [`sends`].

pub mod chat;
pub mod locks;
pub mod sends;
mod upstream;

pub use chat::{Author, ChatMessage, chat_recent, chat_since, post_chat};
pub use upstream::{
    LONGEST_QUEUE, SPOKEN, TelegramUpdate, Upstream, keep_telegram_updates, set_bot_username, set_telegram_error,
    telegram_error, telegram_offset, upstream, upstreams,
};

use secrecy::SecretString;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};

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

/// Of `agents`, those without an open stand-in token: no gateway speaks for them.
pub async fn closed(db: impl PgExecutor<'_>, agents: &[AgentId]) -> Result<Vec<AgentId>> {
    let ids: Vec<uuid::Uuid> = agents.iter().map(|agent| agent.0).collect();
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM unnest($1::uuid[]) AS asked (id)
           WHERE NOT EXISTS (SELECT FROM agents a WHERE a.id = asked.id AND a.relay_secret_sha256 IS NOT NULL)"#,
        &ids
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(AgentId)
    .collect())
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
    crate::db::notify(db, channel, &agent.to_string()).await
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
