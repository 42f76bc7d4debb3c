//! Every component in every state, to look at.

use openclaw_api_types::{ChatItem, ChatMessage, Progress, ProgressStep, Speaker, ToolCall, Usage, UsageDay};

use super::agent::typing;
use crate::{accent, browser, components::prelude::*, document::DesignPage};

#[cfg(not(target_arch = "wasm32"))]
mod registry;

const DIALOG: &str = "design-dialog";

/// It.
pub(crate) fn view(l: Locale, page: DesignPage) -> View {
    let accents: Vec<View> = page
        .niches
        .iter()
        .map(|niche| {
            span().class(format!("swatch {}", accent::class(&niche.accent))).children(niche.accent.clone()).into()
        })
        .collect();
    let cards: Vec<View> = page.niches.iter().map(|niche| niche_card(l, niche)).collect();
    div()
        .class("design stack")
        .children((
            h1().class("h2").children(l.t("design-title")),
            part(l.t("design-type"), type_scale(l)),
            part(l.t("design-colour"), (swatches(), div().class("swatches").children(accents))),
            part(l.t("design-buttons"), buttons(l)),
            part(l.t("design-fields"), fields(l)),
            part(l.t("design-notices"), notices(l)),
            part(l.t("design-cards"), (div().class("cards").children(cards), price_table(l, &page.tiers))),
            part(l.t("design-chat"), chat(l)),
            part(l.t("design-progress"), progress(l)),
            (
                part(l.t("design-usage"), usage(l)),
                part(l.t("design-table"), table(l)),
                part(l.t("design-skeleton"), div().class("skeleton").children((span(), span(), span()))),
                registry(l),
            ),
        ))
        .into()
}

/// What only an admin's pages have, which the server alone renders.
fn registry(l: Locale) -> View {
    #[cfg(not(target_arch = "wasm32"))]
    return still(move || registry::view(l));
    #[cfg(target_arch = "wasm32")]
    {
        let _ = l;
        still(View::new)
    }
}

fn part(title: String, content: impl Into<View>) -> View {
    section().class("panel").children((h2().class("h4").children(title), content.into())).into()
}

fn type_scale(l: Locale) -> View {
    let all: Vec<View> = ["64", "48", "36", "28", "22", "18", "16", "14", "12"]
        .map(|size| {
            p().class(format!("type type-{size}")).children(format!("{size} {}", l.t("landing-promise"))).into()
        })
        .into();
    all.into()
}

fn swatches() -> View {
    let all: Vec<View> = ["ground", "raised", "line", "soft", "ink", "brand", "ok", "info", "warning", "danger"]
        .map(|name| span().class(format!("swatch swatch-{name}")).children(name).into())
        .into();
    div().class("swatches").children(all).into()
}

fn buttons(l: Locale) -> View {
    let row = |weight: Weight| -> View {
        div()
            .class("actions")
            .children((
                press(weight, l.t("landing-choose")),
                press(weight, l.t("landing-choose")).bool_attr("disabled", true),
                press(weight, l.t("landing-choose")).attr("aria-busy", "true"),
            ))
            .into()
    };
    (
        row(Weight::Primary),
        row(Weight::Quiet),
        row(Weight::Danger),
        div().class("actions").children((
            a().class("card-link").href("#main").children((l.t("landing-how-link"), icon(Icon::Arrow))),
            press(Weight::Quiet, l.t("design-dialog")).on(on_event::click, |_| browser::open_dialog(DIALOG)),
        )),
        dialog_box(
            l,
            DIALOG,
            l.t("cancel-title"),
            l.t("cancel-text"),
            press(Weight::Danger, l.t("cancel-confirm")).on(on_event::click, |_| browser::close_dialog(DIALOG)),
        ),
    )
        .into()
}

fn fields(l: Locale) -> View {
    let line = |id: &'static str| -> View { input().r#type("text").id(id).value("ana@example.com").into() };
    (
        field("design-plain", l.t("sign-in-email"), None, None, line("design-plain")),
        field("design-help", l.t("sign-in-email"), Some(l.t("sign-in-note")), None, line("design-help")),
        field("design-wrong", l.t("sign-in-email"), None, Some(l.t("problem-invalid-email")), line("design-wrong")),
        div().class("choices").children((
            label().class("choice").children((
                input().r#type("radio").name("design").bool_attr("checked", true),
                span().class("choice-text").children((
                    strong().children(l.t("telegram-web-chat")),
                    span().class("soft small").children(l.t("telegram-web-chat-help")),
                )),
            )),
            label().class("choice").children((
                input().r#type("radio").name("design"),
                span().class("choice-text").children(strong().children(l.t("answer-no"))),
            )),
        )),
    )
        .into()
}

