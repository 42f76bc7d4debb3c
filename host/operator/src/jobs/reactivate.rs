//! Undo a suspension: the agent answers again, with all it had.

use openclaw_platform::agents::{self, AgentState};

use super::{Context, Job};
use crate::error::JobError;

/// Takes a suspended agent to `live`. Others are left alone.
pub(crate) struct Reactivate;

impl Job for Reactivate {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        if agent.state != AgentState::Suspended {
            return Ok(());
        }
        let order = context.design(&agent).await?;
        context.raise(&order).await?;
        agents::set_state(&context.operator.db, agent.id, AgentState::Live, None).await?;
        Ok(())
    }

    /// It stays suspended: nothing may run for it.
    async fn given_up(&self, context: &Context<'_>, _: &JobError) -> Result<(), JobError> {
        let (operator, agent) = (context.operator, context.claim.agent);
        if context.agent().await?.state == AgentState::Suspended {
            operator.close(agent).await?;
            operator.driver.suspend(agent).await?;
        }
        Ok(())
    }
}
