//! The marketplace.

use super::*;

/// A niche as the marketplace lists it, in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NicheSummary {
    /// Its id.
    pub id: String,
    /// The name people know the trade by.
    pub name: String,
    /// One sentence: what the agent does for whom.
    pub tagline: String,
    /// One emoji.
    pub icon: String,
    /// `#rrggbb`.
    pub accent: String,
    /// Whether it can be bought.
    pub status: NicheStatus,
    /// What it does: about three short lines.
    pub highlights: Vec<String>,
}

/// Whether customers can have a niche.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NicheStatus {
    /// Can be bought.
    Active,
    /// Shown, and not yet for sale.
    ComingSoon,
}

/// A niche's page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NicheDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: NicheSummary,
    /// The release's version.
    pub version: String,
    /// The release's digest, `sha256:…`.
    pub digest: String,
    /// What it will not do.
    pub limits: Vec<String>,
    /// Sentences a new customer can try.
    pub suggestions: Vec<String>,
    /// Conversations that show what it does.
    pub examples: Vec<Conversation>,
    /// Its tools, in people's words.
    pub tools: Vec<ToolSummary>,
    /// What it asks to use.
    pub wishes: Wishes,
}

/// A conversation that shows what an agent does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// What it shows.
    pub title: String,
    /// In order.
    pub turns: Vec<Turn>,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Turn {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said; of a tool, its result in a sentence or two.
    pub text: String,
    /// The tool's title for people, when a tool speaks.
    pub tool: Option<String>,
    /// Where a tool's result comes from.
    pub source: Option<String>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The person who writes.
    Person,
    /// The agent.
    Agent,
    /// A tool, shown as a card.
    Tool,
}

/// A tool in people's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolSummary {
    /// Its name for the model.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// Whether it changes something.
    pub read_only: bool,
}

/// What a niche asks to use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wishes {
    /// Hosts on the internet.
    pub hosts: Vec<HostWish>,
    /// Connections.
    pub connections: Vec<Wish>,
    /// Bytes of storage for a customer's data.
    pub storage_bytes: u64,
}

/// A host on the internet that is asked for, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostWish {
    /// A name, `*.` and a domain, or `*`.
    pub name: String,
    /// HTTP methods that may be sent there, in upper case; `null` for any.
    pub methods: Option<Vec<String>>,
    /// Why.
    pub reason: String,
}

/// One thing asked for, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wish {
    /// The provider.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Whether the agent is useless without it.
    pub required: bool,
}

/// A tier as the price table shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierSummary {
    /// `starter`, `pro`, `team`.
    pub id: String,
    /// A month, in US cents.
    pub price_cents: i64,
    /// Tokens a month.
    pub monthly_tokens: i64,
    /// Telegram users.
    pub telegram_users: i32,
    /// `low`, `medium`, `high`.
    pub thinking: String,
}
