//! Releases: what is known of each, what it says and was tested with, how it comes and is approved.

use super::*;

/// Where a release is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseState {
    /// It passed verification and waits for an admin.
    Pending,
    /// An admin refused what it asks. The same bytes can be uploaded again, and are pending again then.
    Rejected,
    /// An admin approved it; it is given to nobody, or to the share of its roll-out.
    Approved,
    /// The release that its niche offers. At most one a niche.
    Active,
    /// Offered no more, and on no agent.
    Retired,
}

/// A release in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseSummary {
    /// `sha256:…`.
    pub digest: String,
    /// Its niche.
    pub niche: String,
    /// Its version.
    pub version: String,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// Size of its component, in bytes.
    pub bytes: i64,
    /// Who published it.
    pub publisher: ReleasePublisher,
    /// How many things it asks that the active release was not approved for; 0 is *the same or fewer*.
    pub asks_more: usize,
    /// By whom it was uploaded.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: String,
    /// Agents on it that are not gone.
    pub agents: i64,
}

/// A release's page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleasePage {
    /// What the list shows.
    #[serde(flatten)]
    pub release: ReleaseSummary,
    /// The version of the contract (`openclaw:niche`) that it was built for, such as `0.1`.
    pub contract: String,
    /// Where its bytes came from, when they were pulled: `registry.example.com/niches/hello:1.2.0`.
    pub reference: Option<String>,
    /// Optional interfaces it exports: `tools`, `onboarding`, `self-test`.
    pub exports: Vec<String>,
    /// What it imports of the platform, beside what every toolchain pulls in.
    pub imports: Vec<String>,
    /// What changed in it, in its publisher's words for customers; empty where it says nothing.
    pub changes: Texts,
    /// What it asks to use, with why.
    pub asked: Asked,
    /// What was approved; absent while it is pending or when it was rejected.
    pub approved: Option<Rights>,
    /// What it may use in the end: asked, approved and within the ceiling. While it is pending: as if all it asks were
    /// approved.
    pub effective: Rights,
    /// What of all it asks the platform's ceiling does not allow, whatever an admin approves.
    pub over_ceiling: Vec<Want>,
    /// What it asks beyond the others.
    pub difference: Difference,
    /// The cases of its self-test as they ran at upload, recordings among them.
    pub self_test: Vec<TestCase>,
    /// By whom it was approved or rejected; the rule is `rule`.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// Why; also why it was retired or rolled back last.
    pub reason: Option<String>,
    /// Its own roll-out, the newest; running or ended.
    pub roll_out: Option<RollOut>,
    /// What was done with its tools in the last 30 days, by all customers, by name of the tool.
    pub usage: Vec<ToolUsage>,
}

/// A release's name among people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseName {
    /// `sha256:…`.
    pub digest: String,
    /// Its version.
    pub version: String,
}

/// Who published a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleasePublisher {
    /// What is known of them.
    pub trust: Trust,
    /// Their name, when they are registered.
    pub name: Option<String>,
    /// The Ed25519 public key that signed it, 64 hexadecimal digits; absent when nothing did.
    pub key: Option<String>,
}

/// What a signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Signed with the key of a registered publisher.
    Verified,
    /// Signed with the key of a publisher who was registered then and is revoked now.
    Revoked,
    /// Signed, and nobody registered the key.
    Unknown,
    /// Not signed.
    Unsigned,
}

/// A case of a self-test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestCase {
    /// Its name.
    pub name: String,
    /// Whether the component tested itself, or a recording was replayed.
    #[serde(default)]
    pub kind: TestKind,
    /// Why it failed; absent when it passed.
    pub error: Option<String>,
}

/// Where a case of a self-test comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TestKind {
    /// The component's own `self-test`.
    #[default]
    Case,
    /// A recorded run that came with the release.
    Recording,
}

/// What was done with one tool of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolUsage {
    /// The tool's name for the model.
    pub tool: String,
    /// Calls.
    pub calls: i64,
    /// Calls that ended in an error of any kind.
    pub failures: i64,
    /// Processor time, in milliseconds.
    pub cpu_millis: i64,
    /// The most memory that one call had, in bytes.
    pub peak_memory_bytes: i64,
    /// Requests sent to other hosts.
    pub requests: i64,
    /// Bytes sent to other hosts.
    pub egress_bytes: i64,
    /// Bytes received from them.
    pub ingress_bytes: i64,
    /// The most that one customer's data took, in bytes.
    pub storage_bytes: i64,
    /// What was wanted and not granted, counted.
    pub refusals: i64,
}

/// Uploads a release by its OCI reference; the platform fetches it, if the registry is one that its settings allow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullRelease {
    /// `registry.example.com/niches/hello:1.2.0`, with or without `oci://` in front, or with `@sha256:…`.
    pub reference: String,
}

/// Approves a release.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approve {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// What is approved: at most what it asks, which is also what an absent one means. Approving again changes it.
    #[serde(default)]
    pub rights: Option<Rights>,
}
