//! The audit trail of the registry: who did what to which release, and why. Rows are never changed.

use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use crate::{Digest, error::Result};

/// Who acts, and why.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// `admin`, a name, or one of [`RULE`] and [`PLATFORM`].
    pub who: &'a str,
    /// Why, in words.
    pub why: Option<&'a str>,
}

/// What approves by rule.
pub const RULE: &str = "rule";
/// What acts by itself.
pub const PLATFORM: &str = "platform";

/// Something that was done.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// `upload`, `approve`, …
    pub(super) action: &'a str,
    pub(super) niche: Option<&'a str>,
    pub(super) digest: Option<Digest>,
    pub(super) details: Value,
}

/// Writes `step` down, in the transaction that takes it.
pub(super) async fn record(db: &mut PgConnection, actor: Actor<'_>, step: Step<'_>) -> Result<()> {
    let digest = step.digest.map(|digest| digest.0.to_vec());
    sqlx::query!(
        "INSERT INTO release_audit (who, action, niche, digest, reason, details) VALUES ($1, $2, $3, $4, $5, $6)",
        actor.who,
        step.action,
        step.niche,
        digest,
        actor.why,
        step.details
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number; later rows have greater ones.
    pub id: i64,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub who: String,
    /// What was done.
    pub action: String,
    /// The niche it is about.
    pub niche: Option<String>,
    /// The release it is about, with its version.
    pub release: Option<(Digest, String)>,
    /// Why.
    pub reason: Option<String>,
    /// More, for those who look closely.
    pub details: Value,
}

/// Which rows to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// About this niche.
    pub niche: Option<&'a str>,
    /// About this release.
    pub digest: Option<Digest>,
    /// Before the row with this number.
    pub before: Option<i64>,
}

/// The rows that `filter` lets through, the newest first, at most `limit`.
pub async fn list(db: impl PgExecutor<'_>, filter: Filter<'_>, limit: i64) -> Result<Vec<Row>> {
    let digest = filter.digest.map(|digest| digest.0.to_vec());
    sqlx::query!(
        r#"SELECT a.id, a.at, a.who, a.action, a.niche, a.digest, r.version AS "version?", a.reason, a.details
           FROM release_audit a LEFT JOIN releases r ON r.digest = a.digest
           WHERE ($1::text IS NULL OR a.niche = $1) AND ($2::bytea IS NULL OR a.digest = $2)
             AND ($3::bigint IS NULL OR a.id < $3)
           ORDER BY a.id DESC LIMIT $4"#,
        filter.niche,
        digest,
        filter.before,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Row {
            id: row.id,
            at: row.at,
            who: row.who,
            action: row.action,
            niche: row.niche,
            release: match (row.digest, row.version) {
                (Some(digest), Some(version)) => Some((digest.try_into()?, version)),
                _ => None,
            },
            reason: row.reason,
            details: row.details,
        })
    })
    .collect()
}
