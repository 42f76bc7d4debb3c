//! What an admin can do with a release now, and what each step will do to how many agents.

use openclaw_api_types::{ReleaseState, RollOut, RollOutState};

use crate::{components::prelude::*, document::AdminRelease, format};

/// Shares that are one click away, in percent.
const SHARES: [u8; 4] = [5, 25, 50, 100];

/// The steps that the release's state allows.
pub(super) fn steps(l: Locale, page: &AdminRelease) -> View {
    let running = roll_out(page).filter(|roll_out| roll_out.state == RollOutState::Running);
    let complete = roll_out(page).filter(|roll_out| roll_out.state == RollOutState::Complete);
    match (page.page.release.state, running) {
        (ReleaseState::Pending, _) => {
            panel(l.t("steps-decide"), Some(l.t("steps-decide-text")), (approve(l, page), reject(l, page)))
        }
        (ReleaseState::Rejected, _) => panel(l.t("steps-rejected"), Some(l.t("steps-rejected-text")), ()),
        (ReleaseState::Approved, Some(roll_out)) => panel(
            l.t("steps-running"),
            None,
            (complete_step(l, page), share(l, page, Some(roll_out)), back(l, page, roll_out)),
        ),
        // Nobody has another release of it that a share could be compared with.
        (ReleaseState::Approved, None) if page.niche.active.is_none() => {
            panel(l.t("steps-first"), Some(l.t("steps-first-text")), (complete_step(l, page), retire(l, page)))
        }
        (ReleaseState::Approved, None) => panel(
            l.t("steps-roll-out"),
            Some(l.t("steps-roll-out-text")),
            (share(l, page, None), at_once(l, page), retire(l, page)),
        ),
        (ReleaseState::Active, _) => {
            let back = complete.map(|roll_out| back(l, page, roll_out));
            panel(l.t("steps-active"), Some(l.t("steps-active-text")), View::from(back))
        }
        (ReleaseState::Retired, _) => {
            panel(l.t("steps-retired"), Some(l.t("steps-retired-text")), share(l, page, None))
        }
    }
}

fn roll_out(page: &AdminRelease) -> Option<&RollOut> {
    page.figures.as_ref().map(|figures| &figures.roll_out).or(page.page.roll_out.as_ref())
}

fn panel(title: String, text: Option<String>, content: impl Into<View>) -> View {
    let text = text.map(|text| p().class("soft").children(text).into());
    section()
        .class("panel steps-panel")
        .attr("aria-labelledby", "steps-title")
        .children((h2().class("h5").id("steps-title").children(title), View::from(text), content.into()))
        .into()
}

fn action(l: Locale, page: &AdminRelease, step: &str) -> String {
    let digest = page.page.release.digest.trim_start_matches("sha256:");
    l.path(&format!("/admin/releases/{digest}/{step}"))
}

fn agents(l: Locale, count: i64) -> String {
    l.with("admin-agents-count", &[("count", count.into())])
}

/// How many of the niche's agents a share is, about: which ones is decided agent by agent.
fn about(page: &AdminRelease, share: u8) -> i64 {
    (page.niche.agents * i64::from(share) + 50) / 100
}

/// A step behind a button of its own, for what is not the main thing to do here.
fn folded(step: &'static str, weight: &'static str, title: String, open: bool, content: impl Into<View>) -> View {
    details()
        .class("act")
        .attr("data-test", step)
        .bool_attr("open", open)
        .children((summary().class(weight).children(title), div().class("act-body").children(content.into())))
        .into()
}

/// Approving: all that it asks, or the part that stays ticked.
fn approve(l: Locale, page: &AdminRelease) -> View {
    let asked = as_wants(&page.page.asked.rights);
    let ticked: Vec<View> = asked
        .iter()
        .map(|want| {
            label()
                .class("tick")
                .children((
                    input().r#type("checkbox").name("right").value(right_name(want)).bool_attr("checked", true),
                    span().children(want_words(l, want)),
                ))
                .into()
        })
        .collect();
    let part: View = if ticked.is_empty() {
        View::new()
    } else {
        details()
            .class("more")
            .children((
                summary().children(l.t("approve-part")),
                fieldset().class("ticks-list").children((
                    html_legend(l.t("approve-part-text")),
                    input().r#type("hidden").name("parts").value("yes"),
                    ticked,
                )),
            ))
            .into()
    };
    let typed = page.outcome.typed("approve", "reason");
    post(
        action(l, page, "approve"),
        vec![],
        (
            part,
            reason_field(l, "approve-reason", &typed, false),
            p().class("soft small").children(l.t("approve-effect")),
            submit(Weight::Primary, l.t("approve")).attr("data-test", "approve"),
        ),
    )
    .class("stack small-gap")
    .into()
}

fn html_legend(text: String) -> View {
    legend().class("soft small").children(text).into()
}

/// How a want is named among a form's fields.
pub(crate) fn right_name(want: &openclaw_api_types::Want) -> String {
    use openclaw_api_types::Want;
    match want {
        Want::Host { host, .. } => format!("host:{host}"),
        Want::Connection { provider: Some(provider) } => format!("connection:{provider}"),
        Want::Connection { provider: None } => "connections".to_owned(),
        Want::Storage { .. } => "storage".to_owned(),
    }
}

fn reject(l: Locale, page: &AdminRelease) -> View {
    let open = page.outcome.refused("reject").is_some();
    let form = post(
        action(l, page, "reject"),
        vec![],
        (
            p().class("soft small").children(l.t("reject-effect")),
            reason_field(l, "reject-reason", &page.outcome.typed("reject", "reason"), true),
            submit(Weight::Danger, l.t("reject")).attr("data-test", "reject-confirm"),
        ),
    );
    folded("reject", "button danger", l.t("reject-open"), open, form.class("stack small-gap"))
}

