//! What tools were called with and what they said.

use serde_json::Value;
use sqlx::{PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{AgentId, Digest, error::Result};

/// A call that has ended.
#[derive(Debug)]
pub struct NewToolCall<'a> {
    /// Whose.
    pub agent: AgentId,
    /// The release that answered.
    pub digest: Digest,
    /// The tool's name for the model.
    pub tool: &'a str,
    /// Its name for people.
    pub title: &'a str,
    /// A JSON object.
    pub arguments: &'a Value,
    /// What the model was told.
    pub result: &'a str,
    /// The same as JSON, if the tool gave it.
    pub structured: Option<&'a Value>,
    /// `ok`, or the error's code.
    pub outcome: &'a str,
    /// How long the sandbox took, in microseconds.
    pub micros: i64,
}

/// A call that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Its id; ids made later sort after it.
    pub id: Uuid,
    /// The tool's name for the model.
    pub tool: String,
    /// Its name for people.
    pub title: String,
    /// A JSON object.
    pub arguments: Value,
    /// What the model was told.
    pub result: String,
    /// `ok`, or the error's code.
    pub outcome: String,
    /// How long the sandbox took, in microseconds.
    pub micros: i64,
    /// When it ended.
    pub called_at: OffsetDateTime,
}

/// Keeps a call and tells those who look at the chat.
pub async fn record(db: &PgPool, call: NewToolCall<'_>) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "WITH kept AS (
             INSERT INTO tool_calls (id, agent_id, digest, tool, title, arguments, result, structured, outcome, micros)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING agent_id)
         SELECT pg_notify('chat', agent_id::text) FROM kept",
        id,
        call.agent.0,
        call.digest.0.as_slice(),
        call.tool,
        call.title,
        call.arguments,
        call.result,
        call.structured,
        call.outcome,
        call.micros,
    )
    .fetch_one(db)
    .await?;
    Ok(id)
}

/// The newest `limit` calls of `agent` that ended at or after `since`, in order.
pub async fn since(
    db: impl PgExecutor<'_>,
    agent: AgentId,
    since: OffsetDateTime,
    limit: i64,
) -> Result<Vec<ToolCall>> {
    let mut calls = sqlx::query_as!(
        ToolCall,
        "SELECT id, tool, title, arguments, result, outcome, micros, called_at FROM tool_calls
         WHERE agent_id = $1 AND called_at >= $2 ORDER BY called_at DESC, id DESC LIMIT $3",
        agent.0,
        since,
        limit
    )
    .fetch_all(db)
    .await?;
    calls.reverse();
    Ok(calls)
}
