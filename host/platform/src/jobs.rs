//! Jobs: durable instructions to the operator. Postgres is the queue; NOTIFY wakes whoever works.
//!
//! Here is what everyone may do: give an instruction, look what became of it, have a failed one tried again.
//! What the operator does with the queue is in [`queue`].

pub mod queue;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::{AgentId, CustomerId, Error, JobId, agents::AgentState, error::Result};

/// What the operator is told to do with an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Instruction {
    /// Make it and start it.
    Provision,
    /// Render its persona anew and restart it if that changed anything.
    Update,
    /// Close its tokens, stop it, keep its data.
    Suspend {
        /// Why, as a stable word: `payment-failed`, `by-admin`, …
        reason: String,
    },
    /// Undo a suspension.
    Reactivate,
    /// Give it another tier.
    Resize {
        /// The tier's id.
        tier: String,
    },
    /// Stop it for good and remove what it kept.
    Destroy,
    /// Look whether it is well and restart it if it is not.
    HealthCheck,
}

impl Instruction {
    /// Its name, as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Update => "update",
            Self::Suspend { .. } => "suspend",
            Self::Reactivate => "reactivate",
            Self::Resize { .. } => "resize",
            Self::Destroy => "destroy",
            Self::HealthCheck => "health-check",
        }
    }
}

/// Enqueues `instruction`, in the caller's transaction. With a `dedup_key` that was used before, the job of then.
pub async fn enqueue(
    db: &mut PgConnection,
    customer: CustomerId,
    agent: AgentId,
    instruction: &Instruction,
    dedup_key: Option<&str>,
) -> Result<JobId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO jobs (id, kind, customer_id, agent_id, payload, dedup_key)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (dedup_key) DO UPDATE SET dedup_key = excluded.dedup_key
         RETURNING id",
        JobId::new().0,
        instruction.name(),
        customer.0,
        agent.0,
        serde_json::json!(instruction),
        dedup_key,
    )
    .fetch_one(db)
    .await?;
    Ok(JobId(id))
}

/// Enqueues `instruction` unless a job of `agent` is not settled yet, or has taken it out of `state`. Says whether it did.
pub async fn enqueue_if_idle(
    db: impl PgExecutor<'_>,
    customer: CustomerId,
    agent: AgentId,
    instruction: &Instruction,
    state: AgentState,
) -> Result<bool> {
    let enqueued = sqlx::query!(
        "INSERT INTO jobs (id, kind, customer_id, agent_id, payload)
         SELECT $1, $2, $3, $4, $5
         WHERE EXISTS (SELECT FROM agents WHERE id = $4 AND state = $6)
           AND NOT EXISTS (SELECT FROM jobs WHERE agent_id = $4 AND state IN ('queued', 'running'))",
        JobId::new().0,
        instruction.name(),
        customer.0,
        agent.0,
        serde_json::json!(instruction),
        state.as_str(),
    )
    .execute(db)
    .await?;
    Ok(enqueued.rows_affected() > 0)
}

/// How many jobs with this instruction's name are not settled.
pub async fn unsettled(db: &PgPool, kind: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM jobs WHERE kind = $1 AND state IN ('queued', 'running')"#,
        kind
    )
    .fetch_one(db)
    .await?)
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for its turn, or for its next attempt.
    Queued,
    /// A worker is at it.
    Running,
    /// Done.
    Done,
    /// Given up; a person must look. It holds up none of the others.
    Failed,
}

impl JobState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for JobState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("job state {text}")))
    }
}

/// A job, as the progress view and the admin page show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// The instruction's name, such as `provision`.
    pub kind: String,
    /// Whose agent it is about.
    pub customer: CustomerId,
    /// The agent.
    pub agent: AgentId,
    /// Where it is.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: i32,
    /// What went wrong last, for people who operate the platform.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it was done or given up.
    pub finished_at: Option<OffsetDateTime>,
    /// What it did, in order.
    pub steps: Vec<JobStep>,
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStep {
    /// Its name, which stays the same between releases: translations hang on it.
    pub name: String,
    /// When it was first begun.
    pub started_at: OffsetDateTime,
    /// When it last ended well; none while it runs (again).
    pub finished_at: Option<OffsetDateTime>,
}

