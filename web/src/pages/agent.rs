//! An agent: the chat first, then its use, its answers, its bill.

use openclaw_api_types::{Agent, AgentState};

use super::{
    agents::{is_ending, state_chip, state_words},
    progress::telegram,
};
use crate::{accent, browser, components::prelude::*, document::AgentPage};

mod chat;

pub(crate) use chat::typing;

/// The dialog that asks before cancelling.
const CANCEL: &str = "cancel-dialog";
/// How often an agent that is on its way in or out is looked at again, in milliseconds.
const AGAIN: i32 = 1_500;

/// It.
pub(crate) fn view(l: Locale, page: AgentPage, now: i64) -> View {
    let agent = page.agent;
    let id = agent.id.clone();
    let usage = create_signal(agent.usage.clone());
    if agent.state == AgentState::Provisioning || is_ending(&agent) {
        let (id, state) = (id.clone(), agent.state);
        on_mount(move || look_again(l, id, state));
    }
    let gone = agent.state == AgentState::Destroyed;
    let refresh = {
        let id = id.clone();
        move || {
            let id = id.clone();
            sycamore::futures::spawn_local_scoped(async move {
                if let Ok(agent) = fetch(l, &id).await {
                    usage.set(agent.usage);
                }
            });
        }
    };
    div()
        .class(format!("agent-page {}", accent::class(&agent.niche.accent)))
        .attr("data-test", "agent")
        .attr("data-state", format!("{:?}", agent.state).to_lowercase())
        .children((
            head(l, &agent),
            div().class("agent-columns").children((
                chat::view(l, &agent, page.chat, refresh),
                aside().class("agent-side").children((
                    if gone { View::new() } else { (usage_panel(l, *usage, now), telegram_panel(l, &agent)).into() },
                    answers(l, &agent),
                    bill(l, &agent),
                )),
            )),
        ))
        .into()
}

async fn fetch(l: Locale, id: &str) -> Result<Agent, openclaw_api_types::Problem> {
    browser::ask("GET", &format!("/v1/agents/{id}?locale={}", l.code()), browser::Body::Empty).await
}

/// Shows the page anew once the agent has left `state`.
fn look_again(l: Locale, id: String, state: AgentState) {
    browser::after(AGAIN, move || {
        sycamore::futures::spawn_local(async move {
            match fetch(l, &id).await {
                Ok(agent) if agent.state != state => browser::go(&l.path(&format!("/agents/{id}"))),
                _ => look_again(l, id, state),
            }
        });
    });
}

fn head(l: Locale, agent: &Agent) -> View {
    header()
        .class("agent-head")
        .children((
            a().class("back")
                .href(l.path("/agents"))
                .children((icon(Icon::Back), span().children(l.t("agents-title")))),
            div().class("agent-title").children((
                h1().class("h2").children((
                    span().class("emoji").attr("aria-hidden", "true").children(agent.niche.icon.clone()),
                    agent.niche.name.clone(),
                )),
                state_chip(l, agent.state),
            )),
            p().class("soft").children(state_words(l, agent)),
        ))
        .into()
}

fn panel(id: &'static str, title: String, content: impl Into<View>) -> View {
    section()
        .class("panel")
        .attr("aria-labelledby", id)
        .children((h2().class("h5").id(id).children(title), content.into()))
        .into()
}

fn usage_panel(l: Locale, usage: ReadSignal<Option<openclaw_api_types::Usage>>, now: i64) -> View {
    panel(
        "usage-title",
        l.t("usage-title"),
        div().children(move || match usage.get_clone() {
            Some(usage) => View::from((usage_bar(l, &usage, now), usage_chart(l, &usage, now))),
            None => View::from(p().class("soft").children(l.t("usage-none"))),
        }),
    )
}

fn telegram_panel(l: Locale, agent: &Agent) -> View {
    let error = agent.telegram_error.as_ref().map(|error| {
        let words = match error.as_str() {
            "unauthorized" => l.t("telegram-unauthorized"),
            "conflict" => l.t("telegram-conflict"),
            _ => l.t("telegram-other"),
        };
        banner(Tone::Warning, p().children(words))
    });
    let content: View = match &agent.telegram_url {
        Some(url) => telegram(l, url.clone()),
        None if error.is_none() => p().class("soft").children(l.t("telegram-none")).into(),
        None => View::new(),
    };
    panel("telegram-title", l.t("telegram-title"), (View::from(error), content))
}

fn answers(l: Locale, agent: &Agent) -> View {
    if agent.profile.is_empty() {
        return View::new();
    }
    let lines: Vec<View> = agent.profile.iter().map(|line| fact(line.label.clone(), line.value.clone())).collect();
    panel(
        "answers-title",
        l.t("answers-title"),
        (dl().class("facts").children(lines), p().class("soft small").children(l.t("answers-note"))),
    )
}

fn bill(l: Locale, agent: &Agent) -> View {
    let Some(subscription) = &agent.subscription else { return View::new() };
    let state =
        l.find(&format!("subscription-{}", subscription.state), &[]).unwrap_or_else(|| subscription.state.clone());
    let running = subscription.state != "canceled";
    let ends = subscription.current_period_end.as_ref().filter(|_| running).map(|end| {
        let label = if subscription.cancel_at_period_end { l.t("bill-ends") } else { l.t("bill-renews") };
        fact(label, when(l, end, Show::Day))
    });
    let open = agent.state != AgentState::Destroyed && running;
    let portal = if subscription.demo {
        banner(Tone::Warning, p().children(l.t("bill-demo")))
    } else {
        post(l.path("/portal"), vec![], submit(Weight::Quiet, l.t("bill-portal"))).into()
    };
    let cancel = if open {
        (
            press(Weight::Danger, l.t("cancel-open"))
                .attr("data-test", "cancel")
                .on(on_event::click, |_| browser::open_dialog(CANCEL)),
            dialog_box(
                l,
                CANCEL,
                l.t("cancel-title"),
                l.t("cancel-text"),
                post(
                    l.path(&format!("/agents/{}/cancel", agent.id)),
                    vec![],
                    submit(Weight::Danger, l.t("cancel-confirm")).attr("data-test", "confirm"),
                ),
            ),
        )
            .into()
    } else {
        View::new()
    };
    panel(
        "bill-title",
        l.t("bill-title"),
        (
            dl().class("facts").children((
                fact(l.t("bill-tier"), tier_name(l, &agent.tier.id)),
                fact(
                    l.t("bill-price"),
                    format!("{} {}", crate::format::money(l, agent.tier.price_cents), l.t("price-per-month")),
                ),
                fact(l.t("bill-state"), state),
                View::from(ends),
            )),
            div().class("stack small-gap").children((portal, cancel)),
        ),
    )
}
