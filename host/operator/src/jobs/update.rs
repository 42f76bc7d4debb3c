//! Render an agent's prompt anew, from the release and the answers it has now.

use openclaw_platform::agents::AgentState;

use super::{Context, Job};
use crate::error::JobError;

/// Restarts the gateway of a live agent if its prompt changed: a new release that says the same needs no restart. If the new prompt cannot be rendered,
/// the gateway goes on with the one it has.
pub(crate) struct Update;

impl Job for Update {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        let agent = context.agent().await?;
        if agent.state != AgentState::Live {
            // Whatever starts it next renders anew.
            return Ok(());
        }
        let order = context.design(&agent).await?;
        context.raise_if_changed(&order).await
    }
}
