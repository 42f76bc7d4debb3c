//! Instants in the reader's own zone, which only the browser knows.

use super::prelude::*;
use crate::{browser, format};

/// The reader's zone in minutes east of UTC: until the browser tells, the usual one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(Signal<i64>);

impl Zone {
    /// Makes it known to the tree below.
    pub(crate) fn provide(locale: Locale) -> Self {
        let zone = Self(create_signal(usual_zone(locale)));
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

/// Where most readers of a language live.
fn usual_zone(locale: Locale) -> i64 {
    match locale {
        Locale::Pt => -180,
        Locale::En => 0,
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
                (Some(at), Show::Both) => day_and_clock(l, at, offset),
            }
        })
        .into()
}

/// An instant on a page that only the server renders: the browser writes it again in the reader's zone.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn moment(l: Locale, at: &str) -> View {
    match format::instant(at) {
        Some(instant) => still_time(at.to_owned(), "both", day_and_clock(l, instant, usual_zone(l))),
        None => at.to_owned().into(),
    }
}

/// Its time of day alone.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn clock_moment(l: Locale, at: &str) -> View {
    match format::instant(at) {
        Some(instant) => still_time(at.to_owned(), "clock", format::clock(l, instant, usual_zone(l))),
        None => at.to_owned().into(),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn still_time(at: String, show: &'static str, text: String) -> View {
    time().attr("datetime", at).attr("data-moment", show).children(text).into()
}

/// Writes every [`moment`] of the page in the reader's zone.
pub(crate) fn moments(l: Locale) {
    let zone = browser::zone();
    browser::each("time[data-moment]", |time| {
        if let Some(at) = time.get_attribute("datetime").as_deref().and_then(format::instant) {
            let clock_alone = time.get_attribute("data-moment").as_deref() == Some("clock");
            let text = if clock_alone { format::clock(l, at, zone) } else { day_and_clock(l, at, zone) };
            time.set_text_content(Some(&text));
        }
    });
}

fn day_and_clock(l: Locale, at: format::Millis, zone: i64) -> String {
    format!("{}, {}", format::short_day(l, at, zone), format::clock(l, at, zone))
}

/// A day of a sentence: in UTC, as the API counts days.
pub(crate) fn day_in_words(l: Locale, at: format::Millis) -> String {
    format::day(l, at, 0)
}
