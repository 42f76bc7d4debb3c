//! Use against the limit as a bar, and by day as bars; each with the same in words.

use openclaw_api_types::Usage;

use super::prelude::*;
use crate::{
    forecast::{Forecast, forecast},
    format::{self, Millis},
};

const DAY: Millis = 86_400_000;

/// This period's use: the numbers, the bar, the forecast.
pub(crate) fn usage_bar(l: Locale, usage: &Usage, now: Millis) -> View {
    let percent = percent(usage.used, usage.limit);
    let tone = match percent {
        0..75 => "fine",
        75..90 => "near",
        _ => "over",
    };
    let ends = format::instant(&usage.ends_at).map(|at| day_in_words(l, at)).unwrap_or_default();
    let words = match forecast(usage, now) {
        Forecast::Unknown => l.with("usage-forecast-unknown", &[("end", ends.into())]),
        Forecast::Enough(total) => l.with(
            "usage-forecast-enough",
            &[("end", ends.into()), ("percent", self::percent(total, usage.limit).into())],
        ),
        Forecast::Short(at) => {
            l.with("usage-forecast-short", &[("day", day_in_words(l, at).into()), ("end", ends.into())])
        }
        Forecast::Exhausted => l.with("usage-forecast-exhausted", &[("end", ends.into())]),
    };
    // A used token is never shown as nothing.
    let width = if usage.used > 0 { percent.clamp(1, 100) } else { 0 };
    div()
        .class("usage")
        .children((
            p().class("usage-numbers").children((
                strong().attr("data-test", "usage-used").children(format::number(l, usage.used)),
                span()
                    .class("soft")
                    .children(format!(" {}", l.with("usage-of", &[("limit", format::number(l, usage.limit).into())]))),
                span().class("usage-percent").children(if percent == 0 && usage.used > 0 {
                    "<\u{202f}1\u{202f}%".into()
                } else {
                    format!("{percent}\u{202f}%")
                }),
            )),
            svg()
                .class(format!("usage-bar {tone}"))
                .attr("viewBox", "0 0 100 4")
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-label", l.with("usage-bar-label", &[("percent", percent.into())]))
                .children(rect().attr("width", width.to_string()).attr("height", "4")),
            p().class("soft").children(words),
        ))
        .into()
}

fn percent(part: i64, whole: i64) -> i64 {
    if whole <= 0 { 0 } else { (part as f64 * 100.0 / whole as f64).round() as i64 }
}

/// Use by day, from the period's first day to today.
pub(crate) fn usage_chart(l: Locale, usage: &Usage, now: Millis) -> View {
    let (Some(start), Some(end)) = (format::instant(&usage.starts_at), format::instant(&usage.ends_at)) else {
        return View::new();
    };
    let first = start.div_euclid(DAY);
    let last = (end - 1).div_euclid(DAY).max(first);
    let count = (last - first + 1).min(62);
    let used: Vec<(i64, i64)> = usage
        .days
        .iter()
        .filter_map(|day| Some((format::instant(&day.day)?.div_euclid(DAY) - first, day.tokens)))
        .filter(|(day, _)| (0..count).contains(day))
        .collect();
    let Some((top_day, top)) = used.iter().copied().max_by_key(|(_, tokens)| *tokens).filter(|(_, top)| *top > 0)
    else {
        return View::new();
    };
    let summary = l.with(
        "usage-chart-summary",
        &[
            ("days", (used.len() as i64).into()),
            ("top", format::number(l, top).into()),
            ("day", day_in_words(l, (first + top_day) * DAY).into()),
        ],
    );
    // A unit a day: a bar of 0.7 in the middle of it; 40 high.
    let bars: Vec<View> = used
        .iter()
        .map(|(day, tokens)| {
            let height = (*tokens as f64 / top as f64 * 38.0).max(0.8);
            rect()
                .attr("x", format!("{:.2}", *day as f64 + 0.15))
                .attr("y", format!("{:.2}", 40.0 - height))
                .attr("width", "0.7")
                .attr("height", format!("{height:.2}"))
                .into()
        })
        .collect();
    let today = (now.div_euclid(DAY) - first).clamp(0, count);
    figure()
        .class("usage-chart")
        .children((
            svg()
                .attr("viewBox", format!("0 0 {count} 40"))
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-label", summary.clone())
                .children((
                    rect()
                        .class("ahead")
                        .attr("x", (today + 1).min(count).to_string())
                        .attr("width", (count - today - 1).max(0).to_string())
                        .attr("height", "40"),
                    bars,
                )),
            div().class("usage-chart-axis").attr("aria-hidden", "true").children((
                span().children(format::short_day(l, first * DAY, 0)),
                span().children(format::short_day(l, last * DAY, 0)),
            )),
            figcaption().class("soft small").children(summary),
        ))
        .into()
}
