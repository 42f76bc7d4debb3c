//! The registry of niches: releases and what they ask, approvals, roll-outs, publishers, the audit trail. All behind
//! the admin token.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `GET /v1/admin/registry` | | [`List`] of [`RegistryNiche`], by id |
//! | `GET /v1/admin/registry/{niche}` | | [`RegistryNichePage`] |
//! | `GET /v1/admin/releases` | | [`List`] of [`ReleaseSummary`], the newest first; `?niche=` for one niche's |
//! | `POST /v1/admin/releases` | the component (`application/wasm`) or [`PullRelease`] (`application/json`) | [`ReleasePage`], 201 when it is new, 200 when it was there |
//! | `GET /v1/admin/releases/{digest}` | | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/approve` | [`Approve`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/reject` | [`Reason`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/retire` | [`Reason`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/roll-out` | [`StartRollOut`] | [`RollOut`]; begins one, or changes the share of the one that runs |
//! | `POST /v1/admin/releases/{digest}/complete` | [`MaybeReason`] | [`RollOut`]; everybody gets it, and it becomes the active release |
//! | `POST /v1/admin/releases/{digest}/roll-back` | [`Reason`] | [`RollOut`]; everybody returns to the release before, also after `complete` |
//! | `GET /v1/admin/releases/{digest}/figures` | | [`RollOutFigures`]; cheap enough to ask every few seconds |
//! | `GET /v1/admin/audit` | | [`List`] of [`AuditRow`], the newest first; `?niche=`, `?digest=`, `?before={id}`, 100 at a time |
//! | `GET /v1/admin/publishers` | | [`List`] of [`Publisher`], by name |
//! | `POST /v1/admin/publishers` | [`RegisterPublisher`] | [`Publisher`], 201 |
//! | `POST /v1/admin/publishers/{id}/revoke` | [`Reason`] | [`Publisher`] |
//! | `GET`, `PUT /v1/admin/registry-settings` | [`RegistrySettings`] | [`RegistrySettings`] |
//!
//! An upload may carry its publisher's signature in the header `openclaw-signature`: the Ed25519 public key (64
//! hexadecimal digits), a colon, and the signature over the 32 bytes of the component's digest (128 hexadecimal
//! digits). A signature file holds the same line.
//!
//! `{digest}` is `sha256:` and 64 hexadecimal digits. A step that the release's state does not allow is 409 with the
//! problem `wrong-state`; one that another admin's step overtook is the same.
//!
//! Every step is written into the audit trail in the name of `admin`, or of the name in the header `openclaw-admin`
//! (1 to 80 printable characters), and every step may be told why.

use std::collections::BTreeMap;

use super::*;

/// A text in each language: `pt`, `en`.
pub type Texts = BTreeMap<String, String>;

/// A niche as the registry lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistryNiche {
    /// Its id.
    pub id: String,
    /// Its name for people in each language; from the active release, or from the newest when none is active.
    pub name: Texts,
    /// One emoji.
    pub icon: String,
    /// `#rrggbb`.
    pub accent: String,
    /// What customers are offered; absent when no release of it is active.
    pub active: Option<ReleaseSummary>,
    /// The roll-out that runs.
    pub roll_out: Option<RollOut>,
    /// How many of its releases are in which state.
    pub counts: ReleaseCounts,
    /// Its agents that are not gone.
    pub agents: i64,
}

/// How many releases are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseCounts {
    /// Waiting for an admin.
    pub pending: i64,
    /// Refused by an admin.
    pub rejected: i64,
    /// Approved, and not the one that everybody gets.
    pub approved: i64,
    /// The one that everybody gets: 0 or 1.
    pub active: i64,
    /// Offered no more.
    pub retired: i64,
}

/// A niche's page in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistryNichePage {
    /// What the list shows.
    #[serde(flatten)]
    pub niche: RegistryNiche,
    /// Its releases, the newest first.
    pub releases: Vec<ReleaseSummary>,
    /// Its roll-outs, the newest first, the one that runs among them; the last 20.
    pub roll_outs: Vec<RollOut>,
    /// The last 50 rows of its audit trail, the newest first.
    pub audit: Vec<AuditRow>,
}

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

