//! How a release reaches agents: a share of them, all of them, or back. Each step is one transaction, and has the
//! releases of its niche to itself.
//!
//! An agent's place among 100 depends on it and the release alone (`roll_out_place` in the database): a greater share
//! only gives the release to more agents, a smaller one only takes it from some.

use openclaw_api_types::Margins;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Locked, ReleaseState,
    audit::{self, Actor, Step},
    lock_shared, locked, read,
};
use crate::{AgentId, CustomerId, Digest, Error, JobId, error::Result, jobs::Instruction};

/// Agents that one statement moves at most.
const AT_A_TIME: i64 = 500;

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
                  o.ended_by, o.ended_at, o.reason
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

/// Gives `digest` to `share` percent of its niche's agents, or changes the share of the roll-out that runs. Without a
/// release before there is nobody to share with: it is complete at once.
pub async fn begin(db: &PgPool, digest: Digest, share: u8, margins: Margins, actor: Actor<'_>) -> Result<RollOut> {
    let mut tx = db.begin().await?;
    let release = locked(&mut tx, digest).await?;
    may_be_rolled_out(&release)?;
    if release.state == ReleaseState::Active {
        return Err(release.refuse("everybody has it"));
    }
    let id = match running(&mut tx, &release.niche).await? {
        Some(other) if other.new.digest != digest => {
            let version = other.new.version;
            return Err(release.refuse(&format!("the roll-out of {version} runs; complete it or roll it back first")));
        }
        Some(this) => {
            sqlx::query!("UPDATE roll_outs SET share = $2, share_at = now() WHERE id = $1", this.id, i16::from(share))
                .execute(&mut *tx)
                .await?;
            let old = this.old.as_ref().map(|old| old.digest);
            let moved = move_share(&mut tx, &release.niche, digest, old, share).await?;
            let details = json!({ "share": share, "before": this.share, "agents": moved });
            let step = Step { action: "share", niche: Some(&release.niche), digest: Some(digest), details };
            audit::record(&mut tx, actor, step).await?;
            this.id
        }
        None => match active(&mut tx, &release.niche).await? {
            None => take_over(&mut tx, &release, digest, margins, actor).await?,
            Some(old) => {
                back_in_use(&mut tx, digest).await?;
                let id = Uuid::now_v7();
                sqlx::query!(
                    "INSERT INTO roll_outs (id, niche, new_digest, old_digest, share, state, margins, started_by, reason)
                     VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8)",
                    id,
                    release.niche,
                    digest.0.as_slice(),
                    old.0.as_slice(),
                    i16::from(share),
                    json!(margins),
                    actor.who,
                    actor.why
                )
                .execute(&mut *tx)
                .await?;
                let moved = move_share(&mut tx, &release.niche, digest, Some(old), share).await?;
                let details = json!({ "share": share, "agents": moved, "from": old.to_string() });
                let step = Step { action: "roll-out", niche: Some(&release.niche), digest: Some(digest), details };
                audit::record(&mut tx, actor, step).await?;
                id
            }
        },
    };
    finished(tx, id).await
}

/// Gives `digest` to everybody: it becomes what its niche offers, and the one before is retired. With no roll-out of
/// it running, all at once; one of another release is cancelled.
pub async fn complete(db: &PgPool, digest: Digest, margins: Margins, actor: Actor<'_>) -> Result<RollOut> {
    let mut tx = db.begin().await?;
    let release = locked(&mut tx, digest).await?;
    may_be_rolled_out(&release)?;
    if release.state == ReleaseState::Active {
        return Err(release.refuse("everybody has it"));
    }
    let id = take_over(&mut tx, &release, digest, margins, actor).await?;
    finished(tx, id).await
}

/// Gives everybody the release before `digest` again: those who had it of a roll-out that runs, or all of them when it
/// was complete.
pub async fn roll_back(db: &PgPool, digest: Digest, actor: Actor<'_>, reason: &str) -> Result<RollOut> {
    let mut tx = db.begin().await?;
    let id = roll_back_in(&mut tx, digest, actor, reason).await?;
    finished(tx, id).await
}

