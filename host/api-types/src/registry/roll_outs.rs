//! Roll-outs, and the figures of both releases, side by side.

use super::*;

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
    /// In what the new release was worse, when that is why the platform ended it: `reason` as facts.
    #[serde(default)]
    pub worse: Vec<Worse>,
}

/// Something in which a new release is worse than the one before, beyond its margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Worse {
    /// What is worse.
    pub what: WorseIn,
    /// Of the new release: percent; of `latency` the p95 in milliseconds.
    pub now: f64,
    /// Of how many: calls, or agents.
    pub of: u64,
    /// Of the release before, likewise.
    pub before: f64,
    /// Of how many.
    pub before_of: u64,
    /// How much more is allowed: percentage points; of `latency` so many times as long.
    pub allowed: f64,
}

/// What a release can be worse in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WorseIn {
    /// Agents that could not be brought to it.
    Updates,
    /// Calls that trapped or broke a limit.
    Traps,
    /// Calls that ran out of time.
    Timeouts,
    /// Calls that wanted what is not granted.
    Refusals,
    /// How long calls took.
    Latency,
}

impl WorseIn {
    /// As JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::Traps => "traps",
            Self::Timeouts => "timeouts",
            Self::Refusals => "refusals",
            Self::Latency => "latency",
        }
    }
}

impl std::fmt::Display for Worse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, now, of, before, before_of, allowed } = self;
        let calls = match what {
            WorseIn::Updates => {
                return write!(
                    f,
                    "{now:.1} % of {of} agents could not be brought to it, and {before:.1} % of {before_of} to the one \
                     before ({allowed} points more are allowed)"
                );
            }
            WorseIn::Latency => {
                return write!(
                    f,
                    "95 % of the calls took up to {now:.0} ms, and {before:.0} ms before ({allowed} times as long is allowed)"
                );
            }
            WorseIn::Traps => "trapped",
            WorseIn::Timeouts => "ran out of time",
            WorseIn::Refusals => "wanted what is not granted",
        };
        write!(
            f,
            "{now:.1} % of {of} calls {calls}, and {before:.1} % of {before_of} before ({allowed} points more are allowed)"
        )
    }
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
    /// Share of the agents moved to it whose update was given up, likewise; however few calls there were.
    pub updates_points: f64,
    /// p95 latency: so many times the old one's.
    pub p95_factor: f64,
    /// Differences of p95 below this many milliseconds are no reason.
    pub p95_floor_ms: u32,
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
    /// Agents that were moved to it since the roll-out began and were to be rendered anew.
    pub updates: i64,
    /// Agents of those whose update was given up.
    pub failed_updates: i64,
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
