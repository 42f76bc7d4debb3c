//! What this period's use comes to if it goes on as it did.

use openclaw_api_types::Usage;

use crate::format::{Millis, instant};

/// How the period will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forecast {
    /// Nothing was used, or too little time has passed to say.
    Unknown,
    /// This many tokens by the end.
    Enough(i64),
    /// The limit is reached at this instant, before the end.
    Short(Millis),
    /// It is reached already.
    Exhausted,
}

/// A forecast needs this long: after minutes, a first hour's curiosity would be taken for a habit.
const LEAST: Millis = 12 * 3_600_000;

/// The forecast of `usage` at `now`.
pub(crate) fn forecast(usage: &Usage, now: Millis) -> Forecast {
    if usage.used >= usage.limit {
        return Forecast::Exhausted;
    }
    let (Some(start), Some(end)) = (instant(&usage.starts_at), instant(&usage.ends_at)) else {
        return Forecast::Unknown;
    };
    let passed = now - start;
    if usage.used == 0 || passed < LEAST || end <= start {
        return Forecast::Unknown;
    }
    let rate = usage.used as f64 / passed as f64;
    let total = rate * (end - start) as f64;
    if total > usage.limit as f64 {
        Forecast::Short(start + (usage.limit as f64 / rate) as Millis)
    } else {
        Forecast::Enough(total as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(used: i64) -> Usage {
        Usage {
            starts_at: "2026-11-01T00:00:00Z".into(),
            ends_at: "2026-12-01T00:00:00Z".into(),
            used,
            limit: 1_000_000,
            days: vec![],
        }
    }

    fn on(day: &str) -> Millis {
        instant(day).expect("a day")
    }

    #[test]
    fn half_used_after_half_the_period_is_just_enough() {
        assert_eq!(forecast(&usage(500_000), on("2026-11-16")), Forecast::Enough(1_000_000));
    }

    #[test]
    fn a_faster_use_names_the_day_on_which_it_ends() {
        assert_eq!(forecast(&usage(500_000), on("2026-11-11")), Forecast::Short(on("2026-11-21")));
    }

    #[test]
    fn nothing_is_foretold_from_an_hour() {
        assert_eq!(forecast(&usage(5_000), on("2026-11-01") + 3_600_000), Forecast::Unknown);
    }

    #[test]
    fn a_used_up_period_says_so() {
        assert_eq!(forecast(&usage(1_000_000), on("2026-11-11")), Forecast::Exhausted);
    }
}
