//! A customer's agents.

use openclaw_api_types::{Agent, AgentState};

use crate::{accent, components::prelude::*, document::AgentsPage, format};

/// They.
pub(crate) fn view(l: Locale, page: AgentsPage) -> View {
    let (gone, here): (Vec<&Agent>, Vec<&Agent>) =
        page.agents.iter().partition(|agent| agent.state == AgentState::Destroyed);
    let cards: Vec<View> = here.into_iter().map(|agent| card(l, agent)).collect();
    let list: View = if cards.is_empty() {
        empty(
            l.t("agents-empty-title"),
            l.t("agents-empty-text"),
            link_button(Weight::Primary, format!("{}#niches", l.path("")), l.t("landing-choose")),
        )
    } else {
        div().class("cards").children(cards).into()
    };
    let gone = if gone.is_empty() {
        View::new()
    } else {
        let rows: Vec<View> = gone
            .into_iter()
            .map(|agent| {
                li().children((
                    a().href(l.path(&format!("/agents/{}", agent.id))).children(agent.niche.name.clone()),
                    " ",
                    state_chip(l, agent.state),
                ))
                .into()
            })
            .collect();
        section()
            .class("gone")
            .children((h2().class("h4").children(l.t("agents-gone")), ul().class("plain-list").children(rows)))
            .into()
    };
    div().class("stack page").children((h1().class("h2").children(l.t("agents-title")), list, gone)).into()
}

fn card(l: Locale, agent: &Agent) -> View {
    let used = agent.usage.as_ref().map(|usage| {
        p().class("soft small")
            .children(l.with(
                "agents-used",
                &[("used", format::number(l, usage.used).into()), ("limit", format::number(l, usage.limit).into())],
            ))
            .into()
    });
    article()
        .class(format!("card niche-card {}", accent::class(&agent.niche.accent)))
        .attr("data-test", "agent-card")
        .children((
            div().class("niche-card-head").children((
                h2().class("h4").children((
                    span().class("emoji").attr("aria-hidden", "true").children(agent.niche.icon.clone()),
                    agent.niche.name.clone(),
                )),
                state_chip(l, agent.state),
            )),
            p().class("soft").children(state_words(l, agent)),
            View::from(used),
            a().class("card-link")
                .href(l.path(&format!("/agents/{}", agent.id)))
                .children((l.with("agents-open", &[("name", agent.niche.name.as_str().into())]), icon(Icon::Arrow))),
        ))
        .into()
}

/// Where an agent is, in a word.
pub(crate) fn state_chip(l: Locale, state: AgentState) -> View {
    let (tone, key) = match state {
        AgentState::Provisioning => (Tone::Info, l.t("agent-provisioning")),
        AgentState::Live => (Tone::Ok, l.t("agent-live")),
        AgentState::Suspended => (Tone::Warning, l.t("agent-suspended")),
        AgentState::Destroyed => (Tone::Neutral, l.t("agent-destroyed")),
        AgentState::Failed => (Tone::Danger, l.t("agent-failed")),
    };
    chip(tone, key)
}

/// Whether the customer cancelled and the agent is being shut down.
pub(crate) fn is_ending(agent: &Agent) -> bool {
    let canceled = agent.subscription.as_ref().is_some_and(|subscription| subscription.state == "canceled");
    canceled && agent.state != AgentState::Destroyed
}

/// Where an agent is and what that means, in a sentence.
pub(crate) fn state_words(l: Locale, agent: &Agent) -> String {
    let reason = agent.reason.as_ref().and_then(|reason| l.find(&format!("agent-reason-{reason}"), &[]));
    match agent.state {
        AgentState::Provisioning => l.t("agent-provisioning-text"),
        AgentState::Live if is_ending(agent) => l.t("agent-ending-text"),
        AgentState::Live if agent.telegram_url.is_some() => l.t("agent-live-text"),
        AgentState::Live => l.t("agent-live-web-text"),
        AgentState::Suspended => reason.unwrap_or_else(|| l.t("agent-suspended-text")),
        AgentState::Destroyed => l.t("agent-destroyed-text"),
        AgentState::Failed => reason.unwrap_or_else(|| l.t("agent-failed-text")),
    }
}
