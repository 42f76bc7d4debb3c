//! A release: what changes for customers, what it newly asks for, its tests, its roll-out, its trail.

use openclaw_api_types::{ReleasePage, ReleaseState, RollOutFigures, RollOutState, TestKind, ToolUsage, Want};

use super::{
    audit, figures, niche::roll_out_chip, outcome, reason::reason_words, registry_tabs, release_link, section_of, steps,
};
use crate::{accent, components::prelude::*, document::AdminRelease, format};

/// It. What is decided on stands first: what it asks, or how its roll-out does; beside it, or below it on a phone, the
/// steps; then the rest.
pub(super) fn view(l: Locale, page: &AdminRelease) -> View {
    let (first, rest): (View, View) = match &page.figures {
        Some(figures) => (roll_out(l, page, figures), (changes(l, &page.page), asks(l, &page.page)).into()),
        None => ((changes(l, &page.page), asks(l, &page.page)).into(), View::new()),
    };
    (
        registry_tabs(l, ""),
        head(l, page),
        outcome(l, &page.outcome),
        ended(l, page),
        div().class("release-columns").attr("data-test", "release-page").children((
            div().class("release-first").children(first),
            aside().class("release-side").children((steps::steps(l, page), facts(l, page))),
            div().class("release-rest").children((
                rest,
                all_it_asks(l, &page.page),
                tests(l, &page.page),
                usage(l, &page.page),
                section_of("release-audit", l.t("audit-title"), audit::table(l, &page.audit, false)),
            )),
        )),
    )
        .into()
}

fn head(l: Locale, page: &AdminRelease) -> View {
    let (release, niche) = (&page.page.release, &page.niche);
    let name = text_in(l, &niche.name);
    div()
        .class("release-head")
        .children((
            a().class("back")
                .href(l.path(&format!("/admin/niches/{}", niche.id)))
                .children((icon(Icon::Back), span().children(name.clone()))),
            div().class("release-title").children((
                h1().class("h3").children((
                    span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                    format!(" {name} {}", release.version),
                )),
                div().class("chips").children((release_chip(l, release.state), publisher_chip(l, &release.publisher))),
            )),
            p().class("soft").children((
                l.with("waiting-uploaded", &[("who", who(l, &release.uploaded_by).into())]),
                " ",
                moment(l, &release.uploaded_at),
            )),
        ))
        .into()
}

/// Why its last roll-out went back, or why it was rejected: nobody should have to look for that.
fn ended(l: Locale, page: &AdminRelease) -> View {
    let quote = |reason: Option<String>| -> View {
        reason.map(|reason| p().class("reason").children(reason).into()).unwrap_or_default()
    };
    if page.page.release.state == ReleaseState::Rejected {
        let by = who(l, page.page.decided_by.as_deref().unwrap_or_default());
        let words = strong().children(l.with("ended-rejected", &[("who", by.into())]));
        return banner(
            Tone::Danger,
            div().attr("data-test", "ended").children((words, quote(page.page.reason.clone()))),
        );
    }
    let back = page.page.roll_out.as_ref().filter(|roll_out| roll_out.state == RollOutState::RolledBack);
    let Some(roll_out) = back else { return View::new() };
    let by = roll_out.ended_by.as_deref().unwrap_or_default();
    let words = match by {
        "platform" => l.t("ended-by-itself"),
        by => l.with("ended-by", &[("who", who(l, by).into())]),
    };
    let at = roll_out.ended_at.as_ref().map(|at| span().children((" ", moment(l, at))).into());
    banner(
        Tone::Danger,
        div().attr("data-test", "ended").attr("data-by", by.to_owned()).children((
            strong().children(words),
            View::from(at),
            quote(reason_words(l, roll_out.reason.as_deref(), &roll_out.worse)),
        )),
    )
}

/// The roll-out with its figures, which move by themselves while it runs.
fn roll_out(l: Locale, page: &AdminRelease, figures: &RollOutFigures) -> View {
    let roll_out = &figures.roll_out;
    let runs = roll_out.state == RollOutState::Running;
    let digest = page.page.release.digest.trim_start_matches("sha256:");
    let words = runs.then(|| {
        View::from((
            share_bar(l, roll_out.share),
            p().attr("data-test", "roll-out-words").children(steps::roll_out_words(l, page, roll_out)),
        ))
    });
    let moving = div()
        .class("moving")
        .attr("data-state", figures::state_word(figures))
        .attr("data-renew", runs.then(|| l.path(&format!("/admin/releases/{digest}/figures"))))
        .children(figures::side_by_side(l, figures));
    section()
        .class(format!("panel {}", accent::class(&page.niche.accent)))
        .attr("aria-labelledby", "roll-out-title")
        .children((
            div().class("niche-card-head").children((
                h2().class("h5").id("roll-out-title").children(l.t("roll-out-title")),
                roll_out_chip(l, roll_out.state),
            )),
            View::from(words),
            moving,
            p().class("stale small").attr("role", "status").children(span().children(l.t("figures-stale"))),
            figures::margins(l, &roll_out.margins),
        ))
        .into()
}

