//! Sees to it that what runs is what should: every live agent has its gateway, no other has one, and one that hangs is
//! checked.
//!
//! Gateways that are this process' own it starts and stops itself: nothing secret is on disk, so a new operator starts
//! every gateway anew, with new tokens. Those that several operators share are put right by jobs, of which one runs for
//! a customer whoever takes it; what is well there is left alone.

use std::{collections::HashMap, sync::Arc, time::Instant};

use futures::{StreamExt as _, stream};
use openclaw_platform::{
    AgentId, CustomerId,
    agents::{self, AgentState, Wanted},
    jobs::{self, Instruction},
};
use tokio_util::sync::CancellationToken;

use crate::{
    drivers::{Phase, Status},
    error::JobError,
    jobs::health_check,
    operator::Operator,
    silence::{Seen, Silences, is_heard},
};

/// Why an agent is suspended that somebody suspended in the cluster.
pub(crate) const BY_HAND: &str = "by-hand";

type Present = HashMap<AgentId, Status>;

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
    // What runs first: of what changes meanwhile, the state is the newer.
    let present = operator.driver.agents().await?;
    let wanted = agents::wanted(&operator.db).await?;
    if operator.driver.is_shared() {
        order_what_is_wrong(operator, &present, &wanted).await?;
    } else {
        let missing = wanted.iter().map(|wanted| wanted.agent).filter(|agent| phase(&present, *agent) == Phase::Absent);
        stream::iter(missing.chain(unwanted(&present, &wanted)))
            .for_each_concurrent(operator.config.starts_at_once, async |agent| {
                if let Err(error) = put_right(operator, agent).await {
                    tracing::warn!(%agent, %error, "a gateway is not as it should be; trying again soon");
                }
            })
            .await;
    }
    check_hanging(operator, silences, &present, &wanted).await
}

fn phase(present: &Present, agent: AgentId) -> Phase {
    present.get(&agent).map_or(Phase::Absent, |status| status.phase)
}

/// Those that run and are not live.
fn unwanted(present: &Present, wanted: &[Wanted]) -> Vec<AgentId> {
    let mut running = present.clone();
    running.retain(|_, status| !matches!(status.phase, Phase::Absent | Phase::Suspended));
    for wanted in wanted {
        running.remove(&wanted.agent);
    }
    running.into_keys().collect()
}

/// Starts or stops the agent's gateway, unless a job is at it.
async fn put_right(operator: &Operator, id: AgentId) -> Result<(), JobError> {
    let Some(_alone) = operator.locks.try_lock(id) else { return Ok(()) };
    let agent = agents::get(&operator.db, id).await?;
    match agent.state {
        AgentState::Live if operator.driver.status(id).await?.phase == Phase::Absent => {
            let prepared = operator.prepare(&agent).await?;
            let order = operator.render(&agent, &prepared).await?;
            let minted = operator.mint(id).await?;
            operator.driver.start(&order, minted).await?;
        }
        AgentState::Suspended | AgentState::Destroyed | AgentState::Failed => {
            health_check::rest(&*operator.driver, &agent).await?;
        }
        // A provisioning one is its job's.
        AgentState::Live | AgentState::Provisioning => {}
    }
    Ok(())
}

/// Orders a job for each agent that is not as it should be, unless it has one already.
async fn order_what_is_wrong(operator: &Operator, present: &Present, wanted: &[Wanted]) -> Result<(), JobError> {
    // People take their agents away one by one: where all are missing, this may be another cluster than theirs.
    let mut missing = wanted.iter().filter(|wanted| wanted.adopted && !present.contains_key(&wanted.agent));
    let one_is_there = wanted.iter().any(|wanted| wanted.adopted && present.contains_key(&wanted.agent));
    let others_are_missing = missing.nth(1).is_some() && !one_is_there;
    if others_are_missing {
        tracing::warn!("of the agents that were taken in, none is in this cluster: nothing of theirs is removed");
    }
    for Wanted { agent, customer, adopted, .. } in wanted.iter().copied() {
        let instruction = match phase(present, agent) {
            Phase::Absent if adopted && !present.contains_key(&agent) => {
                match operator.driver.has(agent).await {
                    // Whoever made it took it away again.
                    Ok(false) if !others_are_missing => Instruction::Destroy,
                    Ok(_) => continue,
                    Err(error) => {
                        tracing::warn!(%agent, %error, "whether an agent was taken away cannot be told; looking again soon");
                        continue;
                    }
                }
            }
            Phase::Absent => Instruction::HealthCheck,
            Phase::Suspended => Instruction::Suspend { reason: BY_HAND.into() },
            Phase::Running { .. } | Phase::Pausing => continue,
        };
        order(operator, customer, agent, &instruction, AgentState::Live).await?;
    }
    for (agent, customer) in agents::suspended_for(&operator.db, BY_HAND).await? {
        if present.get(&agent).is_some_and(|status| status.phase == Phase::Absent) {
            order(operator, customer, agent, &Instruction::Reactivate, AgentState::Suspended).await?;
        }
    }
    for id in unwanted(present, wanted) {
        let agent = match agents::get(&operator.db, id).await {
            Ok(agent) => agent,
            Err(openclaw_platform::Error::NotFound(_)) => {
                tracing::warn!(agent = %id, "an Agent says that it is an agent of which this platform knows nothing");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if matches!(agent.state, AgentState::Suspended | AgentState::Failed | AgentState::Destroyed) {
            order(operator, agent.customer, id, &Instruction::HealthCheck, agent.state).await?;
        }
    }
    Ok(())
}

async fn order(
    operator: &Operator,
    customer: CustomerId,
    agent: AgentId,
    instruction: &Instruction,
    state: AgentState,
) -> Result<(), JobError> {
    if jobs::enqueue_if_idle(&operator.db, customer, agent, instruction, state).await? {
        tracing::warn!(%agent, kind = instruction.name(), "what runs is not what should; a job puts it right");
    }
    Ok(())
}

/// Orders a check of the gateways that hang, a few at a time: each once for as long as it is not heard of again.
async fn check_hanging(
    operator: &Operator,
    silences: &mut Silences,
    present: &Present,
    wanted: &[Wanted],
) -> Result<(), JobError> {
    let config = &operator.config;
    let seen = wanted.iter().map(|wanted| Seen {
        wanted: *wanted,
        heard: is_heard(wanted.heartbeat_at, config.silence),
        which: match phase(present, wanted.agent) {
            Phase::Running { which } => Some(which),
            Phase::Absent | Phase::Suspended | Phase::Pausing => None,
        },
    });
    let hanging = silences.look(&seen.collect::<Vec<_>>(), Instant::now(), config.second_look);
    if hanging.is_empty() {
        return Ok(());
    }
    let check = Instruction::HealthCheck;
    let under_way = usize::try_from(jobs::unsettled(&operator.db, check.name()).await?).unwrap_or(usize::MAX);
    for silence in hanging.iter().take(config.checks_at_once.saturating_sub(under_way)) {
        let Wanted { agent, customer, heartbeat_at, .. } = silence.wanted;
        let last = heartbeat_at.map_or(0, |at| at.unix_timestamp_nanos() / 1000);
        let mut db = operator.db.acquire().await.map_err(openclaw_platform::Error::from)?;
        jobs::enqueue(&mut db, customer, agent, &check, Some(&format!("health:{agent}:{last}"))).await?;
        tracing::warn!(%agent, ?heartbeat_at, "a gateway runs and says nothing; its health is checked");
        silences.settle(silence);
    }
    Ok(())
}
