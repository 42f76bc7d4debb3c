//! The interview before a customer pays, and the checkout after it.

use super::*;

/// Begins an interview: `POST /v1/onboarding`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeginOnboarding {
    /// The niche.
    pub niche: String,
    /// `pt` or `en`.
    pub locale: String,
}

/// An interview: the answer of every `/v1/onboarding` route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Onboarding {
    /// Its id; also in an HttpOnly cookie.
    pub id: String,
    /// The niche.
    pub niche: NicheSummary,
    /// `pt` or `en`.
    pub locale: String,
    /// The questions answered so far with their answers, in order.
    pub answered: Vec<Answered>,
    /// What comes next.
    pub step: OnboardingStep,
}

/// A question that was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answered {
    /// The question.
    pub question: Question,
    /// The answer as given; for a secret, `provided` or `web-chat`.
    pub value: String,
}

/// What comes next in an interview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OnboardingStep {
    /// A question.
    Ask {
        /// It.
        question: Question,
    },
    /// All is said: choose a tier.
    Done {
        /// The answers as people write them.
        summary: Vec<SummaryLine>,
    },
}

/// A line of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SummaryLine {
    /// The question it belongs to.
    pub question: String,
    /// What it is.
    pub label: String,
    /// The answer.
    pub value: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// Its id.
    pub id: String,
    /// The question.
    pub title: String,
    /// How to answer.
    pub help: Option<String>,
    /// Why it is asked.
    pub why: Option<String>,
    /// An example.
    pub example: Option<String>,
    /// How it is answered.
    pub input: QuestionInput,
    /// Whether an empty answer is taken.
    pub optional: bool,
    /// Its place, from 1.
    pub position: u32,
    /// How many there are, as far as is known.
    pub total: u32,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum QuestionInput {
    /// Words.
    Text {
        /// At least this many characters.
        min: u32,
        /// At most this many.
        max: u32,
        /// Several lines.
        multiline: bool,
    },
    /// One of several; the answer is an option's id.
    Choice {
        /// Them.
        options: Vec<ChoiceOption>,
    },
    /// A whole number.
    Number {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
        /// Its unit.
        unit: Option<String>,
    },
    /// `yes` or `no`.
    YesNo,
    /// A numeric Telegram user id.
    TelegramUser,
    /// A bot token, or `web-chat`. The token is kept encrypted and never sent back.
    TelegramToken,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChoiceOption {
    /// Its id.
    pub id: String,
    /// What people read.
    pub label: String,
    /// A line below it.
    pub help: Option<String>,
}

/// Answers a question: `POST /v1/onboarding/{id}/answers`. Answering an earlier question again drops what came after.
///
/// A refused answer is a 422 problem `invalid-answer` whose `field` is the question and whose `detail` is for the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GiveAnswer {
    /// The question's id.
    pub question: String,
    /// The answer; empty for an optional question that is skipped.
    pub value: String,
}

/// Begins a checkout: `POST /v1/checkout`, signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeginCheckout {
    /// A finished interview.
    pub onboarding: String,
    /// The tier.
    pub tier: String,
}

/// Where to pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutStarted {
    /// The checkout's id; `/{locale}/progress/{id}` shows what happens after it.
    pub id: String,
    /// The page to pay at: Stripe's, or in `dev` without a key `/{locale}/demo-checkout/{id}` of the web.
    pub url: String,
}

/// A checkout: `GET /v1/checkout/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Checkout {
    /// Its id.
    pub id: String,
    /// The tier.
    pub tier: TierSummary,
    /// The niche.
    pub niche: String,
    /// Whether it was paid.
    pub paid: bool,
    /// Whether this is the demo checkout of `dev`: no money moves.
    pub demo: bool,
    /// The agent that was made, once it was.
    pub agent: Option<String>,
}

/// From payment to a live agent: `GET /v1/checkout/{id}/progress`, and each change as a server-sent event
/// `progress` of `GET /v1/checkout/{id}/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The steps: `payment`, then those of the provision job (`prepare`, `persona`, `tokens`, `gateway`, `answering`).
    pub steps: Vec<ProgressStep>,
    /// The agent, once it exists.
    pub agent: Option<String>,
    /// Where it is.
    pub state: Option<AgentState>,
    /// The link to its Telegram bot, if it has one.
    pub telegram_url: Option<String>,
    /// Why it failed, if it did: a stable word.
    pub error: Option<String>,
}

/// A step with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProgressStep {
    /// A stable word; the web has its words for people.
    pub name: String,
    /// When it began.
    pub started_at: Option<String>,
    /// How long it took, in milliseconds, once it is done.
    pub millis: Option<u64>,
}
