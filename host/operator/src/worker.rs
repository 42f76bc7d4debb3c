//! Takes jobs from Postgres, keeps their leases and settles them.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use openclaw_platform::{
    db,
    jobs::queue::{self, Claim, LEASE, RENEW_EVERY},
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::{ATTEMPT_LIMIT, JOBS},
    error::JobError,
    jobs::{self, Context},
    operator::Operator,
};

/// How often the queue is looked at behind the notices' back, and for what is due again.
const POLL: Duration = Duration::from_secs(1);
/// How long a stopping operator takes to hand back its jobs.
const HAND_BACK: Duration = Duration::from_secs(1);

/// Works until `shutdown`; what is under way then is left to the next.
pub(crate) async fn work(operator: &Arc<Operator>, shutdown: &CancellationToken) {
    let notices = db::listen(&operator.db, &["jobs"]);
    let mut notice = notices.subscribe();
    let mut attempts = JoinSet::new();
    loop {
        let fill = async {
            while attempts.len() < operator.config.jobs_at_once {
                let asked = Instant::now();
                match queue::claim(&operator.db, &operator.name).await {
                    Ok(Some(claim)) => {
                        attempts.spawn(attempt(Arc::clone(operator), claim, asked, shutdown.clone()));
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "no job can be taken; trying again soon");
                        break;
                    }
                }
            }
        };
        // A claim that is dropped half way ends with its lease.
        if shutdown.run_until_cancelled(fill).await.is_none() {
            break;
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = attempts.join_next(), if !attempts.is_empty() => {}
            // An error is either that some were missed, which is as good a reason to look, or the end of the
            // sender, which lives in this function.
            _ = notice.recv(), if attempts.len() < operator.config.jobs_at_once => {}
            () = tokio::time::sleep(POLL) => {}
        }
        // One look serves all that came together.
        notice = notice.resubscribe();
    }
    // While Postgres is away nothing can be handed back, and the leases end by themselves.
    let handed_back = async { while attempts.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(HAND_BACK, handed_back).await;
}

/// Runs a job while its lease lasts.
async fn attempt(operator: Arc<Operator>, claim: Claim, asked: Instant, shutdown: CancellationToken) {
    let (job, kind) = (claim.id, claim.instruction.name());
    tracing::info!(%job, kind, agent = %claim.agent, attempt = claim.attempt, "a job begins");
    let context = Context { operator: &operator, claim: &claim };
    let outcome = tokio::select! {
        outcome = run(&context) => outcome,
        () = outlive_lease(&operator, &claim, asked) => Err(Failure::LeaseEnded),
        () = shutdown.cancelled() => {
            tracing::info!(%job, kind, "a job is left to the next operator");
            if let Err(error) = claim.release(&operator.db).await {
                tracing::warn!(%job, %error, "the job could not be handed back; its lease ends by itself");
            }
            return;
        }
    };
    let (settled, word) = settle(&context, outcome).await;
    metrics::counter!("openclaw_operator_jobs_total", "kind" => kind, "outcome" => word).increment(1);
    if let Err(error) = settled {
        tracing::warn!(%job, kind, %error, "the job's outcome could not be kept; it runs again when its lease ends");
    }
}

/// What an attempt that failed leads to.
enum Failure {
    /// Another attempt.
    Again(JobError),
    /// None: all is left in order.
    ForGood(JobError),
    /// Nothing of ours: the job may be another's by now.
    LeaseEnded,
}

/// Does what the instruction says, alone with its agent.
async fn run(context: &Context<'_>) -> Result<(), Failure> {
    let _alone = context.operator.locks.lock(context.claim.agent).await;
    let outcome = AssertUnwindSafe(jobs::run(context)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(JobError::Panicked(message(&*panic))));
    match outcome {
        Ok(()) => Ok(()),
        Err(JobError::LeaseEnded) => Err(Failure::LeaseEnded),
        Err(error) if error.is_final() || context.claim.failures + 1 >= ATTEMPT_LIMIT => {
            // Before the job is settled: if this is cut short, the job runs again and comes here again.
            match jobs::given_up(context, &error).await {
                Ok(()) => Err(Failure::ForGood(error)),
                // A job that is given up is not looked at again, so it is not before things are in order.
                Err(why) => {
                    tracing::warn!(job = %context.claim.id, error = %why, "a job cannot be given up yet");
                    Err(Failure::Again(error))
                }
            }
        }
        Err(error) => Err(Failure::Again(error)),
    }
}

/// Keeps the outcome; also says it in a word.
async fn settle(
    context: &Context<'_>,
    outcome: Result<(), Failure>,
) -> (openclaw_platform::error::Result<bool>, &'static str) {
    let (claim, db) = (context.claim, &context.operator.db);
    let (job, kind) = (claim.id, claim.instruction.name());
    match outcome {
        Ok(()) => {
            tracing::info!(%job, kind, "a job is done");
            (claim.finish(db).await, "done")
        }
        Err(Failure::LeaseEnded) => {
            tracing::warn!(%job, kind, "a job's lease ended during the attempt");
            (Ok(false), "lease-ended")
        }
        Err(Failure::ForGood(error)) => {
            tracing::error!(%job, kind, %error, "a job is given up; retry it once its cause is mended");
            (claim.give_up(db, &error.to_string()).await, "failed")
        }
        Err(Failure::Again(error)) => {
            let pause = JOBS.pause(u32::try_from(claim.failures + 1).unwrap_or(u32::MAX));
            tracing::warn!(%job, kind, %error, ?pause, "an attempt at a job failed");
            (claim.put_off(db, &error.to_string(), pause).await, "retried")
        }
    }
}

/// Renews the lease; returns once it has ended, or may have.
async fn outlive_lease(operator: &Operator, claim: &Claim, asked: Instant) {
    let mut until = asked + LEASE;
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let asked = Instant::now();
        match tokio::time::timeout_at(until, claim.renew(&operator.db)).await {
            Ok(Ok(true)) => until = asked + LEASE,
            Ok(Ok(false)) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(job = %claim.id, %error, "a lease could not be renewed; trying again"),
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
