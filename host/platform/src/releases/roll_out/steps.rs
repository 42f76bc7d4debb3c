//! The steps of a roll-out: a share of the agents, all of them, or back. Each is one transaction, and has the releases of
//! its niche to itself.

use openclaw_api_types::{Margins, Worse};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    Filter, RollOut, RollOutState,
    agents::{Whom, move_agents, move_share},
    list, newest,
};
use crate::{
    Digest, Error,
    error::Result,
    releases::{
        Locked, ReleaseState,
        audit::{self, Actor, Step},
        locked,
    },
};

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
    let id = roll_back_in(&mut tx, digest, actor, reason, &[]).await?;
    finished(tx, id).await
}

/// The same in the caller's transaction, with what the platform found `worse` if it was the platform. Gives the roll-out's
/// id.
pub(in crate::releases) async fn roll_back_in(
    tx: &mut PgConnection,
    digest: Digest,
    actor: Actor<'_>,
    reason: &str,
    worse: &[Worse],
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
        "UPDATE roll_outs SET state = 'rolled-back', ended_by = $2, ended_at = now(), reason = $3, worse = $4
         WHERE id = $1",
        roll_out.id,
        actor.who,
        reason,
        json!(worse)
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE releases SET reason = $2 WHERE digest = $1", digest.0.as_slice(), reason)
        .execute(&mut *tx)
        .await?;
    let mut details = json!({ "agents": moved, "to": old.to_string(), "share": roll_out.share });
    if !worse.is_empty() {
        details["worse"] = json!(worse);
    }
    let step = Step { action: "roll-back", niche: Some(niche), digest: Some(digest), details };
    audit::record(tx, Actor { why: Some(reason), ..actor }, step).await?;
    Ok(roll_out.id)
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
