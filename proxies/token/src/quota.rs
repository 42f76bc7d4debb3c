//! The quota: what a request may take is reserved before it is forwarded, so that requests at once cannot overshoot.
//!
//! Redis keeps of each period a hash `usage:period:<id>` with `base`, what Postgres said is spent, and `pending`, what
//! is metered but not yet in Postgres; and a set `…:held` of reservations, scored by when they expire. Spent is
//! `base + pending`. Both only move towards the truth: `base` rises to whatever Postgres says, `pending` falls when
//! an event leaves the stream. A Redis that lost everything asks Postgres anew.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use openclaw_platform::{
    AgentId, Error, PeriodId, RequestId,
    usage::{self, Period, WARN_PERCENT},
};
use redis::Script;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::{problem::Problem, scripts::Redis};

/// How long a period that was read is believed. A new limit counts within this.
const FRESH: Duration = Duration::from_secs(2);
/// How long it is believed while Postgres is away.
const STALE: Duration = Duration::from_secs(3600);
/// How long to wait for Postgres when an older answer would do.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a reservation lasts that nobody settles: longer than any answer.
pub(crate) const HELD_FOR: Duration = Duration::from_secs(660);
/// How long a period is spent from after its end, when none follows.
const GRACE: time::Duration = time::Duration::days(usage::GRACE_DAYS as i64);
/// How long the counters of a period outlive that, for events that come late.
const KEPT_AFTER: time::Duration = time::Duration::DAY;

/// Answers `{verdict, spent}`: `seed` when Postgres must be asked first, `too large` when the request may take more than
/// is left, `busy` when reservations take what is left, or `granted`.
static RESERVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local request, tokens, limit, told, fresh = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local kept = redis.call('HMGET', KEYS[1], 'base', 'pending')
        if not kept[1] and fresh ~= '1' then return {'seed', 0} end
        local base = math.max(tonumber(kept[1]) or 0, told)
        redis.call('HSET', KEYS[1], 'base', string.format('%.0f', base))
        redis.call('PEXPIREAT', KEYS[1], ARGV[7])
        local spent = base + (tonumber(kept[2]) or 0)
        if spent + tokens > limit then return {'too large', spent} end
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
        local held = 0
        for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
            if string.sub(member, 1, #request) == request then return {'granted', spent} end
            held = held + tonumber(string.match(member, ':(%d+)$'))
        end
        if spent + held + tokens > limit then return {'busy', spent} end
        redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[6]), request .. ':' .. ARGV[2])
        redis.call('PEXPIREAT', KEYS[2], ARGV[7])
        return {'granted', spent}
        ",
    )
});

/// Tokens set aside for one request.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) request: RequestId,
    pub(crate) agent: AgentId,
    pub(crate) period: PeriodId,
    /// When Redis may forget the period, in milliseconds since 1970.
    pub(crate) forget_at: i64,
    tokens: i64,
}

impl Hold {
    /// The reservation's name in the set of its period.
    pub(crate) fn member(&self) -> String {
        format!("{}:{}", self.request, self.tokens)
    }
}

/// What the quota says to a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It may go; `nearly` from `WARN_PERCENT` of the limit.
    Granted { hold: Hold, nearly: bool },
    /// The period has next to nothing left.
    Exhausted(Period),
    /// The period has less left than this request may take, but enough for others.
    TooLarge(Period),
    /// The agent has no period that runs now.
    NoPeriod,
}

#[derive(Clone)]
struct Known {
    period: Period,
    read_at: Instant,
}

/// The periods that were asked for lately, and the reservations in Redis.
#[derive(Clone)]
pub(crate) struct Quota {
    db: PgPool,
    redis: Redis,
    known: Cache<AgentId, Known>,
}

/// The key of a period's counters.
pub(crate) fn counters(period: PeriodId) -> String {
    format!("usage:period:{period}")
}

/// The key of a period's reservations.
pub(crate) fn held(period: PeriodId) -> String {
    format!("usage:period:{period}:held")
}

