//! Destroy an agent: it stops for good, and all that it and its people said is removed. The books stay.

use openclaw_platform::{agents::AgentState, erasure};

use super::{Context, Job, Step};
use crate::error::JobError;

/// Takes an agent in whatever state to `destroyed`.
pub(crate) struct Destroy;

impl Job for Destroy {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        if agent.state == AgentState::Destroyed {
            return Ok(());
        }
        context.lower(context.operator.driver.stop(agent.id)).await?;
        let erase = async {
            // The state comes last: a job for a destroyed agent does nothing, so nothing may be left to do.
            context.operator.driver.destroy(agent.id).await?;
            Ok(erasure::destroy(&context.operator.db, agent.id).await?)
        };
        context.step(Step::Erase, erase).await
    }
}
