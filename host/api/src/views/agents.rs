//! Agents: what their customers and admins see of them.

use openclaw_api_types::{
    Agent, AgentRow, AgentState, ChatMessage, Speaker, Subscription, SummaryLine, ToolCall, Usage, UsageDay,
};
use openclaw_platform::{
    agents::{self, AgentOverview},
    billing, relay, tiers, tool_calls,
    usage::{self, Period},
};
use openclaw_plugins::Tool;
use serde_json::Value;

use super::{instant, niches, summary_lines, tier};
use crate::{
    AppState,
    error::{ApiError, Result},
    interview::{self, Next, replay},
    locale::Locale,
    niches::Description,
};

pub(crate) fn agent_state(state: agents::AgentState) -> AgentState {
    match state {
        agents::AgentState::Provisioning => AgentState::Provisioning,
        agents::AgentState::Live => AgentState::Live,
        agents::AgentState::Suspended => AgentState::Suspended,
        agents::AgentState::Destroyed => AgentState::Destroyed,
        agents::AgentState::Failed => AgentState::Failed,
    }
}

/// All that its customer sees of an agent, in `locale`.
pub(crate) async fn agent(state: &AppState, agent: agents::Agent, locale: Locale) -> Result<Agent> {
    let db = &state.db;
    let described = described(state, &agent, locale).await;
    let period = usage::current_period(db, agent.id).await?;
    Ok(Agent {
        niche: described.as_ref().map_or_else(|| niches::unnamed(&agent.niche), |d| niches::summary(&d.entry)),
        suggestions: described.map(|d| d.entry.suggestions.clone()).unwrap_or_default(),
        profile: profile(state, &agent, locale).await,
        tier: tier(tiers::find(db, &agent.tier).await?.ok_or(ApiError::NotFound("tier"))?),
        usage: match period {
            Some(period) => Some(self::usage(state, agent.id, period).await?),
            None => None,
        },
        subscription: billing::subscription_of_agent(db, agent.id).await?.map(|s| Subscription {
            state: s.state,
            current_period_end: s.current_period_end.map(instant),
            cancel_at_period_end: s.cancel_at_period_end,
            demo: state.settings.stripe_secret_key.is_none(),
        }),
        telegram_url: telegram_url(&agent),
        telegram_error: relay::telegram_error(db, agent.id).await?,
        id: agent.id.to_string(),
        demo_model: state.has_demo_model(),
        model: agent.model,
        state: agent_state(agent.state),
        reason: agent.reason,
        created_at: instant(agent.created_at),
        live_at: agent.live_at.map(instant),
        heartbeat_at: agent.heartbeat_at.map(instant),
    })
}

/// The link to the agent's own bot, once Telegram said its name.
pub(crate) fn telegram_url(agent: &agents::Agent) -> Option<String> {
    agent.bot_username.as_ref().map(|name| format!("https://t.me/{name}"))
}

/// What the agent's release says of itself. An agent is shown although its niche does not answer.
async fn described(state: &AppState, agent: &agents::Agent, locale: Locale) -> Option<std::sync::Arc<Description>> {
    let ask = async { state.niches.describe(&state.niches.release(agent.digest).await?, locale).await };
    ask.await.inspect_err(|error| tracing::warn!(agent = %agent.id, %error, "an agent's niche does not answer")).ok()
}

/// The answers as people write them; as they were given when the niche does not say how.
async fn profile(state: &AppState, agent: &agents::Agent, locale: Locale) -> Vec<SummaryLine> {
    let ask = async {
        let release = state.niches.release(agent.digest).await?;
        replay(&release, &agent.profile, locale).await
    };
    if let Ok(interview::Asked { next: Next::Done(lines), .. }) = ask.await {
        return summary_lines(lines);
    }
    agent
        .profile
        .iter()
        .map(|a| SummaryLine { question: a.question.clone(), label: words(&a.question), value: a.value.clone() })
        .collect()
}

/// What was used in `period`, day by day.
pub(crate) async fn usage(state: &AppState, agent: openclaw_platform::AgentId, period: Period) -> Result<Usage> {
    let days = usage::daily(&state.db, agent, period.starts_at).await?;
    Ok(Usage {
        starts_at: instant(period.starts_at),
        ends_at: instant(period.ends_at),
        used: period.used,
        limit: period.limit,
        days: days.into_iter().map(|d| UsageDay { day: d.day.to_string(), tokens: d.prompt + d.completion }).collect(),
    })
}

pub(crate) fn agent_row(row: AgentOverview) -> AgentRow {
    AgentRow {
        id: row.agent.id.to_string(),
        number: row.agent.number,
        customer_email: row.customer_email,
        niche: row.agent.niche,
        digest: row.agent.digest.to_string(),
        tier: row.agent.tier,
        state: agent_state(row.agent.state),
        reason: row.agent.reason,
        created_at: instant(row.agent.created_at),
        heartbeat_at: row.agent.heartbeat_at.map(instant),
        tokens_used: row.tokens_used,
        token_limit: row.token_limit,
    }
}

pub(crate) fn message(message: relay::ChatMessage) -> ChatMessage {
    ChatMessage {
        id: message.message_id,
        author: match message.author {
            relay::Author::Person => Speaker::Person,
            relay::Author::Agent => Speaker::Agent,
        },
        text: message.body,
        sent_at: instant(message.sent_at),
    }
}

/// A call as a card; `tools` have the words for its arguments.
pub(crate) fn tool_call(call: tool_calls::ToolCall, tools: &[Tool]) -> ToolCall {
    let tool = tools.iter().find(|t| t.name == call.tool);
    let label = |name: &str| {
        let title = tool.and_then(|t| t.input_schema.get("properties")?.get(name)?.get("title")?.as_str());
        title.map_or_else(|| words(name), str::to_owned)
    };
    let inputs = call.arguments.as_object().into_iter().flatten();
    ToolCall {
        id: call.id.to_string(),
        inputs: inputs.filter(|(_, v)| !v.is_null()).map(|(name, v)| (label(name), written(v))).collect(),
        tool: call.tool,
        title: call.title,
        result: call.result,
        outcome: call.outcome,
        micros: call.micros,
        called_at: instant(call.called_at),
    }
}

/// An argument as people write it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A name made of words.
fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}