/// The same in the caller's transaction. Gives the roll-out's id.
pub(super) async fn roll_back_in(
    tx: &mut PgConnection,
    digest: Digest,
    actor: Actor<'_>,
    reason: &str,
) -> Result<Uuid> {
    let release = locked(tx, digest).await?;
    let niche = release.niche.as_str();
    let roll_out = match running(tx, niche).await? {
        Some(this) if this.new.digest == digest => Some(this),
        Some(_) => None,
        // The last one that was completed, as long as what it brought is on offer.
        None if release.state == ReleaseState::Active => {
            let last = newest(&mut *tx, digest).await?;
            last.filter(|last| last.state == RollOutState::Complete)
        }
        None => None,
    };
    let Some((roll_out, old)) = roll_out.and_then(|r| r.old.as_ref().map(|old| old.digest).map(|old| (r, old))) else {
        return Err(release.refuse("there is no roll-out of it to take back"));
    };
    let moved = if roll_out.state == RollOutState::Running {
        move_agents(tx, niche, old, Whom::On(digest)).await?
    } else {
        sqlx::query!("UPDATE releases SET state = 'approved' WHERE digest = $1", digest.0.as_slice())
            .execute(&mut *tx)
            .await?;
        activate(tx, old).await?;
        move_agents(tx, niche, old, Whom::All).await?
    };
    sqlx::query!(
        "UPDATE roll_outs SET state = 'rolled-back', ended_by = $2, ended_at = now(), reason = $3 WHERE id = $1",
        roll_out.id,
        actor.who,
        reason
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE releases SET reason = $2 WHERE digest = $1", digest.0.as_slice(), reason)
        .execute(&mut *tx)
        .await?;
    let details = json!({ "agents": moved, "to": old.to_string(), "share": roll_out.share });
    let step = Step { action: "roll-back", niche: Some(niche), digest: Some(digest), details };
    audit::record(tx, Actor { why: Some(reason), ..actor }, step).await?;
    Ok(roll_out.id)
}

/// The release that a new agent of `niche` gets: what its niche offers or, by its place, what is being rolled out;
/// `otherwise` when it offers nothing. No roll-out passes it by before the caller's transaction ends.
pub(crate) async fn place(db: &mut PgConnection, agent: AgentId, niche: &str, otherwise: Digest) -> Result<Digest> {
    lock_shared(db, niche).await?;
    let digest = sqlx::query_scalar!(
        r#"SELECT coalesce(
               (SELECT new_digest FROM roll_outs
                WHERE niche = $2 AND state = 'running' AND roll_out_place($1, new_digest) < share),
               (SELECT digest FROM releases WHERE niche = $2 AND state = 'active')) AS digest"#,
        agent.0,
        niche
    )
    .fetch_one(db)
    .await?;
    digest.map_or(Ok(otherwise), TryInto::try_into)
}

fn may_be_rolled_out(release: &Locked) -> Result<()> {
    match release.state {
        ReleaseState::Approved | ReleaseState::Active | ReleaseState::Retired => Ok(()),
        ReleaseState::Pending => Err(release.refuse("approve it first")),
        ReleaseState::Rejected => Err(release.refuse("upload it again and approve it first")),
    }
}

async fn running(db: &mut PgConnection, niche: &str) -> Result<Option<RollOut>> {
    Ok(list(db, Filter { niche: Some(niche), running: true, ..Filter::default() }, 1).await?.pop())
}

async fn active(db: &mut PgConnection, niche: &str) -> Result<Option<Digest>> {
    sqlx::query_scalar!("SELECT digest FROM releases WHERE niche = $1 AND state = 'active'", niche)
        .fetch_optional(db)
        .await?
        .map(TryInto::try_into)
        .transpose()
}

