//! The registry's first page: what waits for a person, each niche with its release, the upload, the settings.

use openclaw_api_types::{RegistryNiche, RegistrySettings, ReleaseSummary, RollOut};

use super::{outcome, registry_tabs, release_link, release_path, section_of, title, upload};
use crate::{accent, components::prelude::*, document::RegistryHome, format};

/// It.
pub(super) fn view(l: Locale, page: &RegistryHome) -> View {
    (
        registry_tabs(l, "releases"),
        title(l.t("registry-title")),
        if page.outcome.refused("upload").is_some() { View::new() } else { outcome(l, &page.outcome) },
        waiting(l, page),
        niches(l, &page.niches),
        div().class("registry-tools").children((upload::view(l, &page.outcome), settings(l, page.settings))),
    )
        .into()
}

/// What needs a person: first, and the only thing with a main action.
fn waiting(l: Locale, page: &RegistryHome) -> View {
    if page.pending.is_empty() {
        return p()
            .class("nothing-waits soft")
            .attr("data-test", "nothing-waits")
            .children((icon(Icon::Check), span().children(l.t("waiting-none"))))
            .into();
    }
    let rows: Vec<View> = page
        .pending
        .iter()
        .enumerate()
        .map(|(index, release)| {
            let niche = page.niches.iter().find(|niche| niche.id == release.niche);
            pending(l, release, niche, index == 0)
        })
        .collect();
    let count = i64::try_from(page.pending.len()).unwrap_or(i64::MAX);
    section()
        .class("panel waiting")
        .attr("aria-labelledby", "waiting-title")
        .children((
            h2().class("h4").id("waiting-title").children(l.with("waiting-title", &[("count", count.into())])),
            ul().class("waiting-list").children(rows),
        ))
        .into()
}

fn pending(l: Locale, release: &ReleaseSummary, niche: Option<&RegistryNiche>, first: bool) -> View {
    let name = niche.map_or_else(|| release.niche.clone(), |niche| text_in(l, &niche.name));
    let offered = niche.is_some_and(|niche| niche.active.is_some());
    let more = i64::try_from(release.asks_more).unwrap_or(i64::MAX);
    let asks = match (offered, more) {
        (_, 0) => l.t("waiting-same"),
        (true, _) => l.with("waiting-more", &[("count", more.into())]),
        (false, _) => l.with("waiting-first", &[("count", more.into())]),
    };
    let weight = if first { Weight::Primary } else { Weight::Quiet };
    li().attr("data-test", "pending")
        .children((
            div().class("waiting-what").children((
                p().class("waiting-name").children((
                    strong().children(format!("{name} {}", release.version)),
                    publisher_chip(l, &release.publisher),
                )),
                p().class(if more > 0 { "asks-more" } else { "" }).children(asks),
                p().class("soft small").children((
                    l.with("waiting-uploaded", &[("who", who(l, &release.uploaded_by).into())]),
                    " ",
                    moment(l, &release.uploaded_at),
                )),
            )),
            link_button(weight, release_path(l, &release.digest), l.t("waiting-decide")).attr(
                "aria-label",
                l.with("waiting-decide-label", &[("what", format!("{name} {}", release.version).into())]),
            ),
        ))
        .into()
}

fn niches(l: Locale, niches: &[RegistryNiche]) -> View {
    let content: View = if niches.is_empty() {
        empty(l.t("registry-empty-title"), l.t("registry-empty-text"), ())
    } else {
        let cards: Vec<View> = niches.iter().map(|niche| card(l, niche)).collect();
        div().class("registry-niches").children(cards).into()
    };
    section()
        .class("stack small-gap")
        .attr("aria-labelledby", "niches-title")
        .children((h2().class("h5").id("niches-title").children(l.t("registry-niches")), content))
        .into()
}

fn card(l: Locale, niche: &RegistryNiche) -> View {
    let active = match &niche.active {
        Some(active) => View::from((
            release_link(l, &active.digest, &active.version),
            span()
                .class("soft")
                .children(format!(" · {}", l.with("registry-on-agents", &[("count", active.agents.into())]))),
        )),
        None => span().class("soft").children(l.t("registry-none-active")).into(),
    };
    let counts = niche.counts;
    let others = counts.approved + counts.rejected + counts.retired;
    let waits = (counts.pending > 0)
        .then(|| chip(Tone::Warning, l.with("registry-pending", &[("count", counts.pending.into())])));
    article()
        .class(format!("card niche-card registry-niche {}", accent::class(&niche.accent)))
        .attr("data-test", "registry-niche")
        .attr("data-niche", niche.id.clone())
        .children((
            div().class("niche-card-head").children((
                h3().children((
                    span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                    a().href(l.path(&format!("/admin/niches/{}", niche.id))).children(text_in(l, &niche.name)),
                )),
                View::from(waits),
            )),
            dl().class("facts").children((
                fact(l.t("registry-active"), active),
                fact(l.t("admin-agents"), format::number(l, niche.agents)),
                fact(l.t("registry-others"), format::number(l, others)),
            )),
            View::from(niche.roll_out.as_ref().map(|roll_out| running(l, roll_out))),
        ))
        .into()
}

/// A roll-out that runs: which release, for whom.
pub(super) fn running(l: Locale, roll_out: &RollOut) -> View {
    div()
        .class("running")
        .attr("data-test", "running")
        .children((
            p().class("running-words").children((
                a().href(release_path(l, &roll_out.new.digest)).children(l.with(
                    "registry-running",
                    &[("version", roll_out.new.version.as_str().into()), ("share", i64::from(roll_out.share).into())],
                )),
                span().class("soft small").children((
                    l.with("registry-running-since", &[("who", who(l, &roll_out.started_by).into())]),
                    " ",
                    moment(l, &roll_out.share_at),
                )),
            )),
            share_bar(l, roll_out.share),
        ))
        .into()
}

/// What is decided without a person.
fn settings(l: Locale, settings: RegistrySettings) -> View {
    let on = settings.auto_approve_same_or_fewer;
    let state = if on { chip(Tone::Ok, l.t("settings-on")) } else { chip(Tone::Neutral, l.t("settings-off")) };
    let turn = if on { l.t("settings-turn-off") } else { l.t("settings-turn-on") };
    section_of(
        "settings-title",
        l.t("settings-title"),
        (
            p().children((strong().children(l.t("settings-rule")), " ", state)),
            p().class("soft small").children(l.t("settings-rule-text")),
            post(
                l.path("/admin/registry-settings"),
                vec![("auto", if on { "no" } else { "yes" }.to_owned())],
                submit(Weight::Quiet, turn).attr("data-test", "settings-turn"),
            ),
        ),
    )
}
