//! Make an agent: its prompt, its tokens, its gateway; it is live once it has answered.

use openclaw_platform::agents::{self, AgentState};

use super::{Context, Job};
use crate::error::JobError;

/// Takes a new agent, or one that could not be made before, to `live`. Others are left alone.
pub(crate) struct Provision;

impl Job for Provision {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let db = &context.operator.db;
        let agent = context.agent().await?;
        match agent.state {
            AgentState::Provisioning => {}
            // A person had it tried again: its customer sees it being made.
            AgentState::Failed => {
                agents::set_state(db, agent.id, AgentState::Provisioning, None).await?;
            }
            AgentState::Live | AgentState::Suspended | AgentState::Destroyed => return Ok(()),
        }
        let order = context.design(&agent).await?;
        context.raise(&order).await?;
        agents::set_state(db, agent.id, AgentState::Live, None).await?;
        Ok(())
    }

    async fn given_up(&self, context: &Context<'_>, error: &JobError) -> Result<(), JobError> {
        let (operator, agent) = (context.operator, context.claim.agent);
        operator.close(agent).await?;
        operator.driver.stop(agent).await?;
        agents::set_state(&operator.db, agent, AgentState::Failed, Some(error.reason())).await?;
        Ok(())
    }
}
