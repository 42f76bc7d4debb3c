//! Look whether what runs for an agent is what should, and put it right if it is not.

use openclaw_platform::agents::{Agent, AgentState};

use super::{Context, Job, Step};
use crate::{
    drivers::{Driver, DriverError, Phase},
    error::JobError,
    silence::is_heard,
};

/// Restarts the gateway of a live agent if it does not run or was silent for too long, and stops one that should not run.
pub(crate) struct HealthCheck;

impl Job for HealthCheck {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        let driver = &*context.operator.driver;
        match agent.state {
            AgentState::Live => {}
            AgentState::Suspended | AgentState::Failed | AgentState::Destroyed => {
                return context.step(Step::Look, async { Ok(rest(driver, &agent).await?) }).await;
            }
            // Its job is at it.
            AgentState::Provisioning => return Ok(()),
        }
        let well = context.step(Step::Look, is_well(context, &agent)).await?;
        if well {
            return Ok(());
        }
        tracing::warn!(agent = %agent.id, "a gateway is not well; it is restarted");
        let order = context.design(&agent).await?;
        context.raise(&order).await
    }
}

/// Stops what runs for `agent`, for which nothing should.
pub(crate) async fn rest(driver: &dyn Driver, agent: &Agent) -> Result<(), DriverError> {
    match driver.status(agent.id).await?.phase {
        Phase::Absent | Phase::Suspended => Ok(()),
        Phase::Running { .. } | Phase::Pausing if agent.state == AgentState::Suspended => {
            driver.suspend(agent.id).await
        }
        Phase::Running { .. } | Phase::Pausing => driver.stop(agent.id).await,
    }
}

async fn is_well(context: &Context<'_>, agent: &Agent) -> Result<bool, JobError> {
    let operator = context.operator;
    let runs = matches!(operator.driver.status(agent.id).await?.phase, Phase::Running { .. });
    Ok(runs && is_heard(agent.heartbeat_at, operator.config.silence))
}