/// What can be asked for, approved and allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rights {
    /// Hosts to reach over HTTPS (a name, `*.` and a domain, or `*`), each with the methods that may be sent there in
    /// upper case; `null` for any method.
    pub hosts: BTreeMap<String, Option<Vec<String>>>,
    /// Providers of connections; `null` for any.
    pub connections: Option<Vec<String>>,
    /// Bytes that one customer's data may take.
    pub storage_bytes: u64,
}

/// What a release asks, with why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked {
    /// Everything, as it would be approved: what [`Approve::rights`] begins with.
    pub rights: Rights,
    /// Why each host, by the pattern in `rights`.
    pub host_reasons: BTreeMap<String, Texts>,
    /// Why each connection, by provider.
    pub connection_reasons: BTreeMap<String, ConnectionReason>,
    /// Functions of WASI beyond what toolchains always pull in, such as `wasi:sockets/tcp#connect`: they are linked to
    /// a world that holds nothing, and are shown so that an admin can ask what they are for.
    pub functions: Vec<String>,
}

/// Why a connection is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionReason {
    /// Whether the agent is useless without it.
    pub required: bool,
    /// Why.
    pub reason: Texts,
}

/// What a release asks beyond what others have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// The active release that it is compared with; absent when there is none, and everything is new then.
    pub active: Option<ReleaseName>,
    /// What it asks that the active release does not ask.
    pub beyond_asked: Vec<Want>,
    /// What it asks that the active release was not approved for: what an admin decides on.
    pub beyond_approved: Vec<Want>,
    /// What the active release was approved for and this one no longer asks.
    pub no_longer: Vec<Want>,
    /// `beyond_approved` as one English sentence, such as “wants in addition: POST to api.example.com, 5 MB storage”,
    /// for the command line and for notices; the page says it in its own language from the list.
    pub words: String,
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

/// One thing that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Want {
    /// To send these methods to a host.
    Host {
        /// Where: a name, `*.` and a domain, or `*`.
        host: String,
        /// Which; `null` for any.
        methods: Option<Vec<String>>,
    },
    /// To use a provider in the customer's name.
    Connection {
        /// The provider; `null` for any.
        provider: Option<String>,
    },
    /// To keep more of one customer's data.
    Storage {
        /// Bytes beyond what there was.
        more: u64,
        /// Bytes in all.
        total: u64,
    },
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

/// A roll-out: a release on its way from nobody to everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollOut {
    /// Its id.
    pub id: String,
    /// Its niche.
    pub niche: String,
    /// The release that is rolled out.
    pub new: ReleaseName,
    /// The release it takes over from; absent when the niche had none.
    pub old: Option<ReleaseName>,
    /// The share of the niche's agents that are to have the new one, in percent: 1 to 100.
    pub share: u8,
    /// Where it is.
    pub state: RollOutState,
    /// When it is taken back by itself.
    pub margins: Margins,
    /// By whom it was begun.
    pub started_by: String,
    /// When.
    pub started_at: String,
    /// When the share changed last: calls are compared from then on.
    pub share_at: String,
    /// By whom it was ended; the platform itself is `platform`.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<String>,
    /// Why it was begun, or, once it has ended, why it ended; in words.
    pub reason: Option<String>,
}

/// Where a roll-out is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RollOutState {
    /// A share of the agents have the new release.
    Running,
    /// Everybody has it.
    Complete,
    /// Everybody went back to the old one: the platform or an admin blamed the new one. Also what a complete one is
    /// after it was taken back.
    RolledBack,
    /// Another release took the niche over while it ran.
    Cancelled,
}

/// By how much the new release may be worse than the old one before it is taken back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Margins {
    /// Calls of the new release before it is judged.
    pub min_calls: u32,
    /// Share of calls that trapped: so much more than the old one's, in percentage points.
    pub traps_points: f64,
    /// Share of calls that ran out of time, likewise.
    pub timeouts_points: f64,
    /// Share of calls in which something was not granted, likewise.
    pub refusals_points: f64,
    /// p95 latency: so many times the old one's.
    pub p95_factor: f64,
    /// Differences of p95 below this many milliseconds are no reason.
    pub p95_floor_ms: u32,
}

