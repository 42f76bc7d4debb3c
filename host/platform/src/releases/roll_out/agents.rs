//! Which agents have which release while one is rolled out, and how they are moved.
//!
//! An agent's place among 100 depends on it and the release alone (`roll_out_place` in the database): a greater share
//! only gives the release to more agents, a smaller one only takes it from some.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{AgentId, CustomerId, Digest, JobId, error::Result, jobs::Instruction, releases::lock_shared};

/// Agents that one statement moves at most.
const AT_A_TIME: i64 = 500;

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

/// Those who are to have `new` get it, whatever they have; those who have it and are not to, get `old`.
pub(super) async fn move_share(
    db: &mut PgConnection,
    niche: &str,
    new: Digest,
    old: Option<Digest>,
    share: u8,
) -> Result<u64> {
    let mut moved = move_agents(db, niche, new, Whom::Below(share)).await?;
    if let Some(old) = old {
        moved += move_agents(db, niche, old, Whom::NotBelow { share, of: new }).await?;
    }
    Ok(moved)
}

/// Which agents of a niche are moved.
#[derive(Clone, Copy)]
pub(super) enum Whom {
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
pub(super) async fn move_agents(db: &mut PgConnection, niche: &str, to: Digest, whom: Whom) -> Result<u64> {
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
        update(db, to, &runs).await?;
        moved += batch.len() as u64;
        if (batch.len() as i64) < AT_A_TIME {
            return Ok(moved);
        }
    }
}

/// Enqueues an `update` for each of `agents`, which were moved to `to`.
async fn update(db: &mut PgConnection, to: Digest, agents: &[(AgentId, CustomerId)]) -> Result<()> {
    let ids: Vec<Uuid> = agents.iter().map(|_| JobId::new().0).collect();
    let (agents, customers): (Vec<Uuid>, Vec<Uuid>) =
        agents.iter().map(|(agent, customer)| (agent.0, customer.0)).unzip();
    sqlx::query!(
        "INSERT INTO jobs (id, kind, customer_id, agent_id, payload, digest)
         SELECT job, $4, customer, agent, $5, $6 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS each (job, customer, agent)",
        &ids,
        &customers,
        &agents,
        Instruction::Update.name(),
        json!(Instruction::Update),
        to.0.as_slice(),
    )
    .execute(db)
    .await?;
    Ok(())
}
