//! Look whether an agent is well, and restart its gateway if it is not.

use openclaw_platform::agents::{Agent, AgentState};

use super::{Context, Job, Step};
use crate::{drivers::Phase, error::JobError, silence::is_heard};

/// Restarts the gateway of a live agent if it does not run or was silent for too long.
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
    let operator = context.operator;
    matches!(operator.driver.status(agent.id).phase, Phase::Running { .. })
        && is_heard(agent.heartbeat_at, operator.config.silence)
}
