//! A niche in the registry: what is active, what is on its way, its releases, its roll-outs, its trail.

use openclaw_api_types::{RegistryNichePage, ReleaseSummary, RollOut, RollOutState};

use super::{audit, reason::reason_words, registry::running, registry_tabs, release_link, section_of};
use crate::{accent, components::prelude::*, format};

/// Rows of the audit trail that stand here; the rest is a link away.
const LATEST: usize = 12;

/// It.
pub(super) fn view(l: Locale, page: &RegistryNichePage) -> View {
    let niche = &page.niche;
    (
        registry_tabs(l, ""),
        div().class("release-head").children((
            a().class("back")
                .href(l.path("/admin/releases"))
                .children((icon(Icon::Back), span().children(l.t("registry-title")))),
            h1().class("h3").children((
                span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                " ",
                text_in(l, &niche.name),
            )),
            p().class("soft").children(match &niche.active {
                Some(active) => l.with(
                    "niche-active",
                    &[("version", active.version.as_str().into()), ("count", active.agents.into())],
                ),
                None => l.t("registry-none-active"),
            }),
        )),
        View::from(niche.roll_out.as_ref().map(|roll_out| {
            section()
                .class(format!("panel {}", accent::class(&niche.accent)))
                .attr("aria-label", l.t("roll-out-title"))
                .children(running(l, roll_out))
                .into()
        })),
        section_of("niche-releases", l.t("niche-releases"), releases(l, &page.releases)),
        section_of("niche-roll-outs", l.t("niche-roll-outs"), roll_outs(l, &page.roll_outs)),
        section_of(
            "niche-audit",
            l.t("audit-title"),
            (
                audit::table(l, &page.audit[..page.audit.len().min(LATEST)], false),
                a().href(l.path(&format!("/admin/audit?niche={}", niche.id))).children(l.t("audit-all")),
            ),
        ),
    )
        .into()
}

fn releases(l: Locale, releases: &[ReleaseSummary]) -> View {
    let heads = vec![
        l.t("release-version"),
        l.t("admin-state"),
        l.t("release-asks"),
        l.t("release-publisher"),
        l.t("admin-agents"),
        l.t("release-size"),
        l.t("release-uploaded"),
    ];
    let rows = releases
        .iter()
        .map(|release| {
            let more = i64::try_from(release.asks_more).unwrap_or(i64::MAX);
            vec![
                span()
                    .class("version")
                    .children((release_link(l, &release.digest, &release.version), " ", short_digest(&release.digest)))
                    .into(),
                release_chip(l, release.state),
                l.with("release-asks-more", &[("count", more.into())]).into(),
                publisher_chip(l, &release.publisher),
                format::number(l, release.agents).into(),
                format::bytes(l, release.bytes).into(),
                (moment(l, &release.uploaded_at), " · ", who(l, &release.uploaded_by)).into(),
            ]
        })
        .collect();
    data_table(l.t("niche-releases"), heads, rows)
}

fn roll_outs(l: Locale, all: &[RollOut]) -> View {
    if all.is_empty() {
        return p().class("soft").children(l.t("roll-outs-none")).into();
    }
    let heads = vec![
        l.t("release-version"),
        l.t("roll-out-from"),
        l.t("admin-state"),
        l.t("roll-out-share"),
        l.t("roll-out-began"),
        l.t("roll-out-ended"),
        l.t("audit-why"),
    ];
    let rows = all
        .iter()
        .map(|roll_out| {
            vec![
                release_link(l, &roll_out.new.digest, &roll_out.new.version),
                roll_out.old.as_ref().map_or_else(|| "–".into(), |old| release_link(l, &old.digest, &old.version)),
                roll_out_chip(l, roll_out.state),
                format!("{}\u{202f}%", roll_out.share).into(),
                (moment(l, &roll_out.started_at), " · ", who(l, &roll_out.started_by)).into(),
                match (&roll_out.ended_at, &roll_out.ended_by) {
                    (Some(at), Some(by)) => (moment(l, at), " · ", who(l, by)).into(),
                    (Some(at), None) => moment(l, at),
                    _ => "–".into(),
                },
                reason_words(l, roll_out.reason.as_deref(), &roll_out.worse).unwrap_or_else(|| "–".to_owned()).into(),
            ]
        })
        .collect();
    data_table(l.t("niche-roll-outs"), heads, rows)
}

/// Where a roll-out is, in a word.
pub(super) fn roll_out_chip(l: Locale, state: RollOutState) -> View {
    let (tone, label) = match state {
        RollOutState::Running => (Tone::Info, l.t("roll-out-running")),
        RollOutState::Complete => (Tone::Ok, l.t("roll-out-complete")),
        RollOutState::RolledBack => (Tone::Danger, l.t("roll-out-rolled-back")),
        RollOutState::Cancelled => (Tone::Neutral, l.t("roll-out-cancelled")),
    };
    chip(tone, label)
}
