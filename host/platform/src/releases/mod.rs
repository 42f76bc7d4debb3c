//! Releases of niches: what is kept of each. Their life is in [`life`], how they reach agents in [`roll_out`].
//!
//! Rights are kept as the plugin host writes them; comparing them is its business, not this crate's.

pub mod audit;
pub mod figures;
pub mod judge;
pub mod life;
pub mod publishers;
pub mod roll_out;
pub mod settings;

use std::collections::BTreeMap;

use openclaw_api_types::{ConnectionReason, Rights, TestCase, Texts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use self::publishers::Signature;
use crate::{Digest, Error, error::Result};

/// How long a conversation may go on with the release its agent had before, in minutes.
pub const LINGER_MINUTES: i32 = 15;

/// Where a release is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseState {
    /// Waits for an admin.
    Pending,
    /// Refused by an admin.
    Rejected,
    /// Approved; given to nobody, or to the share of its roll-out.
    Approved,
    /// What its niche offers.
    Active,
    /// Offered no more.
    Retired,
}

impl ReleaseState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

impl std::str::FromStr for ReleaseState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        [Self::Pending, Self::Rejected, Self::Approved, Self::Active, Self::Retired]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("release state {text}")))
    }
}

/// What a release says of itself, as the registry shows it without running it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The niche's name.
    pub name: Texts,
    /// One emoji.
    pub icon: String,
    /// `#rrggbb`.
    pub accent: String,
    /// What changed in it.
    pub changes: Texts,
    /// Why it wants each host, by pattern.
    pub host_reasons: BTreeMap<String, Texts>,
    /// Why it wants each connection, by provider.
    pub connection_reasons: BTreeMap<String, ConnectionReason>,
}

/// A release without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// The digest of its component.
    pub digest: Digest,
    /// Its niche.
    pub niche: String,
    /// Its version.
    pub version: String,
    /// The version of the contract it was built for.
    pub contract: String,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// Size of its component, in bytes.
    pub bytes: i64,
    /// Optional interfaces it exports.
    pub exports: Vec<String>,
    /// What it imports of the platform.
    pub imports: Vec<String>,
    /// The self-test as it ran at upload.
    pub self_test: Vec<TestCase>,
    /// What it says of itself.
    pub about: About,
    /// What it asks to use.
    pub asked: Rights,
    /// What of that was approved; none while nobody did.
    pub approved: Option<Rights>,
    /// Where its bytes were pulled from.
    pub reference: Option<String>,
    /// Who signed it.
    pub signer: Option<Signer>,
    /// By whom it was uploaded.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: OffsetDateTime,
    /// By whom it was approved or rejected.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<OffsetDateTime>,
    /// Why it was decided so, or why it was taken back or retired.
    pub reason: Option<String>,
    /// Agents on it that are not gone.
    pub agents: i64,
}

/// Who signed a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The Ed25519 public key.
    pub key: [u8; 32],
    /// The publisher it belongs to; none when nobody registered it.
    pub publisher: Option<String>,
    /// Whether that publisher was revoked.
    pub revoked: bool,
}

/// A release that passed verification.
#[derive(Debug)]
pub struct NewRelease<'a> {
    /// Its component.
    pub component: &'a [u8],
    /// Its niche.
    pub niche: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The version of the contract it was built for.
    pub contract: &'a str,
    /// Optional interfaces it exports.
    pub exports: &'a [String],
    /// What it imports of the platform.
    pub imports: &'a [String],
    /// How its self-test went.
    pub self_test: &'a [TestCase],
    /// What it says of itself.
    pub about: &'a About,
    /// What it asks to use.
    pub asked: &'a Rights,
    /// Where its bytes were pulled from.
    pub reference: Option<&'a str>,
    /// Who signed it; verified.
    pub signature: Option<&'a Signature>,
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

/// What a release asks and was approved for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The release.
    pub digest: Digest,
    /// Its niche.
    pub niche: String,
    /// Whether its niche offers it.
    pub active: bool,
    /// What it asks.
    pub asked: Rights,
    /// What was approved: nothing while nobody approved anything.
    pub approved: Rights,
}

