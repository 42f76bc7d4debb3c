//! What tools were called with, what they said, and what that took.

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
    /// Where it went wrong, if it broke off.
    pub fault: Option<Fault>,
    /// What it took.
    pub took: Took,
}

/// Where a call went wrong that broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In the component: it trapped, or broke a limit other than time.
    Trap,
    /// In the component: it ran out of processor or wall-clock time. Whoever waited for it had nothing of its reasons.
    Timeout,
    /// Not in the component: its customer had no turn, it was not waited for, or the platform failed. Such a call says
    /// nothing of its release, and no roll-out is judged by it.
    Elsewhere,
}

impl Fault {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What a call took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Processor time, in microseconds.
    pub cpu_micros: i64,
    /// The most memory it had, in bytes.
    pub peak_memory_bytes: i64,
    /// Requests it sent to other hosts, redirects that the host followed included.
    pub requests: i64,
    /// Bytes it sent to other hosts.
    pub egress_bytes: i64,
    /// Bytes it received from them.
    pub ingress_bytes: i64,
    /// Bytes that the customer's data takes after it; none if it wrote nothing.
    pub storage_bytes: Option<i64>,
    /// How often it was refused something, whoever or whatever said no.
    pub refusals: i32,
    /// How often of that it wanted what it was not granted: what a roll-out is judged by.
    pub ungranted: i32,
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

/// Keeps a call, adds it to what its customer used that day (UTC), and tells those who look at the chat: all of it once,
/// or nothing. A connection that breaks while the answer is on its way makes no second row.
pub async fn record(db: &PgPool, call: NewToolCall<'_>) -> Result<Uuid> {
    let id = Uuid::now_v7();
    match record_as(db, id, &call).await {
        Err(error) if error.is_transient() => record_as(db, id, &call).await?,
        done => done?,
    }
    Ok(id)
}

async fn record_as(db: &PgPool, id: Uuid, call: &NewToolCall<'_>) -> Result<()> {
    let took = call.took;
    sqlx::query!(
        "WITH kept AS (
             INSERT INTO tool_calls (id, agent_id, digest, tool, title, arguments, result, structured, outcome, micros,
                                     fault, refusals)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (id) DO NOTHING RETURNING agent_id),
         used AS (
             INSERT INTO plugin_usage AS day_so_far (day, customer_id, niche, digest, tool, calls, failures, cpu_micros,
                                                     peak_memory_bytes, requests, egress_bytes, ingress_bytes,
                                                     storage_bytes, refusals)
             SELECT (now() AT TIME ZONE 'UTC')::date, a.customer_id, a.niche, $3, $4, 1,
                    CASE WHEN $9 = 'ok' THEN 0 ELSE 1 END, $13, $14, $15, $16, $17, coalesce($18::bigint, 0), $19
             FROM kept JOIN agents a ON a.id = kept.agent_id
             ON CONFLICT (day, customer_id, niche, digest, tool) DO UPDATE SET
                 calls = day_so_far.calls + 1,
                 failures = day_so_far.failures + excluded.failures,
                 cpu_micros = day_so_far.cpu_micros + excluded.cpu_micros,
                 peak_memory_bytes = greatest(day_so_far.peak_memory_bytes, excluded.peak_memory_bytes),
                 requests = day_so_far.requests + excluded.requests,
                 egress_bytes = day_so_far.egress_bytes + excluded.egress_bytes,
                 ingress_bytes = day_so_far.ingress_bytes + excluded.ingress_bytes,
                 storage_bytes = greatest(day_so_far.storage_bytes, excluded.storage_bytes),
                 refusals = day_so_far.refusals + excluded.refusals)
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
        call.fault.map(Fault::as_str),
        took.ungranted,
        took.cpu_micros,
        took.peak_memory_bytes,
        took.requests,
        took.egress_bytes,
        took.ingress_bytes,
        took.storage_bytes,
        i64::from(took.refusals),
    )
    .fetch_optional(db)
    .await?;
    Ok(())
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