fn notices(l: Locale) -> View {
    let tones = [Tone::Neutral, Tone::Ok, Tone::Info, Tone::Warning, Tone::Danger];
    let chips: Vec<View> = tones.map(|tone| chip(tone, l.t("landing-example"))).into();
    let banners: Vec<View> = tones.map(|tone| banner(tone, p().children(l.t("prices-note")))).into();
    (
        div().class("chips").children(chips),
        div().class("stack small-gap").children(banners),
        empty(
            l.t("agents-empty-title"),
            l.t("agents-empty-text"),
            link_button(Weight::Primary, l.path(""), l.t("landing-choose")),
        ),
    )
        .into()
}

/// The moment that everything here happens at.
const THEN: &str = "2026-11-22T14:05:00Z";

fn chat(l: Locale) -> View {
    let message = |id: i64, author: Speaker, text: String| {
        ChatItem::Message(ChatMessage { id, author, text, sent_at: THEN.to_owned() })
    };
    let tool = |outcome: &str| {
        ChatItem::Tool(ToolCall {
            id: outcome.to_owned(),
            tool: "tool".into(),
            title: l.t("design-tool"),
            inputs: vec![(l.t("design-input"), "42".into())],
            result: l.t("design-result"),
            outcome: outcome.to_owned(),
            micros: 38,
            called_at: THEN.to_owned(),
        })
    };
    let name = l.t("map-agent");
    div()
        .class("thread")
        .children((
            chat_item(l, &message(1, Speaker::Person, l.t("question-1")), &name, false),
            chat_item(l, &tool("ok"), &name, false),
            chat_item(l, &message(2, Speaker::Agent, l.t("answer-1")), &name, true),
            chat_item(l, &tool("unavailable"), &name, false),
            typing(l, name),
        ))
        .into()
}

fn progress(l: Locale) -> View {
    let step = |name: &str, started: bool, millis: Option<u64>| ProgressStep {
        name: name.to_owned(),
        started_at: started.then(|| THEN.to_owned()),
        millis,
    };
    let steps = vec![
        step("payment", true, Some(320)),
        step("prepare", true, Some(1_840)),
        step("gateway", true, None),
        step("answering", false, None),
    ];
    let progress = |error: Option<&str>| Progress {
        steps: steps.clone(),
        agent: None,
        state: None,
        telegram_url: None,
        error: error.map(str::to_owned),
    };
    let clock = crate::format::instant(THEN).unwrap_or_default() + 2_300;
    let running = create_signal(progress(None));
    let failed = create_signal(progress(Some("gateway")));
    let clock = create_signal(clock);
    (progress_list(l, *running, *clock), progress_list(l, *failed, *clock)).into()
}

fn usage(l: Locale) -> View {
    let today = crate::format::instant("2026-11-22").unwrap_or_default();
    let usage = |used: i64| Usage {
        starts_at: "2026-11-05T00:00:00Z".into(),
        ends_at: "2026-12-05T00:00:00Z".into(),
        used,
        limit: 1_000_000,
        days: (5..22)
            .filter(|day| day % 7 != 1)
            .map(|day| UsageDay { day: format!("2026-11-{day:02}"), tokens: used / 30 + (day * 7919) % 9_000 })
            .collect(),
    };
    (
        usage_bar(l, &usage(312_480), today),
        usage_bar(l, &usage(790_000), today),
        usage_bar(l, &usage(1_000_000), today),
        usage_bar(l, &usage(0), today),
        usage_chart(l, &usage(312_480), today),
    )
        .into()
}

fn table(l: Locale) -> View {
    data_table(
        l.t("design-table"),
        vec![l.t("admin-email"), l.t("admin-state"), l.t("admin-since")],
        vec![
            vec!["ana@example.com".into(), chip(Tone::Ok, l.t("agent-live")), when(l, THEN, Show::Both)],
            vec!["bruno@example.com".into(), chip(Tone::Warning, l.t("agent-suspended")), when(l, THEN, Show::Both)],
        ],
    )
}
