//! Whether a release that is being rolled out is worse than the one before: a pure function of both releases' figures,
//! and the step that takes a worse one back.

use openclaw_api_types::{Margins, Worse, WorseIn};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::{
    audit::{Actor, PLATFORM},
    figures::{self, Tally},
    roll_out::{self, Filter, RollOut},
};
use crate::error::Result;

/// What comparing two releases came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Too few calls to say: so many of those that are needed.
    TooEarly {
        /// Calls of the new release.
        calls: u64,
        /// Calls that are needed.
        needed: u32,
    },
    /// Not worse than the margins allow.
    Fine,
    /// Worse: in what.
    Worse(Vec<Worse>),
}

/// In English, for logs and the trail.
pub fn in_words(worse: &[Worse]) -> String {
    worse.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Compares the calls of the new release with those of the old one in the same span, and the updates of the agents that
/// were moved to each.
///
/// A share of calls (traps, timeouts, calls with something refused) is worse when it lies more than its margin above
/// the old one's, which is 0 without calls. Latency is compared only when both have as many calls as are needed. Updates
/// that were given up count however few calls there are: an agent that cannot be brought to a release may never call it.
pub fn judge(new: &Tally, old: &Tally, margins: &Margins) -> Verdict {
    let needed = u64::from(margins.min_calls.max(1));
    let percent = |count: u64, calls: u64| if calls == 0 { 0.0 } else { count as f64 * 100.0 / calls as f64 };
    let mut worse = Vec::new();
    let mut share = |what, (count, of): (u64, u64), (count_before, before_of): (u64, u64), allowed: f64| {
        let (now, before) = (percent(count, of), percent(count_before, before_of));
        if now - before > allowed {
            worse.push(Worse { what, now, of, before, before_of, allowed });
        }
    };
    let updates = |tally: &Tally| (tally.failed_updates, tally.updates);
    share(WorseIn::Updates, updates(new), updates(old), margins.updates_points);
    if new.calls < needed {
        return if worse.is_empty() {
            Verdict::TooEarly { calls: new.calls, needed: margins.min_calls.max(1) }
        } else {
            Verdict::Worse(worse)
        };
    }
    for (what, of_new, of_old, margin) in [
        (WorseIn::Traps, new.traps, old.traps, margins.traps_points),
        (WorseIn::Timeouts, new.timeouts, old.timeouts, margins.timeouts_points),
        (WorseIn::Refusals, new.refusals, old.refusals, margins.refusals_points),
    ] {
        share(what, (of_new, new.calls), (of_old, old.calls), margin);
    }
    if let (Some(now), Some(before)) = (new.p95_ms, old.p95_ms)
        && old.calls >= needed
        && now > before * margins.p95_factor
        && now - before > f64::from(margins.p95_floor_ms)
    {
        let (of, before_of) = (new.calls, old.calls);
        worse.push(Worse { what: WorseIn::Latency, now, of, before, before_of, allowed: margins.p95_factor });
    }
    if worse.is_empty() { Verdict::Fine } else { Verdict::Worse(worse) }
}

/// Judges the roll-out by the calls up to `now`.
pub async fn of(db: &PgPool, roll_out: &RollOut, now: OffsetDateTime) -> Result<Verdict> {
    let new = figures::tally(db, roll_out.new.digest, roll_out, now).await?;
    let old = match &roll_out.old {
        Some(old) => figures::tally(db, old.digest, roll_out, now).await?,
        None => Tally::default(),
    };
    Ok(judge(&new, &old, &roll_out.margins))
}

/// Judges every roll-out that runs and takes back those that are worse; gives them with the reasons. Of several
/// processes that do this at the same time, one looks at a roll-out.
pub async fn take_back_the_worse(db: &PgPool, now: OffsetDateTime) -> Result<Vec<(RollOut, String)>> {
    let mut taken_back = Vec::new();
    for roll_out in roll_out::list(db, Filter { running: true, ..Filter::default() }, i64::MAX).await? {
        let mut tx = db.begin().await?;
        let mine = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock(hashtextextended('judge ' || $1::text, 0)) AS "mine!""#,
            roll_out.id.to_string()
        )
        .fetch_one(&mut *tx)
        .await?;
        if !mine {
            continue;
        }
        if let Verdict::Worse(worse) = of(db, &roll_out, now).await? {
            let (actor, reason) = (Actor { who: PLATFORM, why: None }, in_words(&worse));
            match roll_out::roll_back_in(&mut tx, roll_out.new.digest, actor, &reason, &worse).await {
                // Someone ended it since it was listed, and that stands.
                Ok(id) if id != roll_out.id => continue,
                Err(crate::Error::WrongState(_)) => continue,
                Err(error) => return Err(error),
                Ok(_) => tx.commit().await?,
            }
            taken_back.push((roll_out, reason));
        }
    }
    Ok(taken_back)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARGINS: Margins = Margins {
        min_calls: 50,
        traps_points: 2.0,
        timeouts_points: 2.0,
        refusals_points: 5.0,
        updates_points: 5.0,
        p95_factor: 1.5,
        p95_floor_ms: 50,
    };

    fn calls(calls: u64) -> Tally {
        Tally { calls, p95_ms: Some(100.0), ..Tally::default() }
    }

    fn reason(new: &Tally, old: &Tally) -> String {
        match judge(new, old, &MARGINS) {
            Verdict::Worse(worse) => in_words(&worse),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn too_few_calls_say_nothing_however_bad_they_are() {
        let new = Tally { traps: 49, ..calls(49) };
        assert_eq!(judge(&new, &calls(1000), &MARGINS), Verdict::TooEarly { calls: 49, needed: 50 });
        let none = Margins { min_calls: 0, ..MARGINS };
        assert_eq!(judge(&calls(0), &calls(0), &none), Verdict::TooEarly { calls: 0, needed: 1 });
    }

    #[test]
    fn a_release_as_good_as_the_one_before_is_fine() {
        let bad_as_ever = Tally { traps: 10, timeouts: 10, refusals: 10, ..calls(100) };
        assert_eq!(judge(&bad_as_ever, &bad_as_ever, &MARGINS), Verdict::Fine);
        assert_eq!(judge(&calls(100), &bad_as_ever, &MARGINS), Verdict::Fine);
    }

    #[test]
    fn each_share_is_held_against_its_own_margin_and_the_old_ones() {
        let at_the_margin = Tally { traps: 3, timeouts: 2, refusals: 5, ..calls(100) };
        assert_eq!(judge(&at_the_margin, &Tally { traps: 10, ..calls(1000) }, &MARGINS), Verdict::Fine);
        let trapped = reason(&Tally { traps: 4, ..calls(100) }, &Tally { traps: 10, ..calls(1000) });
        assert_eq!(trapped, "4.0 % of 100 calls trapped, and 1.0 % of 1000 before (2 points more are allowed)");
        assert!(reason(&Tally { timeouts: 3, ..calls(100) }, &calls(9)).contains("ran out of time"));
        assert!(reason(&Tally { refusals: 6, ..calls(100) }, &calls(9)).contains("wanted what is not granted"));
    }

    #[test]
    fn without_calls_of_the_old_one_the_shares_are_held_against_nothing() {
        assert_eq!(judge(&calls(100), &Tally::default(), &MARGINS), Verdict::Fine);
        assert!(reason(&Tally { traps: 3, ..calls(100) }, &Tally::default()).contains("0.0 % of 0 before"));
    }

    #[test]
    fn latency_counts_when_it_is_some_times_and_some_milliseconds_longer() {
        let with = |calls, p95| Tally { calls, p95_ms: Some(p95), ..Tally::default() };
        assert_eq!(judge(&with(100, 150.0), &with(100, 100.0), &MARGINS), Verdict::Fine);
        assert!(reason(&with(100, 151.0), &with(100, 100.0)).contains("151 ms, and 100 ms before"));
        // Three times as long, and nobody feels it.
        assert_eq!(judge(&with(100, 3.0), &with(100, 1.0), &MARGINS), Verdict::Fine);
        // The old one was hardly called.
        assert_eq!(judge(&with(100, 900.0), &with(49, 100.0), &MARGINS), Verdict::Fine);
    }

    #[test]
    fn agents_that_cannot_be_brought_to_it_count_however_few_calls_there_are() {
        let moved = |updates, failed_updates| Tally { updates, failed_updates, ..Tally::default() };
        let told = reason(&moved(40, 3), &moved(0, 0));
        assert!(told.starts_with("7.5 % of 40 agents could not be brought to it, and 0.0 % of 0"), "{told}");
        // One in twenty is at the margin, and says nothing of the calls.
        assert_eq!(judge(&moved(40, 2), &moved(0, 0), &MARGINS), Verdict::TooEarly { calls: 0, needed: 50 });
        // What moves agents neither here nor there is no fault of the new one.
        assert_eq!(judge(&moved(40, 20), &moved(10, 5), &MARGINS), Verdict::TooEarly { calls: 0, needed: 50 });
        let both = Tally { traps: 50, updates: 10, failed_updates: 10, ..calls(100) };
        assert_eq!(reason(&both, &calls(100)).matches("; ").count(), 1);
    }

    #[test]
    fn every_reason_is_told() {
        let new = Tally { traps: 50, timeouts: 50, refusals: 100, p95_ms: Some(1000.0), ..calls(100) };
        assert_eq!(reason(&new, &calls(100)).matches("; ").count(), 3);
    }
}
