//! The steps of a release's life but its roll-out: it comes, it is decided upon, it is retired.

use openclaw_api_types::Rights;
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::{
    NewRelease, ReleaseState,
    audit::{self, Actor, RULE, Step},
    lock, locked, publishers, read, settings,
};
use crate::{Digest, Error, error::Result};

/// Keeps a release that passed verification, as pending. One that was rejected is pending again; one that is known
/// otherwise stays as it is. Whether anything changed is the answer.
///
/// If an admin set the rule, one that `asks_no_more` than what its niche's active release was approved for is approved
/// at once; without an active release, than nothing.
pub async fn upload(
    db: &PgPool,
    new: NewRelease<'_>,
    asks_no_more: impl Fn(&Rights) -> bool + Send,
    actor: Actor<'_>,
) -> Result<bool> {
    let digest = Digest::of(new.component);
    let mut tx = db.begin().await?;
    lock(&mut tx, new.niche).await?;
    if let Some(objection) = publishers::objection(&mut tx, new.niche, new.signature).await? {
        return Err(Error::Untrusted(objection));
    }
    let (key, signature) = match new.signature {
        Some(signature) => (Some(signature.key.to_vec()), Some(signature.bytes.to_vec())),
        None => (None, None),
    };
    // A signature that comes later counts; one that is left out later is not forgotten.
    let kept = sqlx::query_scalar!(
        r#"INSERT INTO releases AS known (digest, niche, version, contract, component, exports, imports, self_test, about,
                asked, reference, publisher_key, signature, state, uploaded_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', $14)
           ON CONFLICT (digest) DO UPDATE SET
                self_test = excluded.self_test, about = excluded.about, contract = excluded.contract,
                asked = excluded.asked, reference = coalesce(excluded.reference, known.reference),
                publisher_key = coalesce(excluded.publisher_key, known.publisher_key),
                signature = coalesce(excluded.signature, known.signature),
                state = 'pending', uploaded_by = excluded.uploaded_by, uploaded_at = now(),
                decided_by = NULL, decided_at = NULL, reason = NULL
                WHERE known.state = 'rejected' OR (known.publisher_key IS NULL AND excluded.publisher_key IS NOT NULL)
                   OR known.about = '{}'
           RETURNING digest"#,
        digest.0.as_slice(),
        new.niche,
        new.version,
        new.contract,
        new.component,
        new.exports,
        new.imports,
        json!(new.self_test),
        json!(new.about),
        json!(new.asked),
        new.reference,
        key,
        signature,
        actor.who,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if kept.is_none() {
        return Ok(false);
    }
    let details = json!({ "version": new.version, "bytes": new.component.len(), "reference": new.reference,
        "key": new.signature.map(|signature| hex::encode(signature.key)) });
    let step = Step { action: "upload", niche: Some(new.niche), digest: Some(digest), details };
    audit::record(&mut tx, actor, step).await?;
    if settings::get(&mut *tx).await?.auto_approve_same_or_fewer {
        let active = sqlx::query_scalar!(
            r#"SELECT approved AS "approved!" FROM releases WHERE niche = $1 AND state = 'active'"#,
            new.niche
        )
        .fetch_optional(&mut *tx)
        .await?;
        let had = active.map_or_else(|| Ok(super::nothing()), |rights| read("approved rights", rights))?;
        if asks_no_more(&had) {
            let why = "it asks what the active release was approved for, or less";
            decide(&mut tx, digest, new.niche, Some(new.asked), Actor { who: RULE, why: Some(why) }).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// Approves `digest` for `rights`, which the caller holds to what it asks. Approving again changes them.
pub async fn approve(db: &PgPool, digest: Digest, rights: &Rights, actor: Actor<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    let release = locked(&mut tx, digest).await?;
    if release.state == ReleaseState::Retired {
        return Err(release.refuse("roll it out again instead"));
    }
    decide(&mut tx, digest, &release.niche, Some(rights), actor).await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses a release that waits for a decision.
pub async fn reject(db: &PgPool, digest: Digest, actor: Actor<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    let release = locked(&mut tx, digest).await?;
    if release.state != ReleaseState::Pending {
        return Err(release.refuse("only a pending release can be rejected; retire this one instead"));
    }
    decide(&mut tx, digest, &release.niche, None, actor).await?;
    tx.commit().await?;
    Ok(())
}

/// Approves for `rights`, or rejects without any. What is on its way or on offer stays so.
async fn decide(
    db: &mut PgConnection,
    digest: Digest,
    niche: &str,
    rights: Option<&Rights>,
    actor: Actor<'_>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE releases SET approved = $2, decided_by = $3, decided_at = now(), reason = $4,
                state = CASE WHEN $2::jsonb IS NULL THEN 'rejected'
                             WHEN state IN ('pending', 'rejected') THEN 'approved' ELSE state END
         WHERE digest = $1",
        digest.0.as_slice(),
        rights.map(|rights| json!(rights)),
        actor.who,
        actor.why
    )
    .execute(&mut *db)
    .await?;
    let action = if rights.is_some() { "approve" } else { "reject" };
    let details = rights.map_or_else(|| json!({}), |rights| json!({ "rights": rights }));
    audit::record(db, actor, Step { action, niche: Some(niche), digest: Some(digest), details }).await
}

/// Retires a release that no agent has: an active one leaves the marketplace, an approved one will not be rolled out.
pub async fn retire(db: &PgPool, digest: Digest, actor: Actor<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    let release = locked(&mut tx, digest).await?;
    if !matches!(release.state, ReleaseState::Approved | ReleaseState::Active) {
        return Err(release.refuse("only an approved or active release can be retired"));
    }
    let in_use = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM agents WHERE digest = $1 AND state <> 'destroyed') AS "agents!",
                  EXISTS (SELECT FROM roll_outs WHERE state = 'running' AND $1 IN (new_digest, old_digest))
                      AS "on_its_way!""#,
        digest.0.as_slice()
    )
    .fetch_one(&mut *tx)
    .await?;
    if in_use.on_its_way {
        return Err(release.refuse("a roll-out runs; complete it or roll it back first"));
    }
    if in_use.agents > 0 {
        return Err(release.refuse(&format!("{} agents use it; give them another release first", in_use.agents)));
    }
    sqlx::query!(
        "UPDATE releases SET state = 'retired', retired_at = now(), reason = $2 WHERE digest = $1",
        digest.0.as_slice(),
        actor.why
    )
    .execute(&mut *tx)
    .await?;
    let step = Step { action: "retire", niche: Some(&release.niche), digest: Some(digest), details: json!({}) };
    audit::record(&mut tx, actor, step).await?;
    tx.commit().await?;
    Ok(())
}
