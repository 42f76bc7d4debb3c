//! Sees to it that what runs is what should: every live agent has its gateway, no other has one, and one that hangs is
//! checked.
//!
//! Nothing secret is on disk, so a new operator starts every gateway anew, with new tokens.

use std::{sync::Arc, time::Instant};

use futures::{StreamExt as _, stream};
use openclaw_platform::{
    AgentId,
    agents::{self, AgentState, Wanted},
    jobs::{self, Instruction},
};
use tokio_util::sync::CancellationToken;

use crate::{
    drivers::Phase,
    error::JobError,
    operator::Operator,
    silence::{Seen, Silences, is_heard},
};

/// Looks now and then until `shutdown`.
pub(crate) async fn keep(operator: &Arc<Operator>, shutdown: &CancellationToken) {
    let look_now_and_then = async {
        let mut silences = Silences::default();
        loop {
            if let Err(error) = look(operator, &mut silences).await {
                tracing::warn!(%error, "what should run cannot be told; looking again soon");
            }
            tokio::time::sleep(operator.config.look_every).await;
        }
    };
    shutdown.run_until_cancelled(look_now_and_then).await;
}

async fn look(operator: &Operator, silences: &mut Silences) -> Result<(), JobError> {
    let present = operator.driver.agents();
    let wanted = agents::wanted(&operator.db).await?;
    let missing = wanted.iter().map(|wanted| wanted.agent).filter(|agent| !present.contains(agent));
    stream::iter(missing.chain(present.iter().copied()))
        .for_each_concurrent(operator.config.starts_at_once, async |agent| {
            if let Err(error) = put_right(operator, agent).await {
                tracing::warn!(%agent, %error, "a gateway is not as it should be; trying again soon");
            }
        })
        .await;
    check_hanging(operator, silences, &wanted).await
}

/// Starts or stops the agent's gateway, unless a job is at it.
async fn put_right(operator: &Operator, id: AgentId) -> Result<(), JobError> {
    let Some(_alone) = operator.locks.try_lock(id) else { return Ok(()) };
    let agent = agents::get(&operator.db, id).await?;
    let absent = operator.driver.status(id).phase == Phase::Absent;
    match agent.state {
        AgentState::Live if absent => {
            let prepared = operator.prepare(&agent).await?;
            let blueprint = operator.render(&agent, &prepared).await?;
            let minted = operator.mint(id).await?;
            operator.driver.start(id, &blueprint, minted).await?;
        }
        AgentState::Suspended | AgentState::Destroyed | AgentState::Failed if !absent => {
            operator.driver.stop(id).await?;
        }
        // A provisioning one is its job's.
        _ => {}
    }
    Ok(())
}

/// Orders a check of the gateways that hang, a few at a time: each once for as long as it is not heard of again.
async fn check_hanging(operator: &Operator, silences: &mut Silences, wanted: &[Wanted]) -> Result<(), JobError> {
    let config = &operator.config;
    let seen = wanted.iter().map(|wanted| Seen {
        wanted: *wanted,
        heard: is_heard(wanted.heartbeat_at, config.silence),
        pid: match operator.driver.status(wanted.agent).phase {
            Phase::Running { pid } => Some(pid),
            Phase::Absent | Phase::Pausing => None,
        },
    });
    let hanging = silences.look(&seen.collect::<Vec<_>>(), Instant::now(), config.second_look);
    if hanging.is_empty() {
        return Ok(());
    }
    let check = Instruction::HealthCheck;
    let under_way = usize::try_from(jobs::unsettled(&operator.db, check.name()).await?).unwrap_or(usize::MAX);
    for silence in hanging.iter().take(config.checks_at_once.saturating_sub(under_way)) {
        let Wanted { agent, customer, heartbeat_at } = silence.wanted;
        let last = heartbeat_at.map_or(0, |at| at.unix_timestamp_nanos() / 1000);
        let mut db = operator.db.acquire().await.map_err(openclaw_platform::Error::from)?;
        jobs::enqueue(&mut db, customer, agent, &check, Some(&format!("health:{agent}:{last}"))).await?;
        tracing::warn!(%agent, ?heartbeat_at, "a gateway runs and says nothing; its health is checked");
        silences.settle(silence);
    }
    Ok(())
}
