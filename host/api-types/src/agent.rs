//! A customer's agents: state, chat, usage, bill.

use super::*;

/// Where an agent is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// Being made.
    Provisioning,
    /// Answering.
    Live,
    /// Stopped; its data stays.
    Suspended,
    /// Gone.
    Destroyed,
    /// Could not be made.
    Failed,
}

/// An agent: `GET /v1/agents` and `GET /v1/agents/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its niche, in the asker's language (`?locale=`).
    pub niche: NicheSummary,
    /// Its tier.
    pub tier: TierSummary,
    /// Its model.
    pub model: String,
    /// Whether the model is the demo model.
    pub demo_model: bool,
    /// Where it is.
    pub state: AgentState,
    /// Why it is suspended or failed: a stable word.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: String,
    /// When it first answered.
    pub live_at: Option<String>,
    /// When its gateway last told of itself.
    pub heartbeat_at: Option<String>,
    /// The link to its Telegram bot.
    pub telegram_url: Option<String>,
    /// What Telegram said about its bot token when it was not good: `unauthorized`, `conflict`.
    pub telegram_error: Option<String>,
    /// The answers it was made from, as people write them.
    pub profile: Vec<SummaryLine>,
    /// Sentences to try.
    pub suggestions: Vec<String>,
    /// What was used and what may be.
    pub usage: Option<Usage>,
    /// Its subscription, if it has one.
    pub subscription: Option<Subscription>,
}

/// This period's usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// When the period began.
    pub starts_at: String,
    /// When it ends.
    pub ends_at: String,
    /// Tokens used.
    pub used: i64,
    /// Tokens that may be used.
    pub limit: i64,
    /// A row a day, without days on which nothing was used.
    pub days: Vec<UsageDay>,
}

/// A day's usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageDay {
    /// `YYYY-MM-DD`, in UTC.
    pub day: String,
    /// Tokens used.
    pub tokens: i64,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription {
    /// `active`, `past_due`, `canceled`.
    pub state: String,
    /// When the paid time ends.
    pub current_period_end: Option<String>,
    /// Whether it then ends for good.
    pub cancel_at_period_end: bool,
    /// Whether this is a demo subscription of `dev`.
    pub demo: bool,
}

/// Says something to the agent: `POST /v1/agents/{id}/chat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Say {
    /// 1 to 4,096 characters.
    pub text: String,
}

/// The chat: `GET /v1/agents/{id}/chat?after=…`, and each change as a server-sent event `chat` (an item) or `typing`
/// of `GET /v1/agents/{id}/chat/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ChatItem {
    /// Something said.
    Message(ChatMessage),
    /// A tool that was called.
    Tool(ToolCall),
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatMessage {
    /// Rising.
    pub id: i64,
    /// Who wrote it.
    pub author: Speaker,
    /// What.
    pub text: String,
    /// When.
    pub sent_at: String,
}

/// A tool call, as a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// Its id.
    pub id: String,
    /// The tool's name for the model.
    pub tool: String,
    /// The tool's name for people.
    pub title: String,
    /// The arguments, each as `name: value` in people's words.
    pub inputs: Vec<(String, String)>,
    /// The result.
    pub result: String,
    /// `ok`, or the error's code.
    pub outcome: String,
    /// How long the sandbox took, in microseconds.
    pub micros: i64,
    /// When.
    pub called_at: String,
}
