//! Instants in the reader's own zone, which only the browser knows.

use super::prelude::*;
use crate::format;

/// The reader's zone in minutes east of UTC: until the browser tells, where most readers of a language live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(Signal<i64>);

impl Zone {
    /// Makes it known to the tree below.
    pub(crate) fn provide(locale: Locale) -> Self {
        let zone = Self(create_signal(match locale {
            Locale::Pt => -180,
            Locale::En => 0,
        }));
        provide_context(zone);
        zone
    }

    /// The reader's own.
    pub(crate) fn set(self, minutes: i64) {
        if self.0.get_untracked() != minutes {
            self.0.set(minutes);
        }
    }
}

/// How much of an instant is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// The day.
    Day,
    /// The time of day.
    Clock,
    /// Both.
    Both,
}

/// An instant. What is none is shown as it came.
pub(crate) fn when(l: Locale, at: &str, show: Show) -> View {
    let zone: Zone = use_context();
    let text = at.to_owned();
    let instant = format::instant(at);
    time()
        .attr("datetime", at.to_owned())
        .children(move || {
            let offset = zone.0.get();
            match (instant, show) {
                (None, _) => text.clone(),
                (Some(at), Show::Day) => format::day(l, at, offset),
                (Some(at), Show::Clock) => format::clock(l, at, offset),
                (Some(at), Show::Both) => {
                    format!("{}, {}", format::short_day(l, at, offset), format::clock(l, at, offset))
                }
            }
        })
        .into()
}

/// A day of a sentence: in UTC, as the API counts days.
pub(crate) fn day_in_words(l: Locale, at: format::Millis) -> String {
    format::day(l, at, 0)
}
