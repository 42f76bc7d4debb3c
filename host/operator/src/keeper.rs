//! Sees to it that what runs is what should: every live agent has its gateway, no other has one.
//!
//! Nothing secret is on disk, so a new operator starts every gateway anew, with new tokens.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use openclaw_platform::{
    AgentId,
    agents::{self, AgentState},
};
use tokio_util::sync::CancellationToken;

use crate::{drivers::Phase, error::JobError, operator::Operator};

/// Looks now and then until `shutdown`.
pub(crate) async fn keep(operator: &Arc<Operator>, shutdown: &CancellationToken) {
    let look_now_and_then = async {
        loop {
            if let Err(error) = look(operator).await {
                tracing::warn!(%error, "what should run cannot be told; looking again soon");
            }
            tokio::time::sleep(operator.config.look_every).await;
        }
    };
    shutdown.run_until_cancelled(look_now_and_then).await;
}

async fn look(operator: &Operator) -> Result<(), JobError> {
    let present = operator.driver.agents();
    let mut differing = agents::wanted(&operator.db).await?;
    differing.retain(|agent| !present.contains(agent));
    let superfluous = present.iter().copied();
    stream::iter(differing.into_iter().chain(superfluous))
        .for_each_concurrent(operator.config.starts_at_once, async |agent| {
            if let Err(error) = put_right(operator, agent).await {
                tracing::warn!(%agent, %error, "a gateway is not as it should be; trying again soon");
            }
        })
        .await;
    Ok(())
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
