//! The admin page, `openclaw-cloud niche install`, and the internal routes. All behind the admin token.

use super::*;

/// `POST /internal/provision`: an agent without a checkout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provision {
    /// The customer; made if unknown.
    pub customer_email: String,
    /// The agent's own bot; absent for the web chat alone.
    #[serde(default)]
    pub telegram_bot_token: Option<String>,
    /// Who may talk to it in Telegram.
    #[serde(default)]
    pub telegram_user_id: Option<i64>,
    /// `starter`, `pro`, `team`.
    pub tier: String,
    /// The model; absent for the platform's default.
    #[serde(default)]
    pub model: Option<String>,
    /// The niche.
    pub niche: String,
    /// `pt` (default) or `en`.
    #[serde(default)]
    pub locale: Option<String>,
    /// The customer's answers; absent ones are left out of the persona.
    #[serde(default)]
    pub profile: Vec<ProfileAnswer>,
}

/// An answer given in advance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileAnswer {
    /// The question's id.
    pub question: String,
    /// The answer.
    pub value: String,
}

/// The answer of `/internal/provision` and of `/internal/agents/{id}/…`: 202.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// The agent.
    pub agent: String,
    /// The job; `GET /internal/jobs/{id}`.
    pub job: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// `provision`, `suspend`, …
    pub kind: String,
    /// Its agent.
    pub agent: String,
    /// `queued`, `running`, `done`, `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i32,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was enqueued.
    pub created_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Its steps.
    pub steps: Vec<ProgressStep>,
}

/// A customer's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerRow {
    /// Who.
    #[serde(flatten)]
    pub customer: Customer,
    /// Since when.
    pub created_at: String,
    /// How many agents that are not gone.
    pub agents: i64,
}

/// An agent's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentRow {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: i64,
    /// Whose.
    pub customer_email: String,
    /// Its niche.
    pub niche: String,
    /// Its release.
    pub digest: String,
    /// Its tier.
    pub tier: String,
    /// Where it is.
    pub state: AgentState,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub created_at: String,
    /// When its gateway last told of itself.
    pub heartbeat_at: Option<String>,
    /// Tokens used in the current period.
    pub tokens_used: i64,
    /// Tokens that may be used in it.
    pub token_limit: i64,
}
