//! Publishers: who may sign releases, with which key; registering one, and revoking one for good.

use openclaw_api_types::Publisher;

use super::{outcome, registry_tabs, section_of, title};
use crate::{
    components::prelude::*,
    document::{Outcome, PublishersPage, RevokePage},
    format,
};

/// They.
pub(super) fn view(l: Locale, page: &PublishersPage) -> View {
    (
        registry_tabs(l, "publishers"),
        title(l.t("publishers-title")),
        p().class("soft").children(l.t("publishers-text")),
        outcome(l, &page.outcome),
        list(l, &page.publishers),
        register(l, &page.outcome),
    )
        .into()
}

fn list(l: Locale, publishers: &[Publisher]) -> View {
    if publishers.is_empty() {
        return empty(l.t("publishers-empty-title"), l.t("publishers-empty-text"), ());
    }
    let heads = vec![
        l.t("publisher-name"),
        l.t("publisher-key"),
        l.t("publisher-niches"),
        l.t("publisher-releases"),
        l.t("publisher-registered"),
        l.t("admin-state"),
        l.t("admin-action"),
    ];
    let rows = publishers
        .iter()
        .map(|publisher| {
            let state: View = match &publisher.revoked_at {
                Some(at) => (
                    chip(Tone::Danger, l.t("publisher-revoked")),
                    span().class("soft small block").children((
                        moment(l, at),
                        publisher.revoked_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(),
                    )),
                )
                    .into(),
                None => chip(Tone::Ok, l.t("publisher-valid")),
            };
            let action = if publisher.revoked_at.is_none() {
                link_button(
                    Weight::Danger,
                    l.path(&format!("/admin/publishers/{}/revoke", publisher.id)),
                    l.t("publisher-revoke"),
                )
                .attr("data-test", "revoke")
                .into()
            } else {
                View::new()
            };
            let niches = if publisher.niches.is_empty() { "–".to_owned() } else { publisher.niches.join(", ") };
            vec![
                strong().children(publisher.name.clone()).into(),
                copyable(l, &publisher.key),
                niches.into(),
                format::number(l, publisher.releases).into(),
                (moment(l, &publisher.registered_at), " · ", who(l, &publisher.registered_by)).into(),
                state,
                action,
            ]
        })
        .collect();
    data_table(l.t("publishers-title"), heads, rows)
}

fn register(l: Locale, outcome: &Outcome) -> View {
    let line = |id: &'static str, required: bool, help: Option<&'static str>| -> View {
        input()
            .r#type("text")
            .id(id)
            .name(id)
            .value(outcome.typed("register", id))
            .attr("autocomplete", "off")
            .attr("spellcheck", "false")
            .attr("aria-describedby", help)
            .bool_attr("required", required)
            .into()
    };
    section_of(
        "register-title",
        l.t("register-title"),
        post(
            l.path("/admin/publishers"),
            vec![],
            (
                field("name", l.t("publisher-name"), None, None, line("name", true, None)),
                field(
                    "key",
                    l.t("publisher-key"),
                    Some(l.t("register-key-help")),
                    None,
                    line("key", true, Some("key-help")),
                ),
                field(
                    "niches",
                    l.t("register-niches"),
                    Some(l.t("register-niches-help")),
                    None,
                    line("niches", false, Some("niches-help")),
                ),
                div()
                    .class("actions")
                    .children(submit(Weight::Primary, l.t("register-send")).attr("data-test", "register")),
            ),
        )
        .class("stack narrow-form"),
    )
}

/// Asks before one is revoked.
pub(super) fn revoke(l: Locale, page: &RevokePage) -> View {
    let publisher = &page.publisher;
    let what = l.with("revoke-text", &[("name", publisher.name.as_str().into()), ("count", publisher.releases.into())]);
    div()
        .class("narrow stack")
        .children((
            h1().class("h3").children(l.with("revoke-title", &[("name", publisher.name.as_str().into())])),
            outcome(l, &page.outcome),
            banner(Tone::Warning, p().children(what)),
            p().children(l.t("revoke-final")),
            post(
                l.path(&format!("/admin/publishers/{}/revoke", publisher.id)),
                vec![],
                (
                    reason_field(l, "revoke-reason", &page.outcome.typed("revoke", "reason"), true),
                    div().class("actions").children((
                        submit(Weight::Danger, l.t("revoke-confirm")).attr("data-test", "revoke-confirm"),
                        link_button(Weight::Quiet, l.path("/admin/publishers"), l.t("shell-back-out")),
                    )),
                ),
            )
            .class("stack"),
        ))
        .into()
}
