//! Two releases' figures over time, as two lines; with the same in words.

use super::prelude::*;

/// What a chart shows of one of the two.
pub(crate) struct Line {
    /// Whose it is.
    pub(crate) name: String,
    /// A value for each instant; none where nothing was measured.
    pub(crate) values: Vec<Option<f64>>,
}

/// A chart.
pub(crate) struct Lines {
    /// What is measured.
    pub(crate) title: String,
    /// The release before; drawn dashed.
    pub(crate) old: Option<Line>,
    /// The one on its way.
    pub(crate) new: Line,
    /// The instants, as the API writes them.
    pub(crate) at: Vec<String>,
    /// A value as people write it.
    pub(crate) unit: fn(Locale, f64) -> String,
}

/// Height of a chart in its own units; a unit an instant is its width.
const HIGH: f64 = 40.0;
/// What of the height lines use, so that their width is not cut at the top.
const USED: f64 = 37.0;

/// Draws it.
pub(crate) fn line_chart(l: Locale, chart: &Lines) -> View {
    let old = chart.old.as_ref();
    let all = old.into_iter().chain([&chart.new]).flat_map(|line| line.values.iter().flatten());
    let top = all.fold(0.0_f64, |top, value| top.max(*value));
    let measured = |line: &Line| line.values.iter().any(Option::is_some);
    if !measured(&chart.new) && !old.is_some_and(measured) {
        return figure()
            .class("lines")
            .children((
                figcaption().class("lines-title").children(chart.title.clone()),
                p().class("soft small").children(l.t("lines-none")),
            ))
            .into();
    }
    let last = |line: &Line| match line.values.iter().rev().flatten().next() {
        Some(value) => (chart.unit)(l, *value),
        None => "–".to_owned(),
    };
    let summary = match old {
        Some(old) => l.with(
            "lines-summary",
            &[
                ("what", chart.title.as_str().into()),
                ("old", old.name.as_str().into()),
                ("old-last", last(old).into()),
                ("new", chart.new.name.as_str().into()),
                ("new-last", last(&chart.new).into()),
                ("top", (chart.unit)(l, top).into()),
            ],
        ),
        None => l.with(
            "lines-summary-one",
            &[
                ("what", chart.title.as_str().into()),
                ("new", chart.new.name.as_str().into()),
                ("new-last", last(&chart.new).into()),
                ("top", (chart.unit)(l, top).into()),
            ],
        ),
    };
    let width = chart.at.len().saturating_sub(1).max(1);
    let draw = |line: &Line, class: &'static str| -> View {
        path().class(class).attr("d", route(&line.values, top)).attr("vector-effect", "non-scaling-stroke").into()
    };
    let grid = path()
        .class("lines-grid")
        .attr("d", format!("M0 {:.1}H{width}M0 {:.1}H{width}", HIGH - USED, HIGH - USED / 2.0))
        .attr("vector-effect", "non-scaling-stroke");
    let end = |at: Option<&String>| at.map(|at| clock_moment(l, at)).unwrap_or_default();
    figure()
        .class("lines")
        .children((
            figcaption().class("lines-title").children(chart.title.clone()),
            span().class("lines-top").attr("aria-hidden", "true").children((chart.unit)(l, top)),
            svg()
                .attr("viewBox", format!("0 0 {width} {HIGH}"))
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-label", summary.clone())
                .children((grid, View::from(old.map(|old| draw(old, "line-old"))), draw(&chart.new, "line-new"))),
            div()
                .class("lines-axis")
                .attr("aria-hidden", "true")
                .children((end(chart.at.first()), end(chart.at.last()))),
            p().class("soft small").children(summary),
        ))
        .into()
}

/// The line through the values, with gaps where there are none. A value alone is a short stroke.
fn route(values: &[Option<f64>], top: f64) -> String {
    let mut route = String::new();
    let mut open = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            open = false;
            continue;
        };
        let height = HIGH - if top > 0.0 { value / top * USED } else { 0.0 } - 0.5;
        let alone = !open && values.get(index + 1).copied().flatten().is_none();
        if alone {
            route.push_str(&format!("M{:.1} {height:.1}h0.4", index as f64 - 0.2));
        } else {
            route.push_str(&format!("{}{index} {height:.1}", if open { 'L' } else { 'M' }));
        }
        open = !alone;
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_nothing_was_measured() {
        assert_eq!(route(&[Some(2.0), Some(1.0), None, Some(2.0)], 2.0), "M0 2.5L1 21.0M2.8 2.5h0.4");
        assert_eq!(route(&[None, None], 0.0), "");
    }
}
