//! A roll-out's figures: both releases side by side, and two charts. The browser asks for this part again and again.

use openclaw_api_types::{Figures, FiguresPoint, Margins, RollOutFigures, RollOutState, Verdict};

use crate::{components::prelude::*, format};

/// It.
pub(crate) fn side_by_side(l: Locale, figures: &RollOutFigures) -> View {
    div()
        .class("figures")
        .attr("data-state", state_word(figures))
        .attr("data-test", "figures")
        .children((
            p().class("verdict").children(verdict(l, figures)),
            comparison(l, figures),
            div().class("charts").children((
                chart(l, figures, l.t("figures-p95"), |point| point.p95_ms, format::latency),
                chart(l, figures, l.t("figures-errors"), errors_of, format::share),
            )),
        ))
        .into()
}

/// What must be the same for the rest of the page to be still true.
pub(super) fn state_word(figures: &RollOutFigures) -> String {
    format!("{:?}-{}", figures.roll_out.state, figures.roll_out.share)
}

fn verdict(l: Locale, figures: &RollOutFigures) -> View {
    if figures.roll_out.state != RollOutState::Running {
        return l.t("verdict-ended").into();
    }
    let (tone, words) = match figures.verdict {
        Verdict::TooEarly => (
            Tone::Neutral,
            l.with(
                "verdict-too-early",
                &[
                    ("calls", format::number(l, figures.new.calls).into()),
                    ("least", format::number(l, figures.roll_out.margins.min_calls.into()).into()),
                ],
            ),
        ),
        Verdict::Fine => (Tone::Ok, l.t("verdict-fine")),
        Verdict::Worse => (Tone::Danger, l.t("verdict-worse")),
    };
    chip(tone, words)
}

/// A figure of the new release, and whether it is worse than the margins allow.
struct Compared {
    name: String,
    old: String,
    new: String,
    worse: bool,
}

fn comparison(l: Locale, figures: &RollOutFigures) -> View {
    let (new, old, margins) = (&figures.new, figures.old.as_ref(), &figures.roll_out.margins);
    let judged = new.calls >= i64::from(margins.min_calls);
    let any_time = |name: String, of: &dyn Fn(&Figures) -> String, worse: bool| Compared {
        name,
        old: old.map_or_else(|| "–".to_owned(), of),
        new: of(new),
        worse,
    };
    let row = |name: String, of: &dyn Fn(&Figures) -> String, worse: bool| any_time(name, of, worse && judged);
    let counted = |count: i64, calls: i64| format!("{} ({})", share_of(l, count, calls), format::number(l, count));
    let latency = |millis: Option<f64>| millis.map_or_else(|| "–".to_owned(), |millis| format::latency(l, millis));
    let beyond = |part: &dyn Fn(&Figures) -> f64, points: f64| (part(new) - old.map_or(0.0, part)) * 100.0 > points;
    let rows = [
        row(l.t("admin-agents"), &|f| format::number(l, f.agents), false),
        row(l.t("figures-calls"), &|f| format::number(l, f.calls), false),
        row(l.t("figures-errors"), &|f| counted(f.errors, f.calls), false),
        row(
            l.t("figures-traps"),
            &|f| counted(f.traps, f.calls),
            beyond(&|f| ratio(f.traps, f.calls), margins.traps_points),
        ),
        row(
            l.t("figures-timeouts"),
            &|f| counted(f.timeouts, f.calls),
            beyond(&|f| ratio(f.timeouts, f.calls), margins.timeouts_points),
        ),
        row(
            l.t("figures-refusals"),
            &|f| counted(f.refusals, f.calls),
            beyond(&|f| ratio(f.refusals, f.calls), margins.refusals_points),
        ),
        any_time(
            l.t("figures-updates"),
            &|f| counted(f.failed_updates, f.updates),
            beyond(&|f| ratio(f.failed_updates, f.updates), margins.updates_points),
        ),
        row(l.t("figures-p50"), &|f| latency(f.p50_ms), false),
        row(l.t("figures-p95"), &|f| latency(f.p95_ms), slower(new, old, margins)),
    ];
    let body: Vec<View> = rows
        .into_iter()
        .map(|row| {
            let worse = row
                .worse
                .then(|| (icon(Icon::Warning), span().class("visually-hidden").children(l.t("figures-worse"))).into());
            tr().children((
                th().attr("scope", "row").children(row.name),
                td().children(row.old),
                td().class(if row.worse { "worse" } else { "" })
                    .children((span().children(row.new), View::from(worse))),
            ))
            .into()
        })
        .collect();
    let head = |class: &'static str, label: String, version: Option<String>| -> View {
        th().attr("scope", "col")
            .children((
                span().class(class).attr("aria-hidden", "true"),
                span().class("soft").children(label),
                " ",
                strong().children(version.unwrap_or_else(|| "–".to_owned())),
            ))
            .into()
    };
    div()
        .class("table-box")
        .children(table().class("side-by-side").children((
            caption().class("visually-hidden").children(l.t("figures-title")),
            thead().children(tr().children((
                td(),
                head("sample old", l.t("figures-old"), old.map(|old| old.release.version.clone())),
                head("sample new", l.t("figures-new"), Some(new.release.version.clone())),
            ))),
            tbody().children(body),
        )))
        .into()
}

fn slower(new: &Figures, old: Option<&Figures>, margins: &Margins) -> bool {
    match (new.p95_ms, old.and_then(|old| old.p95_ms)) {
        (Some(new), Some(old)) => new > old * margins.p95_factor && new - old > f64::from(margins.p95_floor_ms),
        _ => false,
    }
}

fn ratio(count: i64, calls: i64) -> f64 {
    if calls > 0 { count as f64 / calls as f64 } else { 0.0 }
}

fn share_of(l: Locale, count: i64, calls: i64) -> String {
    format::share(l, ratio(count, calls))
}

fn errors_of(point: &FiguresPoint) -> Option<f64> {
    (point.calls > 0).then(|| ratio(point.errors, point.calls))
}

fn chart(
    l: Locale,
    figures: &RollOutFigures,
    title: String,
    of: fn(&FiguresPoint) -> Option<f64>,
    unit: fn(Locale, f64) -> String,
) -> View {
    let line = |figures: &Figures| Line {
        name: figures.release.version.clone(),
        values: figures.series.iter().map(of).collect(),
    };
    let at = figures.new.series.iter().map(|point| point.at.clone()).collect();
    line_chart(l, &Lines { title, old: figures.old.as_ref().map(line), new: line(&figures.new), at, unit })
}

/// When it is taken back by itself, in words.
pub(super) fn margins(l: Locale, margins: &Margins) -> View {
    let points = |points: f64| format::decimal(l, points);
    let lines = [
        l.with("margins-traps", &[("points", points(margins.traps_points).into())]),
        l.with("margins-timeouts", &[("points", points(margins.timeouts_points).into())]),
        l.with("margins-refusals", &[("points", points(margins.refusals_points).into())]),
        l.with(
            "margins-p95",
            &[
                ("factor", points(margins.p95_factor).into()),
                ("floor", format::duration(l, margins.p95_floor_ms.into()).into()),
            ],
        ),
    ];
    let lines: Vec<View> = lines.map(|line| li().children(line).into()).into();
    details()
        .class("more")
        .children((
            summary().children(l.t("margins-title")),
            div().class("margins").children((
                span().children(
                    l.with("margins-calls", &[("calls", format::number(l, margins.min_calls.into()).into())]),
                ),
                ul().children(lines),
                span().children(l.with("margins-updates", &[("points", points(margins.updates_points).into())])),
            )),
        ))
        .into()
}