/// The releases that may be called at any moment, by digest: those on offer or approved, those that an agent has, and
/// those that one had until a moment ago.
pub async fn in_use(db: impl PgExecutor<'_>) -> Result<Vec<Granted>> {
    sqlx::query!(
        r#"SELECT digest, niche, state = 'active' AS "active!", asked, approved FROM releases r
           WHERE state IN ('approved', 'active')
              OR EXISTS (SELECT FROM agents a WHERE a.digest = r.digest AND a.state <> 'destroyed')
              OR EXISTS (SELECT FROM agents a WHERE a.previous_digest = r.digest
                         AND a.digest_changed_at > now() - make_interval(mins => $1))
           ORDER BY digest"#,
        LINGER_MINUTES
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|row| granted(row.digest, row.niche, row.active, row.asked, row.approved))
    .collect()
}

/// What `digest` asks and was approved for.
pub async fn granted_to(db: impl PgExecutor<'_>, digest: Digest) -> Result<Granted> {
    let row = sqlx::query!(
        r#"SELECT digest, niche, state = 'active' AS "active!", asked, approved FROM releases WHERE digest = $1"#,
        digest.0.as_slice()
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("release"))?;
    granted(row.digest, row.niche, row.active, row.asked, row.approved)
}

fn granted(
    digest: Vec<u8>,
    niche: String,
    active: bool,
    asked: serde_json::Value,
    approved: Option<serde_json::Value>,
) -> Result<Granted> {
    Ok(Granted {
        digest: digest.try_into()?,
        niche,
        active,
        asked: read("asked rights", asked)?,
        approved: approved.map_or_else(|| Ok(nothing()), |rights| read("approved rights", rights))?,
    })
}

/// No rights at all.
pub fn nothing() -> Rights {
    Rights { connections: Some(vec![]), ..Rights::default() }
}

/// Stored JSON as what it is.
fn read<T: DeserializeOwned>(what: &str, json: serde_json::Value) -> Result<T> {
    serde_json::from_value(json).map_err(|error| Error::Corrupt(format!("{what}: {error}")))
}

struct Row {
    digest: Vec<u8>,
    niche: String,
    version: String,
    contract: String,
    state: String,
    bytes: i64,
    exports: Vec<String>,
    imports: Vec<String>,
    self_test: serde_json::Value,
    about: serde_json::Value,
    asked: serde_json::Value,
    approved: Option<serde_json::Value>,
    reference: Option<String>,
    publisher_key: Option<Vec<u8>>,
    publisher: Option<String>,
    revoked: bool,
    uploaded_by: String,
    uploaded_at: OffsetDateTime,
    decided_by: Option<String>,
    decided_at: Option<OffsetDateTime>,
    reason: Option<String>,
    agents: i64,
}

impl TryFrom<Row> for Release {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let signer = match row.publisher_key {
            Some(key) => Some(Signer {
                key: key.try_into().map_err(|_| Error::Corrupt("a key of another length".into()))?,
                publisher: row.publisher,
                revoked: row.revoked,
            }),
            None => None,
        };
        Ok(Self {
            digest: row.digest.try_into()?,
            niche: row.niche,
            version: row.version,
            contract: row.contract,
            state: row.state.parse()?,
            bytes: row.bytes,
            exports: row.exports,
            imports: row.imports,
            self_test: read("self-test", row.self_test)?,
            about: read("what a release says of itself", row.about)?,
            asked: read("asked rights", row.asked)?,
            approved: row.approved.map(|rights| read("approved rights", rights)).transpose()?,
            reference: row.reference,
            signer,
            uploaded_by: row.uploaded_by,
            uploaded_at: row.uploaded_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.reason,
            agents: row.agents,
        })
    }
}

/// Which releases to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Of this niche alone.
    pub niche: Option<&'a str>,
    /// This one alone.
    pub digest: Option<Digest>,
    /// Those on offer alone.
    pub active: bool,
}

/// The release `digest`.
pub async fn get(db: impl PgExecutor<'_>, digest: Digest) -> Result<Release> {
    let filter = Filter { digest: Some(digest), ..Filter::default() };
    list(db, filter, 1).await?.pop().ok_or(Error::NotFound("release"))
}