/// A roll-out with the figures of both releases, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollOutFigures {
    /// The roll-out.
    pub roll_out: RollOut,
    /// The new release's since the share was changed last, or until the roll-out ended.
    pub new: Figures,
    /// The old release's in the same span; absent when the niche had none.
    pub old: Option<Figures>,
    /// The time that one point of the series covers, in seconds.
    pub step_seconds: u32,
    /// What the platform thinks of it now.
    pub verdict: Verdict,
    /// Why, in words.
    pub verdict_reason: String,
}

/// What comparing two releases came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Too few calls to say.
    TooEarly,
    /// Not worse than its margins allow.
    Fine,
    /// Worse: it is taken back.
    Worse,
}

/// The calls of one release in a span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    /// The release.
    pub release: ReleaseName,
    /// Agents on it now that are not gone.
    pub agents: i64,
    /// Calls of its tools.
    pub calls: i64,
    /// Calls that ended in an error of any kind.
    pub errors: i64,
    /// `errors / calls`, 0 to 1; 0 without calls.
    pub error_share: f64,
    /// Calls that trapped or broke a limit other than time.
    pub traps: i64,
    /// Calls that ran out of processor or wall-clock time.
    pub timeouts: i64,
    /// Calls in which something was wanted and not granted.
    pub refusals: i64,
    /// Half of the calls were faster, in milliseconds; absent without calls.
    pub p50_ms: Option<f64>,
    /// 95 % of the calls were faster, in milliseconds; absent without calls.
    pub p95_ms: Option<f64>,
    /// At most 60 points, the oldest first, without gaps; both releases' series have the same instants.
    pub series: Vec<FiguresPoint>,
}

/// A point of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FiguresPoint {
    /// When its span begins.
    pub at: String,
    /// Calls in it.
    pub calls: i64,
    /// Calls of them that ended in an error.
    pub errors: i64,
    /// 95 % of its calls were faster, in milliseconds; absent without calls.
    pub p95_ms: Option<f64>,
}

/// A row of the audit trail. Rows are never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRow {
    /// Its number; later rows have greater ones. `?before=` takes it.
    pub id: i64,
    /// When.
    pub at: String,
    /// Who: `admin`, a name, `rule` for an approval by rule, `platform` for what the platform did by itself.
    pub who: String,
    /// What was done: `upload`, `approve`, `reject`, `retire`, `roll-out`, `share`, `complete`, `roll-back`, `cancel`,
    /// `register-publisher`, `revoke-publisher`, `settings`. Others may come.
    pub action: String,
    /// The niche, when it is about one.
    pub niche: Option<String>,
    /// The release, when it is about one.
    pub release: Option<ReleaseName>,
    /// Why, in words.
    pub reason: Option<String>,
    /// More about it as JSON, such as `{"share": 10, "agents": 3}`: for those who look closely.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: serde_json::Value,
}

/// A publisher of releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Publisher {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The niches whose releases it alone may publish: an upload of one of them must carry its signature.
    pub niches: Vec<String>,
    /// By whom it was registered.
    pub registered_by: String,
    /// When.
    pub registered_at: String,
    /// When it was revoked; its signatures count no more.
    pub revoked_at: Option<String>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// Releases it signed.
    pub releases: i64,
}

/// Registers a publisher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterPublisher {
    /// Its name, 1 to 80 characters, not another publisher's.
    pub name: String,
    /// Its Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The niches whose releases it alone may publish. A niche can have more than one publisher.
    #[serde(default)]
    pub niches: Vec<String>,
}

/// What the registry decides by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrySettings {
    /// Whether a release that asks the same as the active one was approved for, or fewer, is approved at once.
    pub auto_approve_same_or_fewer: bool,
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

/// Why something is done, in 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    /// Why.
    pub reason: String,
}

/// Why something is done, for those who want to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaybeReason {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Begins a roll-out of an approved or retired release, or changes the share of the one that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartRollOut {
    /// The share of the niche's agents that are to have it, in percent: 1 to 100. 100 is everybody while the old one
    /// stays at hand; `complete` ends it.
    pub share: u8,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}
