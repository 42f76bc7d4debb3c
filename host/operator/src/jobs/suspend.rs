//! Suspend an agent: its token closes, its gateway stops, its data stays.

use openclaw_platform::agents::{self, AgentState};

use super::{Context, Job};
use crate::error::JobError;

/// Suspends an agent in whatever state it is, unless it is gone.
pub(crate) struct Suspend<'a> {
    /// Why, as a stable word.
    pub(crate) reason: &'a str,
}

impl Job for Suspend<'_> {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        if agent.state == AgentState::Destroyed {
            return Ok(());
        }
        context.lower(context.operator.driver.suspend(agent.id)).await?;
        agents::set_state(&context.operator.db, agent.id, AgentState::Suspended, Some(self.reason)).await?;
        Ok(())
    }
}
