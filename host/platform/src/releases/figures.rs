//! How the calls of a release's tools went in a span of time, and how its agents were brought to it: what roll-outs are
//! judged by and shown with.

use std::time::Duration;

use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::roll_out::RollOut;
use crate::{Digest, error::Result, jobs::Instruction};

/// Calls that are looked at: the newest. A busy release is judged by its last minutes rather than its last days.
pub const CALLS: i64 = 10_000;
/// Points of a series at most.
const POINTS: u32 = 60;
/// Spans that a point may cover, in seconds.
const STEPS: [u32; 9] = [5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

/// One release in a span of time, by the calls that say something of it: not by those that never reached it, or that the
/// platform failed in.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Calls.
    pub calls: u64,
    /// Calls that ended in an error of any kind.
    pub errors: u64,
    /// Calls that trapped or broke a limit other than time.
    pub traps: u64,
    /// Calls that ran out of time.
    pub timeouts: u64,
    /// Calls in which something was wanted and not granted.
    pub refusals: u64,
    /// Updates of agents that were moved to it.
    pub updates: u64,
    /// Updates of those that were given up.
    pub failed_updates: u64,
    /// Half of the calls were faster, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95 % of the calls were faster, in milliseconds.
    pub p95_ms: Option<f64>,
}

/// The last [`CALLS`] calls of `digest`, one of the two releases of `roll_out`, since the share was changed last, and its
/// updates since the roll-out began: an agent is brought to a release once. Both until `until`.
pub async fn tally(
    db: impl PgExecutor<'_>,
    digest: Digest,
    roll_out: &RollOut,
    until: OffsetDateTime,
) -> Result<Tally> {
    let row = sqlx::query!(
        r#"WITH last AS MATERIALIZED (
               SELECT outcome, fault, refusals, micros FROM tool_calls
               WHERE digest = $1 AND called_at >= $2 AND called_at < $3 AND fault IS DISTINCT FROM 'elsewhere'
               ORDER BY called_at DESC LIMIT $4),
           moved AS (
               SELECT count(*) AS updates, count(*) FILTER (WHERE state = 'failed') AS failed FROM jobs
               WHERE digest = $1 AND kind = $6 AND created_at >= $5 AND created_at < $3)
           SELECT count(*) AS "calls!", count(*) FILTER (WHERE outcome <> 'ok') AS "errors!",
                  count(*) FILTER (WHERE fault = 'trap') AS "traps!",
                  count(*) FILTER (WHERE fault = 'timeout') AS "timeouts!",
                  count(*) FILTER (WHERE refusals > 0) AS "refusals!",
                  (SELECT updates FROM moved) AS "updates!", (SELECT failed FROM moved) AS "failed_updates!",
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY micros) AS p50,
                  percentile_cont(0.95) WITHIN GROUP (ORDER BY micros) AS p95
           FROM last"#,
        digest.0.as_slice(),
        roll_out.share_at,
        until,
        CALLS,
        roll_out.started_at,
        Instruction::Update.name()
    )
    .fetch_one(db)
    .await?;
    Ok(Tally {
        calls: row.calls.unsigned_abs(),
        errors: row.errors.unsigned_abs(),
        traps: row.traps.unsigned_abs(),
        timeouts: row.timeouts.unsigned_abs(),
        refusals: row.refusals.unsigned_abs(),
        updates: row.updates.unsigned_abs(),
        failed_updates: row.failed_updates.unsigned_abs(),
        p50_ms: row.p50.map(|micros| micros / 1000.0),
        p95_ms: row.p95.map(|micros| micros / 1000.0),
    })
}

/// A point of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When its span begins.
    pub at: OffsetDateTime,
    /// Calls in it.
    pub calls: u64,
    /// Calls of them that ended in an error.
    pub errors: u64,
    /// 95 % of them were faster, in milliseconds.
    pub p95_ms: Option<f64>,
}

/// How a span of time is cut into points: those of two series over the same span lie at the same instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// When the first point begins.
    pub from: OffsetDateTime,
    /// What a point covers.
    pub step: Duration,
    /// How many there are.
    pub points: u32,
}

impl Axis {
    /// From `since` to `until`, or what of its end fits on [`POINTS`] points of the longest step.
    pub fn over(since: OffsetDateTime, until: OffsetDateTime) -> Self {
        let (since, until) = (since.unix_timestamp(), until.unix_timestamp());
        let longest = i64::from(STEPS[STEPS.len() - 1]);
        let step = STEPS.into_iter().map(i64::from).find(|step| points(since, until, *step) <= i64::from(POINTS));
        let step = step.unwrap_or(longest);
        let last = until.div_euclid(step);
        let points = points(since, until, step).clamp(1, i64::from(POINTS));
        let from = OffsetDateTime::from_unix_timestamp((last - points + 1) * step);
        Self {
            from: from.unwrap_or(OffsetDateTime::UNIX_EPOCH),
            step: Duration::from_secs(step.unsigned_abs()),
            points: u32::try_from(points).unwrap_or(POINTS),
        }
    }
}

/// How many steps touch the span, in seconds since the epoch.
fn points(since: i64, until: i64, step: i64) -> i64 {
    until.div_euclid(step) - since.div_euclid(step) + 1
}

/// The last [`CALLS`] calls of `digest` along `axis`, before `until`: a point for every step, also for those without
/// calls.
pub async fn series(db: impl PgExecutor<'_>, digest: Digest, axis: Axis, until: OffsetDateTime) -> Result<Vec<Point>> {
    let rows = sqlx::query!(
        r#"WITH last AS MATERIALIZED (
               SELECT outcome, micros, called_at FROM tool_calls
               WHERE digest = $1 AND called_at >= $2 AND called_at < $3 AND fault IS DISTINCT FROM 'elsewhere'
               ORDER BY called_at DESC LIMIT $4)
           SELECT floor(extract(epoch FROM called_at - $2)::float8 / $5)::int AS "point!", count(*) AS "calls!",
                  count(*) FILTER (WHERE outcome <> 'ok') AS "errors!",
                  percentile_cont(0.95) WITHIN GROUP (ORDER BY micros) AS p95
           FROM last GROUP BY 1"#,
        digest.0.as_slice(),
        axis.from,
        until,
        CALLS,
        axis.step.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    let mut series: Vec<Point> = (0..axis.points)
        .map(|point| Point { at: axis.from + axis.step * point, calls: 0, errors: 0, p95_ms: None })
        .collect();
    for row in rows {
        if let Some(point) = usize::try_from(row.point).ok().and_then(|at| series.get_mut(at)) {
            point.calls = row.calls.unsigned_abs();
            point.errors = row.errors.unsigned_abs();
            point.p95_ms = row.p95.map(|micros| micros / 1000.0);
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(seconds: i64) -> (i64, u64, u32) {
        let until = OffsetDateTime::from_unix_timestamp(1_800_000_003).unwrap();
        let axis = Axis::over(until - time::Duration::seconds(seconds), until);
        (until.unix_timestamp() - axis.from.unix_timestamp(), axis.step.as_secs(), axis.points)
    }

    #[test]
    fn a_span_is_cut_into_at_most_sixty_points_of_a_round_step() {
        assert_eq!(axis(0), (3, 5, 1));
        assert_eq!(axis(60), (63, 5, 13));
        assert_eq!(axis(600), (603, 30, 21));
        assert_eq!(axis(86_400).1, 3_600);
        for seconds in [1, 299, 300, 7_000, 100_000, 10_000_000] {
            let (back, step, points) = axis(seconds);
            assert!(points <= 60 && back.unsigned_abs() < u64::from(points) * step, "{seconds}");
        }
    }
}
