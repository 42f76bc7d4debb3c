//! Releases of niches and what they were granted.

use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::{Digest, Error, error::Result};

/// How a case of a self-test ended at installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseOutcome {
    /// Its name.
    pub name: String,
    /// Why it failed; none when it passed.
    pub error: Option<String>,
}

/// A release without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The digest of its component.
    pub digest: Digest,
    /// Its niche.
    pub niche: String,
    /// Its version.
    pub version: String,
    /// Size of its component, in bytes.
    pub bytes: i64,
    /// Optional interfaces it exports.
    pub exports: Vec<String>,
    /// What it imports of the platform.
    pub imports: Vec<String>,
    /// The self-test as it ran at installation.
    pub self_test: Vec<CaseOutcome>,
    /// Whether customers are offered it.
    pub active: bool,
    /// By whom it was installed.
    pub installed_by: String,
    /// When.
    pub installed_at: OffsetDateTime,
    /// Agents on it that are not gone.
    pub agents: i64,
}

/// A release to install.
#[derive(Debug)]
pub struct NewRelease<'a> {
    /// Its component.
    pub component: &'a [u8],
    /// Its niche.
    pub niche: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Optional interfaces it exports.
    pub exports: &'a [String],
    /// What it imports of the platform.
    pub imports: &'a [String],
    /// How its self-test went.
    pub self_test: &'a [CaseOutcome],
    /// Bytes of storage it is granted for one customer's data.
    pub storage_bytes: i64,
    /// By whom it is installed.
    pub by: &'a str,
}

/// The bytes of a release's component.
pub async fn component(db: impl PgExecutor<'_>, digest: Digest) -> Result<Vec<u8>> {
    sqlx::query_scalar!("SELECT component FROM releases WHERE digest = $1", digest.0.as_slice())
        .fetch_optional(db)
        .await?
        .ok_or(Error::NotFound("release"))
}

/// The release each niche offers, by niche.
pub async fn active(db: impl PgExecutor<'_>) -> Result<Vec<(String, Digest)>> {
    sqlx::query!("SELECT niche, digest FROM releases WHERE state = 'active' ORDER BY niche")
        .fetch_all(db)
        .await?
        .into_iter()
        .map(|row| Ok((row.niche, row.digest.try_into()?)))
        .collect()
}

/// Bytes of storage that a release was granted for one customer's data.
pub async fn granted_storage(db: impl PgExecutor<'_>, digest: Digest) -> Result<u64> {
    let bytes = sqlx::query_scalar!("SELECT storage_bytes FROM grants WHERE digest = $1", digest.0.as_slice())
        .fetch_optional(db)
        .await?;
    Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
}

/// Makes a release the one its niche offers, and retires the one before. Agents keep the release they have.
/// A release that was installed before becomes active again; whether anything changed is the answer.
pub async fn install(db: &PgPool, new: NewRelease<'_>) -> Result<bool> {
    let digest = Digest::of(new.component);
    let mut tx = db.begin().await?;
    // Two who install for one niche at a time: the later one is active afterwards.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('release ' || $1, 0))", new.niche)
        .execute(&mut *tx)
        .await?;
    let state = sqlx::query_scalar!("SELECT state FROM releases WHERE digest = $1", digest.0.as_slice())
        .fetch_optional(&mut *tx)
        .await?;
    if state.as_deref() == Some("active") {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE releases SET state = 'retired', retired_at = now() WHERE niche = $1 AND state = 'active'",
        new.niche
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO releases (digest, niche, version, component, exports, imports, self_test, state, installed_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8)
         ON CONFLICT (digest) DO UPDATE SET state = 'active', retired_at = NULL, self_test = excluded.self_test,
             installed_by = excluded.installed_by, installed_at = now()",
        digest.0.as_slice(),
        new.niche,
        new.version,
        new.component,
        new.exports,
        new.imports,
        serde_json::json!(new.self_test),
        new.by,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO grants (digest, storage_bytes, granted_by) VALUES ($1, $2, $3)
         ON CONFLICT (digest) DO UPDATE SET storage_bytes = excluded.storage_bytes,
             granted_by = excluded.granted_by, granted_at = now()",
        digest.0.as_slice(),
        new.storage_bytes,
        new.by,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

struct Row {
    digest: Vec<u8>,
    niche: String,
    version: String,
    bytes: i64,
    exports: Vec<String>,
    imports: Vec<String>,
    self_test: serde_json::Value,
    active: bool,
    installed_by: String,
    installed_at: OffsetDateTime,
    agents: i64,
}

impl TryFrom<Row> for Release {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            digest: row.digest.try_into()?,
            niche: row.niche,
            version: row.version,
            bytes: row.bytes,
            exports: row.exports,
            imports: row.imports,
            self_test: serde_json::from_value(row.self_test).map_err(|e| Error::Corrupt(format!("self-test: {e}")))?,
            active: row.active,
            installed_by: row.installed_by,
            installed_at: row.installed_at,
            agents: row.agents,
        })
    }
}

/// The release `digest`.
pub async fn get(db: impl PgExecutor<'_>, digest: Digest) -> Result<Release> {
    sqlx::query_as!(
        Row,
        r#"SELECT digest, niche, version, octet_length(component)::bigint AS "bytes!", exports, imports, self_test,
                  state = 'active' AS "active!", installed_by, installed_at,
                  (SELECT count(*) FROM agents a WHERE a.digest = r.digest AND a.state <> 'destroyed') AS "agents!"
           FROM releases r WHERE digest = $1"#,
        digest.0.as_slice()
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("release"))?
    .try_into()
}

/// Every release, the newest first, at most `limit`.
pub async fn all(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Release>> {
    sqlx::query_as!(
        Row,
        r#"SELECT digest, niche, version, octet_length(component)::bigint AS "bytes!", exports, imports, self_test,
                  state = 'active' AS "active!", installed_by, installed_at,
                  (SELECT count(*) FROM agents a WHERE a.digest = r.digest AND a.state <> 'destroyed') AS "agents!"
           FROM releases r ORDER BY installed_at DESC LIMIT $1"#,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Release::try_from)
    .collect()
}