impl Quota {
    pub(crate) fn new(db: PgPool, redis: Redis) -> Self {
        Self { db, redis, known: Cache::builder().max_capacity(100_000).time_to_live(STALE).build() }
    }

    /// Sets `tokens` aside for `request`, if the period of `agent` has them.
    pub(crate) async fn reserve(&self, agent: AgentId, request: RequestId, tokens: i64) -> Result<Verdict, Problem> {
        let Some((mut period, mut fresh)) = self.period(agent).await? else {
            return Ok(Verdict::NoPeriod);
        };
        loop {
            let forget_at = milliseconds(period.ends_at + GRACE + KEPT_AFTER);
            let hold = Hold { request, agent, period: period.id, forget_at, tokens };
            let (verdict, spent) = self.ask(&hold, &period, fresh).await?;
            match verdict.as_str() {
                "granted" => return Ok(Verdict::Granted { hold, nearly: nearly(spent, period.limit) }),
                "too large" if nearly(spent, period.limit) => return Ok(Verdict::Exhausted(period)),
                "too large" => return Ok(Verdict::TooLarge(period)),
                "busy" => return Err(Problem::quota_reserved()),
                // Redis knows nothing of the period: what was read before is too old to begin from.
                _ => match self.read(agent).await.map_err(|_| Problem::away("the database"))? {
                    Some(read) => (period, fresh) = (read, true),
                    None => return Ok(Verdict::NoPeriod),
                },
            }
        }
    }

    async fn ask(&self, hold: &Hold, period: &Period, fresh: bool) -> Result<(String, i64), Problem> {
        let mut call = RESERVE.prepare_invoke();
        call.key(counters(period.id))
            .key(held(period.id))
            .arg(hold.request.to_string())
            .arg(hold.tokens)
            .arg(period.limit)
            .arg(period.used)
            .arg(u8::from(fresh))
            .arg(u64::try_from(HELD_FOR.as_millis()).unwrap_or(u64::MAX))
            .arg(hold.forget_at);
        self.redis.run(&call).await.map_err(|error| {
            tracing::warn!(%error, "Redis did not reserve");
            Problem::away("the quota's store")
        })
    }

    /// The period of `agent`, and whether it was read just now.
    async fn period(&self, agent: AgentId) -> Result<Option<(Period, bool)>, Problem> {
        let running = |k: &Known| OffsetDateTime::now_utc() < k.period.ends_at + GRACE;
        let known = self.known.get(&agent).filter(running);
        let Some(known) = known else {
            let read = self.read(agent).await.map_err(|_| Problem::away("the database"))?;
            return Ok(read.map(|period| (period, true)));
        };
        if known.read_at.elapsed() < FRESH {
            return Ok(Some((known.period, false)));
        }
        match tokio::time::timeout(PATIENCE, self.read(agent)).await {
            Ok(Ok(read)) => Ok(read.map(|period| (period, true))),
            // Postgres is away: the older answer will do, and the next request need not wait to learn the same.
            Ok(Err(_)) | Err(_) => {
                self.known.insert(agent, Known { period: known.period.clone(), read_at: Instant::now() });
                Ok(Some((known.period, false)))
            }
        }
    }

    async fn read(&self, agent: AgentId) -> Result<Option<Period>, Error> {
        let period = usage::current_period(&self.db, agent).await.inspect_err(|error| {
            tracing::warn!(%error, "the usage period could not be read");
        })?;
        match &period {
            Some(period) => self.known.insert(agent, Known { period: period.clone(), read_at: Instant::now() }),
            None => self.known.invalidate(&agent),
        }
        Ok(period)
    }
}

/// Whether `WARN_PERCENT` of `limit` are spent.
fn nearly(spent: i64, limit: i64) -> bool {
    spent.saturating_mul(100) >= limit.saturating_mul(WARN_PERCENT)
}

/// Milliseconds since 1970.
pub(crate) fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