fn retire(l: Locale, page: &AdminRelease) -> View {
    let open = page.outcome.refused("retire").is_some();
    let form = post(
        action(l, page, "retire"),
        vec![],
        (
            p().class("soft small")
                .children(l.with("retire-effect", &[("agents", agents(l, page.page.release.agents).into())])),
            reason_field(l, "retire-reason", &page.outcome.typed("retire", "reason"), true),
            submit(Weight::Danger, l.t("retire")).attr("data-test", "retire-confirm"),
        ),
    );
    folded("retire", "button danger", l.t("retire-open"), open, form.class("stack small-gap"))
}

/// Giving it to a share of the agents, for the first time or another one.
fn share(l: Locale, page: &AdminRelease, running: Option<&RollOut>) -> View {
    let now = running.map(|roll_out| roll_out.share);
    let typed = page.outcome.typed("roll-out", "share");
    // The next step up is what one most likely wants.
    let next = SHARES.into_iter().find(|share| now.is_none_or(|now| *share > now)).unwrap_or(100);
    let is_other = typed == "other" || now.is_some_and(|now| now == 100);
    let chosen = |share: u8| if typed.is_empty() { share == next && !is_other } else { typed == share.to_string() };
    let choices: Vec<View> = SHARES
        .into_iter()
        .map(|share| {
            label()
                .class("share-choice")
                .children((
                    input()
                        .r#type("radio")
                        .name("share")
                        .value(share.to_string())
                        .bool_attr("checked", chosen(share))
                        .bool_attr("disabled", now == Some(share)),
                    span().children((
                        strong().children(format!("{share}\u{202f}%")),
                        span().class("soft small block").children(format!("≈ {}", agents(l, about(page, share)))),
                    )),
                ))
                .into()
        })
        .collect();
    let other = label().class("share-choice other").children((
        input().r#type("radio").name("share").value("other").bool_attr("checked", is_other),
        span().children((
            strong().children(l.t("share-other")),
            span().class("with-unit").children((
                input()
                    .r#type("number")
                    .name("other")
                    .value(page.outcome.typed("roll-out", "other"))
                    .attr("min", "1")
                    .attr("max", "100")
                    .attr("inputmode", "numeric")
                    .attr("aria-label", l.t("share-other-label")),
                span().class("unit").children("%"),
            )),
        )),
    ));
    let (title, weight) = match running {
        Some(_) => (l.t("share-change"), Weight::Quiet),
        None => (l.t("share-start"), Weight::Primary),
    };
    let effect = l.with(
        "share-effect",
        &[("agents", agents(l, page.niche.agents).into()), ("version", page.page.release.version.as_str().into())],
    );
    let form = post(
        action(l, page, "roll-out"),
        vec![],
        (
            fieldset().class("shares").children((html_legend(l.t("share-legend")), choices, other)),
            p().class("soft small").children(effect),
            reason_field(l, "share-reason", &page.outcome.typed("roll-out", "reason"), false),
            submit(weight, title).attr("data-test", "roll-out"),
        ),
    )
    .class("stack small-gap");
    match running {
        Some(_) => {
            let open = page.outcome.refused("roll-out").is_some();
            folded("share", "button", l.t("share-open"), open, form)
        }
        None => form.into(),
    }
}

/// Everybody gets it.
fn complete_step(l: Locale, page: &AdminRelease) -> View {
    let rest = (page.niche.agents - page.page.release.agents).max(0);
    let effect =
        l.with("complete-effect", &[("count", rest.into()), ("version", page.page.release.version.as_str().into())]);
    post(
        action(l, page, "complete"),
        vec![],
        (
            p().class("soft small").children(effect),
            submit(Weight::Primary, l.t("complete")).attr("data-test", "complete"),
        ),
    )
    .class("stack small-gap")
    .into()
}

/// Everybody gets it without having seen it do well: possible, and not the main thing.
fn at_once(l: Locale, page: &AdminRelease) -> View {
    let open = page.outcome.refused("complete").is_some();
    let effect = l.with(
        "at-once-effect",
        &[("count", page.niche.agents.into()), ("version", page.page.release.version.as_str().into())],
    );
    let form = post(
        action(l, page, "complete"),
        vec![],
        (
            p().class("soft small").children(effect),
            reason_field(l, "complete-reason", &page.outcome.typed("complete", "reason"), false),
            submit(Weight::Danger, l.t("complete")).attr("data-test", "at-once"),
        ),
    );
    folded("at-once", "button", l.t("at-once-open"), open, form.class("stack small-gap"))
}

/// Everybody returns to the release before.
fn back(l: Locale, page: &AdminRelease, roll_out: &RollOut) -> View {
    let Some(old) = &roll_out.old else { return View::new() };
    let open = page.outcome.refused("roll-back").is_some();
    let count = page.page.release.agents;
    let effect = l.with("back-effect", &[("count", count.into()), ("version", old.version.as_str().into())]);
    let form = post(
        action(l, page, "roll-back"),
        vec![],
        (
            p().class("soft small").children(effect),
            reason_field(l, "back-reason", &page.outcome.typed("roll-back", "reason"), true),
            submit(Weight::Danger, l.t("back")).attr("data-test", "roll-back-confirm"),
        ),
    );
    folded("roll-back", "button danger", l.t("back-open"), open, form.class("stack small-gap"))
}

/// The roll-out in a sentence, for the head of the page.
pub(super) fn roll_out_words(l: Locale, page: &AdminRelease, roll_out: &RollOut) -> String {
    l.with(
        "roll-out-words",
        &[
            ("share", i64::from(roll_out.share).into()),
            ("agents", format::number(l, page.page.release.agents).into()),
            ("all", agents(l, page.niche.agents).into()),
        ],
    )
}
