//! Metering: each answered request is counted once, whatever breaks while it is.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use openclaw_platform::{
    PeriodId,
    usage::{self as domain, Event},
};
use redis::{RedisResult, Script};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    flush,
    notices::Notices,
    quota::{self, HELD_FOR, Hold},
    scripts::Redis,
    usage::Usage,
};

/// The stream of what is metered and not yet in Postgres.
pub(crate) const STREAM: &str = "usage:events";
/// How long an answer waits for its metering: normally a fraction of a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest pause between attempts while both Redis and Postgres are away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Gives the reservation back, and counts and queues what was spent, once a request.
static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        redis.call('ZREM', KEYS[2], ARGV[1])
        if not redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[4]) then return 0 end
        redis.call('HINCRBY', KEYS[1], 'pending', ARGV[2])
        redis.call('PEXPIREAT', KEYS[1], ARGV[3])
        redis.call('XADD', KEYS[4], '*', 'event', ARGV[5])
        return 1
        ",
    )
});

/// Gives the reservation back: nothing was spent.
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new("return redis.call('ZREM', KEYS[1], ARGV[1])"));

/// Counts what answers cost.
#[derive(Clone)]
pub(crate) struct Meter {
    pub(crate) db: PgPool,
    pub(crate) redis: Redis,
    pub(crate) notices: Notices,
    /// Requests under way; the role stops when there are none.
    pub(crate) tasks: TaskTracker,
    /// Set when something waits to be flushed.
    pub(crate) settled: Arc<Notify>,
    pub(crate) closing: CancellationToken,
}

impl Meter {
    /// Nothing was spent after all.
    pub(crate) async fn release(&self, hold: &Hold) {
        let mut call = RELEASE.prepare_invoke();
        call.key(quota::held(hold.period)).arg(hold.member());
        if let Err(error) = self.redis.run::<()>(&call).await {
            tracing::warn!(%error, request = %hold.request, "a reservation was not given back; it will expire");
        }
    }

    /// Has the customer told, in the background, that `period` is spent.
    pub(crate) fn exhausted(&self, period: PeriodId) {
        let meter = self.clone();
        self.tasks.spawn(async move {
            match domain::exhausted(&meter.db, period).await {
                Ok(notice) => meter.notices.send(notice.into_iter().collect()),
                Err(error) => tracing::warn!(%error, %period, "who is to be told of a spent period could not be read"),
            }
        });
    }

    /// Counts `usage`. Returns when it is counted, or after a moment, and goes on in the background.
    pub(crate) async fn settle(&self, hold: Hold, model: &str, usage: Usage) {
        let event = Event {
            request: hold.request,
            agent: hold.agent,
            period: hold.period,
            model: model.to_owned(),
            prompt: usage.prompt,
            completion: usage.completion,
            cached: usage.cached,
            estimated: usage.estimated,
            occurred_at: OffsetDateTime::now_utc(),
        };
        metrics::counter!("token_proxy_tokens_total", "kind" => "prompt").increment(usage.prompt.unsigned_abs());
        metrics::counter!("token_proxy_tokens_total", "kind" => "completion")
            .increment(usage.completion.unsigned_abs());
        let meter = self.clone();
        let settling = self.tasks.spawn(async move { meter.settle_surely(&hold, event).await });
        let _ = tokio::time::timeout(PATIENCE, settling).await;
    }

    /// Redis first; while it is away Postgres, which counts a request once as well; else again and again.
    async fn settle_surely(&self, hold: &Hold, event: Event) {
        let mut pause = Duration::from_millis(100);
        loop {
            let Err(error) = self.queue(hold, &event).await else {
                return self.settled.notify_one();
            };
            tracing::warn!(%error, request = %hold.request, "Redis did not take what a request cost; trying Postgres");
            match domain::record(&self.db, std::slice::from_ref(&event)).await {
                Ok(recorded) => return self.notices.send(recorded.notices),
                Err(error) => tracing::warn!(%error, request = %hold.request, "nor did Postgres; trying again"),
            }
            if self.closing.is_cancelled() {
                tracing::error!(request = %hold.request, agent = %hold.agent, prompt = event.prompt,
                                completion = event.completion, "stopping with a request that is not metered");
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn queue(&self, hold: &Hold, event: &Event) -> RedisResult<()> {
        let mut call = SETTLE.prepare_invoke();
        call.key(quota::counters(hold.period))
            .key(quota::held(hold.period))
            .key(format!("usage:settled:{}", hold.request))
            .key(STREAM)
            .arg(hold.member())
            .arg(event.prompt + event.completion)
            .arg(hold.forget_at)
            .arg(HELD_FOR.as_secs())
            .arg(flush::write(event));
        self.redis.run(&call).await
    }
}
