//! Roll-outs: how a release reaches agents. Here is what is kept of each; its steps are in [`steps`], which agents move
//! and how in [`agents`].

mod agents;
mod steps;

use openclaw_api_types::{Margins, Worse};
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use self::agents::place;
pub(super) use self::steps::roll_back_in;
pub use self::steps::{begin, complete, roll_back};
use super::read;
use crate::{Digest, Error, error::Result};

/// Where a roll-out is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RollOutState {
    /// A share of the agents have the new release.
    Running,
    /// Everybody has it.
    Complete,
    /// Everybody went back to the old one.
    RolledBack,
    /// Another release took the niche over.
    Cancelled,
}

impl RollOutState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::RolledBack => "rolled-back",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for RollOutState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        [Self::Running, Self::Complete, Self::RolledBack, Self::Cancelled]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("roll-out state {text}")))
    }
}

/// A release with the name people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The release.
    pub digest: Digest,
    /// Its version.
    pub version: String,
}

/// A roll-out.
#[derive(Debug, Clone, PartialEq)]
pub struct RollOut {
    /// Its id.
    pub id: Uuid,
    /// Its niche.
    pub niche: String,
    /// The release that is rolled out.
    pub new: Named,
    /// The one it takes over from; none for a niche's first.
    pub old: Option<Named>,
    /// Percent of the niche's agents.
    pub share: u8,
    /// Where it is.
    pub state: RollOutState,
    /// When it is taken back by itself.
    pub margins: Margins,
    /// By whom it was begun.
    pub started_by: String,
    /// When.
    pub started_at: OffsetDateTime,
    /// When the share changed last.
    pub share_at: OffsetDateTime,
    /// By whom it was ended.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<OffsetDateTime>,
    /// Why it was begun or, once it has ended, why it ended.
    pub reason: Option<String>,
    /// In what the new release was worse, when that is why the platform ended it.
    pub worse: Vec<Worse>,
}

struct Row {
    id: Uuid,
    niche: String,
    new_digest: Vec<u8>,
    new_version: String,
    old_digest: Option<Vec<u8>>,
    old_version: Option<String>,
    share: i16,
    state: String,
    margins: serde_json::Value,
    started_by: String,
    started_at: OffsetDateTime,
    share_at: OffsetDateTime,
    ended_by: Option<String>,
    ended_at: Option<OffsetDateTime>,
    reason: Option<String>,
    worse: serde_json::Value,
}

impl TryFrom<Row> for RollOut {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            niche: row.niche,
            new: Named { digest: row.new_digest.try_into()?, version: row.new_version },
            old: match (row.old_digest, row.old_version) {
                (Some(digest), Some(version)) => Some(Named { digest: digest.try_into()?, version }),
                _ => None,
            },
            share: u8::try_from(row.share).map_err(|_| Error::Corrupt(format!("a share of {}", row.share)))?,
            state: row.state.parse()?,
            margins: read("margins", row.margins)?,
            started_by: row.started_by,
            started_at: row.started_at,
            share_at: row.share_at,
            ended_by: row.ended_by,
            ended_at: row.ended_at,
            reason: row.reason,
            worse: read("in what it was worse", row.worse)?,
        })
    }
}

/// Which roll-outs to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Of this niche.
    pub niche: Option<&'a str>,
    /// Of this release, as the new one.
    pub new: Option<Digest>,
    /// Those that run alone.
    pub running: bool,
    /// This one.
    pub id: Option<Uuid>,
}

/// The roll-outs that `filter` lets through, the newest first, at most `limit`.
pub async fn list(db: impl PgExecutor<'_>, filter: Filter<'_>, limit: i64) -> Result<Vec<RollOut>> {
    let new = filter.new.map(|digest| digest.0.to_vec());
    sqlx::query_as!(
        Row,
        r#"SELECT o.id, o.niche, o.new_digest, new.version AS new_version, o.old_digest,
                  old.version AS "old_version?", o.share, o.state, o.margins, o.started_by, o.started_at, o.share_at,
                  o.ended_by, o.ended_at, o.reason, o.worse
           FROM roll_outs o JOIN releases new ON new.digest = o.new_digest
                LEFT JOIN releases old ON old.digest = o.old_digest
           WHERE ($1::text IS NULL OR o.niche = $1) AND ($2::bytea IS NULL OR o.new_digest = $2)
             AND (NOT $3 OR o.state = 'running') AND ($4::uuid IS NULL OR o.id = $4)
           ORDER BY o.started_at DESC, o.id DESC LIMIT $5"#,
        filter.niche,
        new,
        filter.running,
        filter.id,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(RollOut::try_from)
    .collect()
}

/// The newest roll-out of `digest`.
pub async fn newest(db: impl PgExecutor<'_>, digest: Digest) -> Result<Option<RollOut>> {
    Ok(list(db, Filter { new: Some(digest), ..Filter::default() }, 1).await?.pop())
}