/// A retired release that is given to agents again is no longer retired.
async fn back_in_use(db: &mut PgConnection, digest: Digest) -> Result<()> {
    sqlx::query!(
        "UPDATE releases SET state = 'approved', retired_at = NULL WHERE digest = $1 AND state = 'retired'",
        digest.0.as_slice()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes `digest` what its niche offers; nothing else is.
async fn activate(db: &mut PgConnection, digest: Digest) -> Result<()> {
    sqlx::query!("UPDATE releases SET state = 'active', retired_at = NULL WHERE digest = $1", digest.0.as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Completes the roll-out of `digest`, or does a whole one at once. Gives its id.
async fn take_over(
    tx: &mut PgConnection,
    release: &Locked,
    digest: Digest,
    margins: Margins,
    actor: Actor<'_>,
) -> Result<Uuid> {
    let niche = release.niche.as_str();
    let on_its_way = running(tx, niche).await?;
    let old = active(tx, niche).await?;
    sqlx::query!(
        "UPDATE releases SET state = 'retired', retired_at = now() WHERE niche = $1 AND state = 'active'",
        niche
    )
    .execute(&mut *tx)
    .await?;
    activate(tx, digest).await?;
    let moved = move_agents(tx, niche, digest, Whom::All).await?;
    let id = match on_its_way {
        Some(this) if this.new.digest == digest => {
            end(tx, this.id, RollOutState::Complete, actor).await?;
            this.id
        }
        other => {
            if let Some(other) = other {
                let why = format!("{} took over", release.version);
                let actor = Actor { why: Some(&why), ..actor };
                end(tx, other.id, RollOutState::Cancelled, actor).await?;
                let details = json!({ "share": other.share, "by": digest.to_string() });
                let step = Step { action: "cancel", niche: Some(niche), digest: Some(other.new.digest), details };
                audit::record(tx, actor, step).await?;
            }
            let id = Uuid::now_v7();
            sqlx::query!(
                "INSERT INTO roll_outs
                     (id, niche, new_digest, old_digest, share, state, margins, started_by, ended_by, ended_at, reason)
                 VALUES ($1, $2, $3, $4, 100, 'complete', $5, $6, $6, now(), $7)",
                id,
                niche,
                digest.0.as_slice(),
                old.map(|old| old.0.to_vec()),
                json!(margins),
                actor.who,
                actor.why
            )
            .execute(&mut *tx)
            .await?;
            id
        }
    };
    let details = json!({ "agents": moved, "from": old.map(|old| old.to_string()) });
    let step = Step { action: "complete", niche: Some(niche), digest: Some(digest), details };
    audit::record(tx, actor, step).await?;
    if let Some(old) = old {
        let why = format!("{} took over, and no agent uses it", release.version);
        let step = Step { action: "retire", niche: Some(niche), digest: Some(old), details: json!({}) };
        audit::record(tx, Actor { who: audit::PLATFORM, why: Some(&why) }, step).await?;
    }
    Ok(id)
}

async fn end(db: &mut PgConnection, id: Uuid, state: RollOutState, actor: Actor<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE roll_outs SET state = $2, ended_by = $3, ended_at = now(), reason = coalesce($4, reason),
                share = CASE WHEN $2 = 'complete' THEN 100 ELSE share END
         WHERE id = $1",
        id,
        state.as_str(),
        actor.who,
        actor.why
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn finished(mut tx: sqlx::Transaction<'_, sqlx::Postgres>, id: Uuid) -> Result<RollOut> {
    let this = list(&mut *tx, Filter { id: Some(id), ..Filter::default() }, 1).await?.pop();
    tx.commit().await?;
    this.ok_or(Error::NotFound("roll-out"))
}

/// Those who are to have `new` get it, whatever they have; those who have it and are not to, get `old`.
async fn move_share(db: &mut PgConnection, niche: &str, new: Digest, old: Option<Digest>, share: u8) -> Result<u64> {
    let mut moved = move_agents(db, niche, new, Whom::Below(share)).await?;
    if let Some(old) = old {
        moved += move_agents(db, niche, old, Whom::NotBelow { share, of: new }).await?;
    }
    Ok(moved)
}

/// Which agents of a niche are moved.
#[derive(Clone, Copy)]
enum Whom {
    /// Every one.
    All,
    /// Those who have this release.
    On(Digest),
    /// Those whose place in the roll-out of the release they move to is below.
    Below(u8),
    /// Those who have `of` and whose place in its roll-out is not below `share`.
    NotBelow { share: u8, of: Digest },
}

/// Moves agents of `niche` to `to`, and has those that run rendered anew. How many is the answer.
async fn move_agents(db: &mut PgConnection, niche: &str, to: Digest, whom: Whom) -> Result<u64> {
    let (on, below, not_below) = match whom {
        Whom::All => (None, None, None),
        Whom::On(digest) => (Some(digest), None, None),
        Whom::Below(share) => (None, Some(i32::from(share)), None),
        Whom::NotBelow { share, of } => (Some(of), None, Some(i32::from(share))),
    };
    let on = on.map(|digest| digest.0.to_vec());
    let mut moved = 0;
    loop {
        let batch = sqlx::query!(
            r#"UPDATE agents SET digest = $2 WHERE id IN (
                   SELECT id FROM agents
                   WHERE niche = $1 AND state <> 'destroyed' AND digest <> $2
                     AND ($3::bytea IS NULL OR digest = $3)
                     AND ($4::int IS NULL OR roll_out_place(id, $2) < $4)
                     AND ($5::int IS NULL OR roll_out_place(id, $3) >= $5)
                   ORDER BY id LIMIT $6 FOR NO KEY UPDATE)
               RETURNING id, customer_id, state IN ('provisioning', 'live') AS "runs!""#,
            niche,
            to.0.as_slice(),
            on,
            below,
            not_below,
            AT_A_TIME
        )
        .fetch_all(&mut *db)
        .await?;
        // Whatever starts one that is suspended renders it anew.
        let runs: Vec<(AgentId, CustomerId)> =
            batch.iter().filter(|a| a.runs).map(|a| (AgentId(a.id), CustomerId(a.customer_id))).collect();
        update(db, &runs).await?;
        moved += batch.len() as u64;
        if (batch.len() as i64) < AT_A_TIME {
            return Ok(moved);
        }
    }
}

/// Enqueues an `update` for each of `agents`.
async fn update(db: &mut PgConnection, agents: &[(AgentId, CustomerId)]) -> Result<()> {
    let ids: Vec<Uuid> = agents.iter().map(|_| JobId::new().0).collect();
    let (agents, customers): (Vec<Uuid>, Vec<Uuid>) =
        agents.iter().map(|(agent, customer)| (agent.0, customer.0)).unzip();
    sqlx::query!(
        "INSERT INTO jobs (id, kind, customer_id, agent_id, payload)
         SELECT job, $4, customer, agent, $5 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS each (job, customer, agent)",
        &ids,
        &customers,
        &agents,
        Instruction::Update.name(),
        json!(Instruction::Update),
    )
    .execute(db)
    .await?;
    Ok(())
}