fn changes(l: Locale, page: &ReleasePage) -> View {
    let text = text_in(l, &page.changes);
    let content: View =
        if text.is_empty() { p().class("soft").children(l.t("changes-none")).into() } else { changelog(&text) };
    section_of("changes-title", l.t("changes-title"), content)
}

/// Paragraphs, and lists where lines begin with a dash.
fn changelog(text: &str) -> View {
    let blocks: Vec<View> = text
        .split("\n\n")
        .filter(|block| !block.trim().is_empty())
        .map(|block| {
            let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let points: Vec<View> = lines
                .iter()
                .filter_map(|line| line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")))
                .map(|point| li().children(point.to_owned()).into())
                .collect();
            if points.len() == lines.len() {
                ul().class("bullets").children(points).into()
            } else {
                p().children(lines.join(" ")).into()
            }
        })
        .collect();
    div().class("changelog").children(blocks).into()
}

/// What it newly asks for: the question that an admin answers.
fn asks(l: Locale, page: &ReleasePage) -> View {
    let difference = &page.difference;
    let because = |want: &Want| why(l, &page.asked.host_reasons, &page.asked.connection_reasons, want);
    let pending = page.release.state == ReleaseState::Pending;
    let against = difference.active.as_ref();
    let title = match against {
        Some(_) if pending => l.t("asks-new"),
        Some(_) => l.t("asks-difference"),
        None => l.t("asks-first"),
    };
    let compared = against.map(|active| {
        p().class("soft small")
            .children((span().children(l.t("asks-against")), " ", release_link(l, &active.digest, &active.version)))
            .into()
    });
    let new: View = if difference.beyond_approved.is_empty() {
        p().class("nothing-waits").children((icon(Icon::Check), span().children(l.t("asks-nothing-new")))).into()
    } else {
        wants(l, Wanted::New, &difference.beyond_approved, &because)
    };
    let over: View = if page.over_ceiling.is_empty() {
        View::new()
    } else {
        div()
            .class("over-ceiling")
            .attr("data-test", "over-ceiling")
            .children((
                p().children(strong().children(l.t("asks-over-ceiling"))),
                wants(l, Wanted::Refused, &page.over_ceiling, &|_| None),
            ))
            .into()
    };
    let gone: View = if difference.no_longer.is_empty() {
        View::new()
    } else {
        div()
            .class("stack small-gap")
            .children((
                p().class("soft").children(l.t("asks-no-longer")),
                wants(l, Wanted::Gone, &difference.no_longer, &|_| None),
            ))
            .into()
    };
    section_of("asks-title", title, (View::from(compared), div().attr("data-test", "asks").children(new), over, gone))
}

fn all_it_asks(l: Locale, page: &ReleasePage) -> View {
    let because = |want: &Want| why(l, &page.asked.host_reasons, &page.asked.connection_reasons, want);
    let asked = as_wants(&page.asked.rights);
    let list: View = if asked.is_empty() {
        p().class("soft").children(l.t("asked-nothing")).into()
    } else {
        wants(l, Wanted::Plain, &asked, &because)
    };
    let approved = page.approved.as_ref().filter(|approved| **approved != page.asked.rights).map(|approved| {
        let granted = as_wants(approved);
        div()
            .class("stack small-gap")
            .attr("data-test", "approved-part")
            .children((
                p().children(strong().children(l.t("asked-approved-part"))),
                if granted.is_empty() {
                    p().class("soft").children(l.t("asked-approved-nothing")).into()
                } else {
                    wants(l, Wanted::Plain, &granted, &|_| None)
                },
            ))
            .into()
    });
    let functions: View = if page.asked.functions.is_empty() {
        View::new()
    } else {
        let all: Vec<View> = page
            .asked
            .functions
            .iter()
            .map(|function| li().children(code().children(function.clone())).into())
            .collect();
        div()
            .class("stack small-gap")
            .attr("data-test", "functions")
            .children((p().class("soft").children(l.t("asked-functions")), ul().class("code-list").children(all)))
            .into()
    };
    section_of("asked-title", l.t("asked-title"), (list, View::from(approved), functions))
}

fn tests(l: Locale, page: &ReleasePage) -> View {
    if page.self_test.is_empty() {
        return section_of("tests-title", l.t("tests-title"), p().class("soft").children(l.t("tests-none")));
    }
    let total = i64::try_from(page.self_test.len()).unwrap_or(i64::MAX);
    let passed = page.self_test.iter().filter(|case| case.error.is_none()).count();
    let passed = i64::try_from(passed).unwrap_or(i64::MAX);
    let tone = if passed == total { Tone::Ok } else { Tone::Danger };
    let cases: Vec<View> = page
        .self_test
        .iter()
        .map(|case| {
            let failed = case.error.is_some();
            let mark = if failed { icon(Icon::Cross) } else { icon(Icon::Check) };
            let word = if failed { l.t("tests-failed") } else { l.t("tests-passed") };
            let kind = (case.kind == TestKind::Recording).then(|| chip(Tone::Neutral, l.t("tests-recording")));
            let error = case.error.clone().map(|error| p().class("mono small").children(error).into());
            li().class(if failed { "case failed" } else { "case" })
                .children((
                    mark,
                    span().class("visually-hidden").children(word),
                    div().children((span().children(case.name.clone()), " ", View::from(kind), View::from(error))),
                ))
                .into()
        })
        .collect();
    section_of(
        "tests-title",
        l.t("tests-title"),
        (
            div().children(chip(tone, l.with("release-test", &[("passed", passed.into()), ("total", total.into())]))),
            ul().class("cases").children(cases),
        ),
    )
}

fn usage(l: Locale, page: &ReleasePage) -> View {
    if page.usage.is_empty() {
        return View::new();
    }
    let heads = vec![
        l.t("usage-tool"),
        l.t("figures-calls"),
        l.t("figures-errors"),
        l.t("figures-refusals"),
        l.t("usage-computing"),
        l.t("usage-traffic"),
        l.t("usage-storage"),
    ];
    let rows = page
        .usage
        .iter()
        .map(|tool| {
            vec![
                code().children(tool.tool.clone()).into(),
                format::number(l, tool.calls).into(),
                format::number(l, tool.failures).into(),
                format::number(l, tool.refusals).into(),
                (
                    span().children(format::duration(l, tool.cpu_millis.unsigned_abs())),
                    span().class("soft small block").children(format::bytes(l, tool.peak_memory_bytes)),
                )
                    .into(),
                traffic(l, tool),
                format::bytes(l, tool.storage_bytes).into(),
            ]
        })
        .collect();
    section_of("usage-title", l.t("usage-month"), data_table(l.t("usage-month"), heads, rows))
}

/// What a tool did with other hosts; most do nothing.
fn traffic(l: Locale, tool: &ToolUsage) -> View {
    if tool.requests == 0 {
        return "–".into();
    }
    let number = format::number(l, tool.requests);
    let line = |key, bytes| {
        span().class("soft small block").children(l.with(key, &[("size", format::bytes(l, bytes).into())]))
    };
    (
        span().children(l.with("usage-requests", &[("count", tool.requests.into()), ("number", number.into())])),
        line("usage-egress", tool.egress_bytes),
        line("usage-ingress", tool.ingress_bytes),
    )
        .into()
}

fn facts(l: Locale, page: &AdminRelease) -> View {
    let (page, release) = (&page.page, &page.page.release);
    let list = |items: &[String]| if items.is_empty() { "–".to_owned() } else { items.join(", ") };
    let decided = page.decided_by.as_ref().map(|by| {
        let at = page.decided_at.as_ref().map(|at| moment(l, at));
        fact(l.t("release-decided"), span().children((who(l, by), " · ", View::from(at))))
    });
    let reference = page.reference.clone().map(|reference| fact(l.t("release-reference"), code().children(reference)));
    let key = release.publisher.key.as_ref().map(|key| fact(l.t("publisher-key"), copyable(l, key)));
    section_of(
        "facts-title",
        l.t("facts-title"),
        dl().class("facts stacked").children((
            fact(
                l.t("release-publisher"),
                span().children((
                    publisher_chip(l, &release.publisher),
                    span().class("soft small block").children(trust_words(l, &release.publisher)),
                )),
            ),
            View::from(key),
            fact(l.t("release-digest"), copyable(l, &release.digest)),
            fact(l.t("admin-agents"), format::number(l, release.agents)),
            View::from(decided),
            View::from(reference),
            fact(l.t("release-size"), format::bytes(l, release.bytes)),
            fact(l.t("release-contract"), code().children(page.contract.clone())),
            fact(l.t("release-exports"), list(&page.exports)),
            fact(l.t("release-imports"), list(&page.imports)),
        )),
    )
}
