//! Why something was done, in the reader's language where the platform did it.

use openclaw_api_types::{Worse, WorseIn};

use crate::{components::prelude::*, format};

/// The platform's facts, or else what somebody wrote.
pub(super) fn reason_words(l: Locale, reason: Option<&str>, worse: &[Worse]) -> Option<String> {
    if worse.is_empty() {
        return reason.map(ToOwned::to_owned);
    }
    Some(worse.iter().map(|worse| sentence(l, worse)).collect::<Vec<_>>().join(" "))
}

fn sentence(l: Locale, worse: &Worse) -> String {
    let value = |value: f64| match worse.what {
        WorseIn::Latency => format::latency(l, value),
        _ => format::share(l, value / 100.0),
    };
    let count = |count: u64| format::number(l, i64::try_from(count).unwrap_or(i64::MAX));
    l.with(
        &format!("worse-{}", worse.what.as_str()),
        &[
            ("now", value(worse.now).into()),
            ("of", count(worse.of).into()),
            ("before", value(worse.before).into()),
            ("before-of", count(worse.before_of).into()),
            ("allowed", format::decimal(l, worse.allowed).into()),
        ],
    )
}
