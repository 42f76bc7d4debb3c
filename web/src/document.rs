//! What a page shows: made by the server, rendered there, and sent along so that the browser builds the same.

use openclaw_api_types::{
    Agent, ChatItem, Checkout, Conversation, Customer, NicheDetail, NicheSummary, Onboarding, OutboxMail, Problem,
    Progress, Question, SummaryLine, TierSummary,
};
use serde::{Deserialize, Serialize};

use crate::Locale;

mod admin;

pub(crate) use admin::*;

/// A page with what stands around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its language.
    pub locale: Locale,
    /// Its address behind the language, with the query; empty for the first page.
    pub path: String,
    /// Who is signed in.
    pub customer: Option<Customer>,
    /// Whether this is `dev`, where mail goes to the outbox and payment is a demo.
    pub dev: bool,
    /// When the server rendered it, in milliseconds since 1970.
    pub now: i64,
    /// What it shows.
    pub page: Page,
}

/// The pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is named for its address and documented at its type")]
pub enum Page {
    Landing(Box<Landing>),
    Niche(Box<NichePage>),
    Question(Box<QuestionPage>),
    Summary(Box<SummaryPage>),
    Plan(Box<PlanPage>),
    SignIn(SignInPage),
    UseLink(UseLinkPage),
    Mailed(MailedPage),
    Outbox(OutboxPage),
    DemoCheckout(Box<DemoCheckoutPage>),
    Progress(Box<ProgressPage>),
    Agents(AgentsPage),
    Agent(Box<AgentPage>),
    /// The server alone renders it, so the browser is not told what it shows.
    Admin(#[serde(skip)] Option<Box<AdminPage>>),
    Design(Box<DesignPage>),
    Message(MessagePage),
}

/// The first page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landing {
    /// The marketplace.
    pub niches: Vec<NicheSummary>,
    /// The conversation beside the promise: the first example of the first niche for sale.
    pub hero: Option<Hero>,
    /// The prices.
    pub tiers: Vec<TierSummary>,
}

/// A conversation and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hero {
    /// Whose.
    pub niche: NicheSummary,
    /// It.
    pub conversation: Conversation,
}

/// A niche.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NichePage {
    /// It.
    pub niche: NicheDetail,
    /// The prices.
    pub tiers: Vec<TierSummary>,
}

/// One question of an interview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionPage {
    /// The interview so far.
    pub onboarding: Onboarding,
    /// What is asked.
    pub question: Question,
    /// What was answered before, or just refused.
    pub value: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// The end of an interview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryPage {
    /// The interview.
    pub onboarding: Onboarding,
    /// What was said.
    pub lines: Vec<SummaryLine>,
}

/// The choice of a tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanPage {
    /// The interview that it follows.
    pub onboarding: Onboarding,
    /// The tiers.
    pub tiers: Vec<TierSummary>,
    /// The tier that was chosen, when signing in is what is left to do.
    pub chosen: Option<String>,
    /// What went wrong.
    pub problem: Option<Problem>,
}

/// Asking for a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignInPage {
    /// Where to go on afterwards.
    pub next: Option<String>,
    /// What went wrong.
    pub problem: Option<Problem>,
}

/// Using a link. A page of its own with a button, because mail scanners open links too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UseLinkPage {
    /// Whether this browser asked for a link, so that it goes on by itself. One that did not may have been sent
    /// another's link, to be signed in to another's account.
    pub asked_here: bool,
    /// The link's secret.
    pub token: String,
}

/// A link was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailedPage {
    /// Where to.
    pub email: String,
}

/// The mail of `dev`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxPage {
    /// Newest first.
    pub mails: Vec<OutboxMail>,
}

/// The checkout of `dev`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoCheckoutPage {
    /// It.
    pub checkout: Checkout,
    /// The niche, as far as the API still knows it.
    pub niche: Option<NicheSummary>,
}

/// From payment to a live agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgressPage {
    /// The checkout.
    pub checkout: Checkout,
    /// How far it is.
    pub progress: Progress,
}

/// A customer's agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentsPage {
    /// Them.
    pub agents: Vec<Agent>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentPage {
    /// It.
    pub agent: Agent,
    /// What was said, oldest first.
    pub chat: Vec<ChatItem>,
}

/// Every component in every state, on made-up data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignPage {
    /// The tiers to show, if the API is there.
    pub tiers: Vec<TierSummary>,
    /// The niches to show, if the API is there.
    pub niches: Vec<NicheSummary>,
}

/// A page that only says something: not found, away, went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessagePage {
    /// What kind.
    pub kind: MessageKind,
    /// The API's problem, for [`MessageKind::Problem`].
    pub problem: Option<Problem>,
}

/// What a message page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// There is no such page.
    NotFound,
    /// The API is away.
    Away,
    /// Rendering went wrong.
    Broken,
    /// The API refused.
    Problem,
}

impl MessageKind {
    pub(crate) fn title_key(self) -> &'static str {
        match self {
            Self::NotFound => "message-not-found-title",
            Self::Away => "message-away-title",
            Self::Broken => "message-broken-title",
            Self::Problem => "message-problem-title",
        }
    }

    pub(crate) fn text_key(self) -> &'static str {
        match self {
            Self::NotFound => "message-not-found-text",
            Self::Away => "message-away-text",
            Self::Broken => "message-broken-text",
            Self::Problem => "problem-other",
        }
    }
}