/// The releases that `filter` lets through, the newest first, at most `limit`.
pub async fn list(db: impl PgExecutor<'_>, filter: Filter<'_>, limit: i64) -> Result<Vec<Release>> {
    let digest = filter.digest.map(|digest| digest.0.to_vec());
    sqlx::query_as!(
        Row,
        r#"SELECT r.digest, r.niche, r.version, r.contract, r.state,
                  octet_length(r.component)::bigint AS "bytes!", r.exports, r.imports, r.self_test, r.about,
                  r.asked, r.approved, r.reference, r.publisher_key, p.name AS "publisher?",
                  coalesce(p.revoked_at IS NOT NULL, false) AS "revoked!",
                  r.uploaded_by, r.uploaded_at, r.decided_by, r.decided_at, r.reason,
                  (SELECT count(*) FROM agents a WHERE a.digest = r.digest AND a.state <> 'destroyed') AS "agents!"
           FROM releases r LEFT JOIN publishers p ON p.key = r.publisher_key
           WHERE ($1::text IS NULL OR r.niche = $1) AND ($2::bytea IS NULL OR r.digest = $2)
             AND (NOT $3 OR r.state = 'active')
           ORDER BY r.uploaded_at DESC, r.digest LIMIT $4"#,
        filter.niche,
        digest,
        filter.active,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Release::try_from)
    .collect()
}

/// What every step looks at first: the release as it is while nobody else changes anything of its niche.
struct Locked {
    niche: String,
    version: String,
    state: ReleaseState,
}

/// Makes the others who change `niche` wait until this transaction ends.
async fn lock(db: &mut PgConnection, niche: &str) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('release ' || $1, 0))", niche).execute(db).await?;
    Ok(())
}

/// Makes whoever rolls out a release of `niche` wait until this transaction ends, but nobody else.
async fn lock_shared(db: &mut PgConnection, niche: &str) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared(hashtextextended('release ' || $1, 0))", niche)
        .execute(db)
        .await?;
    Ok(())
}

async fn locked(db: &mut PgConnection, digest: Digest) -> Result<Locked> {
    // A release's niche never changes.
    let niche = sqlx::query_scalar!("SELECT niche FROM releases WHERE digest = $1", digest.0.as_slice())
        .fetch_optional(&mut *db)
        .await?
        .ok_or(Error::NotFound("release"))?;
    lock(db, &niche).await?;
    let row = sqlx::query!("SELECT version, state FROM releases WHERE digest = $1", digest.0.as_slice())
        .fetch_one(db)
        .await?;
    Ok(Locked { niche, version: row.version, state: row.state.parse()? })
}

impl Locked {
    /// Why a step cannot be taken: in which state it is, and what to do.
    fn refuse(&self, what_to_do: &str) -> Error {
        Error::WrongState(format!("{} {} is {}: {what_to_do}", self.niche, self.version, self.state.as_str()))
    }
}

/// How many releases of a niche are in which state, and how many agents it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Niche {
    /// Its id.
    pub id: String,
    /// Releases that wait for an admin.
    pub pending: i64,
    /// Releases that were refused.
    pub rejected: i64,
    /// Releases that were approved and are not on offer.
    pub approved: i64,
    /// The release on offer: 0 or 1.
    pub active: i64,
    /// Releases that are offered no more.
    pub retired: i64,
    /// Agents that are not gone.
    pub agents: i64,
}

/// Every niche that ever had a release, by id; or the one called `id`.
pub async fn niches(db: impl PgExecutor<'_>, id: Option<&str>) -> Result<Vec<Niche>> {
    Ok(sqlx::query_as!(
        Niche,
        r#"SELECT niche AS id, count(*) FILTER (WHERE state = 'pending') AS "pending!",
                  count(*) FILTER (WHERE state = 'rejected') AS "rejected!",
                  count(*) FILTER (WHERE state = 'approved') AS "approved!",
                  count(*) FILTER (WHERE state = 'active') AS "active!",
                  count(*) FILTER (WHERE state = 'retired') AS "retired!",
                  (SELECT count(*) FROM agents a WHERE a.niche = r.niche AND a.state <> 'destroyed') AS "agents!"
           FROM releases r WHERE $1::text IS NULL OR niche = $1 GROUP BY niche ORDER BY niche"#,
        id
    )
    .fetch_all(db)
    .await?)
}

/// Agents on `digest` that are not gone.
pub async fn agents_on(db: impl PgExecutor<'_>, digest: Digest) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "agents!" FROM agents WHERE digest = $1 AND state <> 'destroyed'"#,
        digest.0.as_slice()
    )
    .fetch_one(db)
    .await?)
}
