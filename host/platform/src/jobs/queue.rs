//! The operator's side of the queue: claim a job, say what it does, settle it.
//!
//! A claim is a lease: it ends by itself when its worker dies, and then another claim of the same job makes
//! everything the first one says void. One job runs for a customer at a time; those of one agent run in the order
//! they were asked for, except that a `destroy` waits for no attempt yet to come.

use std::time::Duration;

use sqlx::PgPool;

use super::{Instruction, JobState};
use crate::{AgentId, CustomerId, Error, JobId, error::Result};

/// How long a claim lasts without being renewed.
pub const LEASE: Duration = Duration::from_secs(5);
/// How often a claim should be renewed.
pub const RENEW_EVERY: Duration = Duration::from_secs(1);

/// The index that two claims for one customer run into.
const ONE_PER_CUSTOMER: &str = "jobs_one_running_per_customer";

/// A job that this worker may run until the lease ends.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub id: JobId,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// How many attempts failed before.
    pub failures: i32,
    /// Whose agent it is about.
    pub customer: CustomerId,
    /// The agent.
    pub agent: AgentId,
    /// What to do.
    pub instruction: Instruction,
    worker: String,
}

/// The next job that may run, if there is one, claimed for `worker`: a name no other process has.
pub async fn claim(db: &PgPool, worker: &str) -> Result<Option<Claim>> {
    loop {
        let claimed = sqlx::query!(
            "UPDATE jobs
             SET state = 'running', worker = $1, lease_until = now() + make_interval(secs => $2), attempts = attempts + 1
             WHERE id = (
                 SELECT j.id FROM jobs j
                 WHERE ((j.state = 'queued' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
                   AND NOT EXISTS (
                       SELECT FROM jobs other
                       WHERE other.customer_id = j.customer_id AND other.state = 'running' AND other.id <> j.id)
                   AND (j.kind = 'destroy' OR NOT EXISTS (
                       SELECT FROM jobs earlier
                       WHERE earlier.agent_id = j.agent_id AND earlier.sequence < j.sequence
                         AND earlier.state IN ('queued', 'running')))
                 ORDER BY j.sequence
                 LIMIT 1
                 FOR UPDATE OF j SKIP LOCKED)
             RETURNING id, attempts, failures, customer_id, agent_id, payload",
            worker,
            LEASE.as_secs_f64(),
        )
        .fetch_optional(db)
        .await;
        let row = match claimed {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            // Another worker took another job of this customer in the same moment. There may be other customers.
            Err(sqlx::Error::Database(e)) if e.constraint() == Some(ONE_PER_CUSTOMER) => continue,
            Err(error) => return Err(error.into()),
        };
        match serde_json::from_value(row.payload) {
            Ok(instruction) => {
                return Ok(Some(Claim {
                    id: JobId(row.id),
                    attempt: row.attempts,
                    failures: row.failures,
                    customer: CustomerId(row.customer_id),
                    agent: AgentId(row.agent_id),
                    instruction,
                    worker: worker.to_owned(),
                }));
            }
            Err(error) => {
                let error = Error::Corrupt(format!("instruction: {error}"));
                tracing::error!(job = %row.id, %error, "a job cannot be read; it is given up");
                sqlx::query!(
                    "UPDATE jobs SET state = 'failed', lease_until = NULL, error = $2, finished_at = now() WHERE id = $1",
                    row.id,
                    error.to_string()
                )
                .execute(db)
                .await?;
            }
        }
    }
}

impl Claim {
    /// Prolongs the lease. False: it had ended, and the job is another's or done.
    pub async fn renew(&self, db: &PgPool) -> Result<bool> {
        let renewed = sqlx::query!(
            "UPDATE jobs SET lease_until = now() + make_interval(secs => $4)
             WHERE id = $1 AND worker = $2 AND attempts = $3 AND state = 'running'",
            self.id.0,
            self.worker,
            self.attempt,
            LEASE.as_secs_f64(),
        )
        .execute(db)
        .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// The job is done. False: it was no longer this claim's to say.
    pub async fn finish(&self, db: &PgPool) -> Result<bool> {
        self.settle(db, JobState::Done, None, Duration::ZERO).await
    }

    /// This attempt failed with `error`; the next one is due after `pause`. False as for [`Claim::finish`].
    pub async fn put_off(&self, db: &PgPool, error: &str, pause: Duration) -> Result<bool> {
        self.settle(db, JobState::Queued, Some(error), pause).await
    }

    /// The job is given up with `error`: a dead letter, until someone has it tried again. False as for
    /// [`Claim::finish`].
    pub async fn give_up(&self, db: &PgPool, error: &str) -> Result<bool> {
        self.settle(db, JobState::Failed, Some(error), Duration::ZERO).await
    }

    /// The worker stops before the job is done: the next may take it at once. No failure.
    pub async fn release(&self, db: &PgPool) -> Result<bool> {
        self.settle(db, JobState::Queued, None, Duration::ZERO).await
    }

    /// Ends the claim. An `error` is a failure, and stays to be seen until the job is done.
    async fn settle(&self, db: &PgPool, state: JobState, error: Option<&str>, pause: Duration) -> Result<bool> {
        let settled = sqlx::query!(
            "UPDATE jobs SET state = $4, lease_until = NULL,
                    error = CASE WHEN $4 = 'done' THEN NULL ELSE coalesce($5, error) END,
                    failures = failures + CASE WHEN $5::text IS NULL THEN 0 ELSE 1 END,
                    run_at = now() + make_interval(secs => $6),
                    finished_at = CASE WHEN $4 IN ('done', 'failed') THEN now() END
             WHERE id = $1 AND worker = $2 AND attempts = $3 AND state = 'running'",
            self.id.0,
            self.worker,
            self.attempt,
            state.as_str(),
            error,
            pause.as_secs_f64(),
        )
        .execute(db)
        .await?;
        Ok(settled.rows_affected() > 0)
    }

    /// Step `name` begins. One that begins again keeps when it first began. False: the claim has ended; stop.
    pub async fn step_started(&self, db: &PgPool, name: &str) -> Result<bool> {
        let started = sqlx::query!(
            "INSERT INTO job_steps (job_id, name, started_at)
             SELECT id, $4, clock_timestamp() FROM jobs
             WHERE id = $1 AND worker = $2 AND attempts = $3 AND state = 'running'
             ON CONFLICT (job_id, name) DO UPDATE SET finished_at = NULL",
            self.id.0,
            self.worker,
            self.attempt,
            name,
        )
        .execute(db)
        .await?;
        Ok(started.rows_affected() > 0)
    }

    /// Step `name` ended well. False: the claim has ended; stop.
    pub async fn step_finished(&self, db: &PgPool, name: &str) -> Result<bool> {
        let finished = sqlx::query!(
            "UPDATE job_steps SET finished_at = clock_timestamp()
             WHERE name = $4 AND job_id = (
                 SELECT id FROM jobs WHERE id = $1 AND worker = $2 AND attempts = $3 AND state = 'running')",
            self.id.0,
            self.worker,
            self.attempt,
            name,
        )
        .execute(db)
        .await?;
        Ok(finished.rows_affected() > 0)
    }
}