struct Row {
    id: uuid::Uuid,
    kind: String,
    customer_id: uuid::Uuid,
    agent_id: uuid::Uuid,
    state: String,
    attempts: i32,
    error: Option<String>,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

/// The jobs of `agent` in the order they were asked for.
pub async fn of_agent(db: &PgPool, agent: AgentId) -> Result<Vec<JobView>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, kind, customer_id, agent_id, state, attempts, error, created_at, finished_at
         FROM jobs WHERE agent_id = $1 ORDER BY sequence",
        agent.0
    )
    .fetch_all(db)
    .await?;
    views(db, rows).await
}

/// Every job, the newest first, at most `limit`.
pub async fn all(db: &PgPool, limit: i64) -> Result<Vec<JobView>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, kind, customer_id, agent_id, state, attempts, error, created_at, finished_at
         FROM jobs ORDER BY sequence DESC LIMIT $1",
        limit
    )
    .fetch_all(db)
    .await?;
    views(db, rows).await
}

/// The job `id`.
pub async fn get(db: &PgPool, id: JobId) -> Result<JobView> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, kind, customer_id, agent_id, state, attempts, error, created_at, finished_at
         FROM jobs WHERE id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("job"))?;
    views(db, vec![row]).await?.pop().ok_or(Error::NotFound("job"))
}

/// Gives a job that was given up another set of attempts.
pub async fn retry(db: &PgPool, id: JobId) -> Result<()> {
    let queued = sqlx::query!(
        "UPDATE jobs SET state = 'queued', failures = 0, run_at = now(), error = NULL, finished_at = NULL
         WHERE id = $1 AND state = 'failed'",
        id.0
    )
    .execute(db)
    .await?;
    if queued.rows_affected() > 0 {
        return Ok(());
    }
    let job = get(db, id).await?;
    Err(Error::Conflict(format!("only a failed job can be tried again; this one is {}", job.state.as_str())))
}

async fn views(db: &PgPool, rows: Vec<Row>) -> Result<Vec<JobView>> {
    let ids: Vec<uuid::Uuid> = rows.iter().map(|row| row.id).collect();
    let mut steps: HashMap<uuid::Uuid, Vec<JobStep>> = HashMap::new();
    for step in sqlx::query!(
        "SELECT job_id, name, started_at, finished_at FROM job_steps
         WHERE job_id = ANY($1) ORDER BY started_at, finished_at",
        &ids
    )
    .fetch_all(db)
    .await?
    {
        steps.entry(step.job_id).or_default().push(JobStep {
            name: step.name,
            started_at: step.started_at,
            finished_at: step.finished_at,
        });
    }
    rows.into_iter()
        .map(|row| {
            Ok(JobView {
                steps: steps.remove(&row.id).unwrap_or_default(),
                id: JobId(row.id),
                kind: row.kind,
                customer: CustomerId(row.customer_id),
                agent: AgentId(row.agent_id),
                state: row.state.parse()?,
                attempts: row.attempts,
                error: row.error,
                created_at: row.created_at,
                finished_at: row.finished_at,
            })
        })
        .collect()
}

/// The job that was enqueued under `dedup_key` with its agent; none when the key is free, and then it stays the
/// caller's until their transaction ends.
pub async fn claim_key(db: &mut PgConnection, dedup_key: &str) -> Result<Option<(JobId, AgentId)>> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('job ' || $1, 0))", dedup_key)
        .execute(&mut *db)
        .await?;
    let row = sqlx::query!("SELECT id, agent_id FROM jobs WHERE dedup_key = $1", dedup_key).fetch_optional(db).await?;
    Ok(row.map(|row| (JobId(row.id), AgentId(row.agent_id))))
}
