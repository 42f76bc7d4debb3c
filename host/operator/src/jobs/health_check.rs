//! Look whether an agent is well, and restart its gateway if it is not.

use std::time::Duration;

use openclaw_platform::agents::{Agent, AgentState};
use time::OffsetDateTime;

use super::{Context, Job, Step};
use crate::{drivers::Phase, error::JobError};

/// A gateway tells of itself every 30 s; one that was silent for three of these is not well.
const SILENCE: Duration = Duration::from_secs(90);

/// Restarts the gateway of a live agent if it does not run or was silent for 90 s.
pub(crate) struct HealthCheck;

impl Job for HealthCheck {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        if agent.state != AgentState::Live {
            return Ok(());
        }
        let well = context.step(Step::Look, async { Ok(is_well(context, &agent)) }).await?;
        if well {
            return Ok(());
        }
        tracing::warn!(agent = %agent.id, "a gateway is not well; it is restarted");
        let blueprint = context.design(&agent).await?;
        context.raise(&agent, &blueprint).await
    }
}

fn is_well(context: &Context<'_>, agent: &Agent) -> bool {
    let heard = agent.heartbeat_at.is_some_and(|at| OffsetDateTime::now_utc() - at < SILENCE);
    matches!(context.operator.driver.status(agent.id).phase, Phase::Running { .. }) && heard
}
