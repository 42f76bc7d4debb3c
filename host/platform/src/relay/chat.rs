//! The dashboard's chat: what people and their agent wrote to each other there.
//!
//! Message ids rise by one over the messages of both. Every change is told on channel `chat`; who shows the chat reads
//! [`chat_since`] for what is new, and [`chat_recent`] to see edits and deletions too.

use serde_json::{Value, json};
use sqlx::{Acquire as _, PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;

use super::{notify, push_update};
use crate::{AgentId, Error, agents::WEB_CHAT_BASE, error::Result};

/// Longest message of a person, in UTF-16 units: Telegram's limit.
pub const LONGEST: usize = 4096;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The customer, in the dashboard.
    Person,
    /// The agent.
    Agent,
}

/// One message of the dashboard's chat.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    /// Its number in this chat.
    pub message_id: i64,
    /// Who wrote it.
    pub author: Author,
    /// Its text.
    pub body: String,
    /// Stretches of `body` shown in another way: Telegram's MessageEntity objects, offsets in UTF-16 units.
    pub entities: Value,
    /// When it was written.
    pub sent_at: OffsetDateTime,
    /// When it was last changed.
    pub edited_at: Option<OffsetDateTime>,
}

struct Row {
    message_id: i64,
    author: String,
    body: String,
    entities: Value,
    sent_at: OffsetDateTime,
    edited_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ChatMessage {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let author = match row.author.as_str() {
            "person" => Author::Person,
            "agent" => Author::Agent,
            other => return Err(Error::Corrupt(format!("author {other}"))),
        };
        let Row { message_id, body, entities, sent_at, edited_at, .. } = row;
        Ok(Self { message_id, author, body, entities, sent_at, edited_at })
    }
}

/// What a person writes in the dashboard: shown there, and queued for the agent as Telegram would give it.
///
/// `Error::Conflict` when it is empty or longer than [`LONGEST`].
pub async fn post_chat(db: &PgPool, agent: AgentId, text: &str) -> Result<ChatMessage> {
    let text = text.replace('\0', "");
    let text = text.trim();
    if text.is_empty() || text.encode_utf16().count() > LONGEST {
        return Err(Error::Conflict(format!("a message has 1 to {LONGEST} characters")));
    }
    let mut transaction = db.begin().await?;
    let tx = transaction.acquire().await?;
    let message = insert(tx, agent, "person", text, &json!([])).await?;
    let about = sqlx::query!("SELECT number, locale FROM agents WHERE id = $1", agent.0).fetch_one(&mut *tx).await?;
    let person = WEB_CHAT_BASE + about.number;
    push_update(&mut *tx, agent, |update_id| {
        let mut update = json!({
            "update_id": update_id,
            "message": {
                "message_id": message.message_id,
                "date": message.sent_at.unix_timestamp(),
                "chat": { "id": person, "type": "private", "first_name": PERSON },
                "from": { "id": person, "is_bot": false, "first_name": PERSON, "language_code": about.locale },
                "text": text,
            },
        });
        if let Some(command) = command(text) {
            update["message"]["entities"] = json!([{ "type": "bot_command", "offset": 0, "length": command.len() }]);
        }
        update
    })
    .await?;
    transaction.commit().await?;
    metrics::counter!("relay_updates_queued_total", "source" => "web").increment(1);
    Ok(message)
}

/// What a person of the web chat is called: the dashboard knows no names.
pub const PERSON: &str = "Web";

/// The bot command that `text` begins with, as Telegram marks it: clients look for the mark, not for the slash.
fn command(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let name = word.strip_prefix('/')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@')).then_some(word)
}

