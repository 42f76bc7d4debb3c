//! The registry's components in every state.

use openclaw_api_types::{ReleasePublisher, ReleaseState, Trust, Want};

use super::part;
use crate::{components::prelude::*, format};

const DIGEST: &str = "sha256:9c41d0a6f36c0a3b9a5f2f6a0b1c2d3e4f5061728394a5b6c7d8e9f001122334";

/// They.
pub(super) fn view(l: Locale) -> View {
    (
        part(l.t("release-version"), chips(l)),
        part(l.t("asked-title"), wishes(l)),
        part(l.t("roll-out-title"), (bars(l), charts(l))),
        part(l.t("steps-decide"), steps(l)),
    )
        .into()
}

fn chips(l: Locale) -> View {
    use ReleaseState::{Active, Approved, Pending, Rejected, Retired};
    let states: Vec<View> = [Pending, Rejected, Approved, Active, Retired].map(|state| release_chip(l, state)).into();
    let publishers: Vec<View> = [Trust::Verified, Trust::Revoked, Trust::Unknown, Trust::Unsigned]
        .map(|trust| publisher_chip(l, &ReleasePublisher { trust, name: Some("Farma Dados".into()), key: None }))
        .into();
    (
        div().class("chips").children(states),
        div().class("chips").children(publishers),
        copyable(l, DIGEST),
        p().children(short_digest(DIGEST)),
    )
        .into()
}

fn wishes(l: Locale) -> View {
    let all = [
        Want::Host { host: "api.example.com".into(), methods: Some(vec!["GET".into(), "POST".into()]) },
        Want::Host { host: "*.example.com".into(), methods: None },
        Want::Connection { provider: Some("google".into()) },
        Want::Storage { more: 4_000_000, total: 5_000_000 },
    ];
    let because = |_: &Want| Some(l.t("want-storage-why"));
    (
        wants(l, Wanted::New, &all, &because),
        div().class("over-ceiling").children(wants(l, Wanted::Refused, &all[..1], &|_| None)),
        wants(l, Wanted::Plain, &all, &because),
        wants(l, Wanted::Gone, &all[..1], &|_| None),
    )
        .into()
}

fn bars(l: Locale) -> View {
    Vec::from([5, 25, 100].map(|share| share_bar(l, share))).into()
}

fn charts(l: Locale) -> View {
    let values = |level: f64| (0..40_i32).map(|at| (at % 13 != 6).then(|| level + f64::from(at * 7 % 11))).collect();
    let at: Vec<String> = (0..40).map(|minute| format!("2026-11-22T13:{minute:02}:00Z")).collect();
    let chart = |old: bool, new: Vec<Option<f64>>| {
        let old = old.then(|| Line { name: "1.0.0".into(), values: values(30.0) });
        let new = Line { name: "1.1.0".into(), values: new };
        line_chart(l, &Lines { title: l.t("figures-p95"), old, new, at: at.clone(), unit: format::latency })
    };
    div().class("charts").children((chart(true, values(24.0)), chart(false, vec![None; 40]))).into()
}

fn steps(l: Locale) -> View {
    let tick = |checked: bool| -> View {
        label()
            .class("tick")
            .children((
                input().r#type("checkbox").bool_attr("checked", checked),
                span().children(want_words(l, &Want::Connection { provider: Some("google".into()) })),
            ))
            .into()
    };
    let share = |id: &'static str, checked: bool, disabled: bool| -> View {
        label()
            .class("share-choice")
            .children((
                input()
                    .r#type("radio")
                    .name("design-share")
                    .bool_attr("checked", checked)
                    .bool_attr("disabled", disabled),
                span().children(id),
            ))
            .into()
    };
    (
        div().class("shares").children((
            share("5 %", false, true),
            share("25 %", true, false),
            share("50 %", false, false),
        )),
        div().children((tick(true), tick(false))),
        reason_field(l, "design-reason", "", false),
        details().class("act").children((
            summary().class("button danger").children(l.t("reject-open")),
            div().class("act-body").children(p().children(l.t("reject-effect"))),
        )),
        div().class("moving").bool_attr("data-stale", true),
        p().class("stale small").children(l.t("figures-stale")),
    )
        .into()
}
