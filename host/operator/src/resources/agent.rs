//! `Agent`: one assistant of one customer, as it should run.

// KubeSchema repeats the struct where nobody reaches it, and each column has a type.
#![allow(unreachable_pub, clippy::duplicated_attributes)]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Conditions, ReleaseName, conditions};

/// What should run. Whoever makes one by hand needs no account at the platform for its customer: they get one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "openclaw.cloud",
    version = "v1alpha1",
    kind = "Agent",
    doc = "One assistant of one customer: what should run, and what does.",
    namespaced,
    status = "AgentStatus",
    derive = "PartialEq",
    shortname = "oca",
    category = "openclaw",
    selectable = ".spec.customer",
    selectable = ".spec.niche",
    printcolumn(name = "Customer", type_ = "string", json_path = ".spec.customer"),
    printcolumn(name = "Niche", type_ = "string", json_path = ".spec.niche"),
    printcolumn(name = "Release", type_ = "string", json_path = ".status.release.version"),
    printcolumn(name = "Tier", type_ = "string", json_path = ".spec.tier"),
    printcolumn(name = "Runtime", type_ = "string", json_path = ".spec.runtime"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Waiting for", type_ = "string", json_path = ".status.waitingFor", priority = 1),
    printcolumn(name = "Namespace", type_ = "string", json_path = ".status.namespace", priority = 1),
    // 63 characters are what Kubernetes allows; `agent-`, a hyphen and eight digits are added to it.
    validation = Rule::new("self.metadata.name.size() <= 48").message("an agent's name has at most 48 characters: its namespace is named after it"),
    validation = Rule::new("!self.metadata.name.contains('.')").message("an agent's name has no dots: its namespace is named after it")
)]
#[serde(rename_all = "camelCase")]
pub struct AgentSpec {
    /// E-mail address of the customer it belongs to.
    #[schemars(length(max = 254), regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("an agent stays its customer's: make another one for another customer"))]
    pub customer: String,
    /// Its niche, by name.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("an agent stays in its niche: make another one for another niche"))]
    pub niche: String,
    /// The digest of the release it is kept at. Without one it has what its niche offers.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its tier, by name.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub tier: String,
    /// What its gateway is.
    #[serde(default)]
    pub runtime: Runtime,
    /// Its language.
    #[serde(default)]
    pub locale: Locale,
    /// Its model. Without one it has the platform's usual one.
    #[schemars(length(min = 1, max = 128))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it is reached in Telegram. The dashboard's chat is always there.
    #[serde(default)]
    #[x_kube(
        validation = Rule::new("self.mode != 'direct' || has(self.botToken)").message("telegram.mode direct needs telegram.botToken: its gateway then speaks to Telegram itself")
    )]
    pub telegram: Telegram,
    /// Whether it is stopped. Its data stays.
    #[serde(default)]
    pub suspended: bool,
}

/// What a gateway is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// Ours: small, and keeps nothing on disk.
    #[default]
    Native,
    /// OpenClaw itself, with a volume for its state.
    Openclaw,
}

/// A language of the platform's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Portuguese.
    #[default]
    Pt,
    /// English.
    En,
}

/// How an agent is reached in Telegram.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Telegram {
    /// Who speaks to Telegram.
    #[serde(default)]
    pub mode: TelegramMode,
    /// The Telegram users who may talk to it, as far as its tier's seats go. Their ids have at most 52 bits.
    #[schemars(length(max = 100), inner(range(min = 1, max = 4503599627370495i64)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<i64>,
    /// Where the token of its bot is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token: Option<BotToken>,
}

/// Who speaks to Telegram for an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TelegramMode {
    /// The platform's relay, which alone knows the bot's token.
    #[default]
    Relay,
    /// Its gateway, which then may reach Telegram's published networks.
    Direct,
}

/// A key of a Secret in the namespace of the `Agent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotToken {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub secret: String,
    /// The key in it.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// What does run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatus {
    /// The generation of the spec that this status is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where it is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AgentPhase>,
    /// What its phase waits for, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// The release it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseName>,
    /// The mark of the configuration that this status is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_config: Option<String>,
    /// The namespace with everything that is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[allow(missing_docs)] // Its schema has a description of its own.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Conditions,
}

/// Where an agent is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AgentPhase {
    /// Being made.
    Provisioning,
    /// Answering.
    Live,
    /// Scaled to nothing until somebody writes.
    Asleep,
    /// Stopped; its data stays.
    Suspended,
    /// Could not be made, or does not stay; a person must look.
    Failed,
    /// Being removed.
    Destroying,
}