/// The messages after number `after`, in order, at most `limit`.
pub async fn chat_since(db: impl PgExecutor<'_>, agent: AgentId, after: i64, limit: i64) -> Result<Vec<ChatMessage>> {
    sqlx::query_as!(
        Row,
        "SELECT message_id, author, body, entities, sent_at, edited_at FROM chat_messages
         WHERE agent_id = $1 AND message_id > $2 ORDER BY message_id LIMIT $3",
        agent.0,
        after,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(ChatMessage::try_from)
    .collect()
}

/// The newest `limit` messages, in order.
pub async fn chat_recent(db: impl PgExecutor<'_>, agent: AgentId, limit: i64) -> Result<Vec<ChatMessage>> {
    sqlx::query_as!(
        Row,
        "SELECT message_id, author, body, entities, sent_at, edited_at FROM chat_messages
         WHERE agent_id = $1 ORDER BY message_id DESC LIMIT $2",
        agent.0,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .rev()
    .map(ChatMessage::try_from)
    .collect()
}

/// What the agent writes into the chat. With a `key`, once: asked again, it gives the first answer again. `answer` makes
/// what is answered from the message that was kept.
pub async fn agent_says(
    db: &PgPool,
    agent: AgentId,
    text: &str,
    entities: &Value,
    key: Option<&str>,
    answer: impl FnOnce(&ChatMessage) -> Value,
) -> Result<Value> {
    let mut transaction = db.begin().await?;
    let tx = transaction.acquire().await?;
    if let Some(key) = key {
        // Another send with this key waits here until the first has committed.
        let first = sqlx::query!(
            "INSERT INTO relay_sends (agent_id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            agent.0,
            key
        )
        .execute(&mut *tx)
        .await?;
        if first.rows_affected() == 0 {
            let result =
                sqlx::query_scalar!("SELECT result FROM relay_sends WHERE agent_id = $1 AND key = $2", agent.0, key)
                    .fetch_one(&mut *tx)
                    .await?;
            return result.ok_or_else(|| Error::Conflict("this key is in use in another chat".into()));
        }
    }
    let message = insert(&mut *tx, agent, "agent", text, entities).await?;
    let result = answer(&message);
    if let Some(key) = key {
        sqlx::query!(
            "UPDATE relay_sends SET result = $3 WHERE agent_id = $1 AND key = $2",
            agent.0,
            key,
            super::without_nul(result.clone())
        )
        .execute(&mut *tx)
        .await?;
    }
    transaction.commit().await?;
    Ok(result)
}

async fn insert(
    db: &mut PgConnection,
    agent: AgentId,
    author: &str,
    text: &str,
    entities: &Value,
) -> Result<ChatMessage> {
    let message_id = sqlx::query_scalar!(
        "UPDATE relay_bots SET last_message_id = last_message_id + 1 WHERE agent_id = $1 RETURNING last_message_id",
        agent.0
    )
    .fetch_optional(&mut *db)
    .await?
    .ok_or(Error::NotFound("agent"))?;
    let row = sqlx::query_as!(
        Row,
        "INSERT INTO chat_messages (agent_id, message_id, author, body, entities) VALUES ($1, $2, $3, $4, $5)
         RETURNING message_id, author, body, entities, sent_at, edited_at",
        agent.0,
        message_id,
        author,
        text.replace('\0', ""),
        entities
    )
    .fetch_one(&mut *db)
    .await?;
    notify(db, "chat", agent).await?;
    row.try_into()
}

/// What became of an edit.
#[derive(Debug)]
pub enum Edit {
    /// The message as it is now.
    Done(ChatMessage),
    /// It was like that before.
    Same,
    /// There is no such message.
    Missing,
    /// The person wrote it.
    NotYours,
}

/// Changes a message of the agent.
pub async fn agent_edits(db: &PgPool, agent: AgentId, message_id: i64, text: &str, entities: &Value) -> Result<Edit> {
    let mut transaction = db.begin().await?;
    let tx = transaction.acquire().await?;
    let Some(before) = sqlx::query!(
        "SELECT author, body, entities FROM chat_messages WHERE agent_id = $1 AND message_id = $2 FOR UPDATE",
        agent.0,
        message_id
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(Edit::Missing);
    };
    if before.author != "agent" {
        return Ok(Edit::NotYours);
    }
    let text = text.replace('\0', "");
    if before.body == text && before.entities == *entities {
        return Ok(Edit::Same);
    }
    let row = sqlx::query_as!(
        Row,
        "UPDATE chat_messages SET body = $3, entities = $4, edited_at = now() WHERE agent_id = $1 AND message_id = $2
         RETURNING message_id, author, body, entities, sent_at, edited_at",
        agent.0,
        message_id,
        text,
        entities
    )
    .fetch_one(&mut *tx)
    .await?;
    notify(&mut *tx, "chat", agent).await?;
    transaction.commit().await?;
    Ok(Edit::Done(row.try_into()?))
}

/// Removes a message; says whether it was there.
pub async fn delete(db: &PgPool, agent: AgentId, message_id: i64) -> Result<bool> {
    let gone = sqlx::query!("DELETE FROM chat_messages WHERE agent_id = $1 AND message_id = $2", agent.0, message_id)
        .execute(db)
        .await?;
    if gone.rows_affected() > 0 {
        notify(db, "chat", agent).await?;
    }
    Ok(gone.rows_affected() > 0)
}

/// Tells the dashboard, on channel `typing`, that the agent is at work. It lasts five seconds, as in Telegram.
pub async fn typing(db: impl PgExecutor<'_>, agent: AgentId) -> Result<()> {
    notify(db, "typing", agent).await
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn only_a_leading_command_is_marked() {
        assert_eq!(command("/start now"), Some("/start"));
        assert_eq!(command("/help@agent_1_bot"), Some("/help@agent_1_bot"));
        for text in ["hi /start", "/", "/path/to", "12/3"] {
            assert_eq!(command(text), None, "{text}");
        }
    }
}
