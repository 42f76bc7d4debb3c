//! Give an agent another tier: what it may spend, who may talk to it, how hard it thinks.

use openclaw_platform::{
    Error,
    agents::{self, AgentState},
    tiers, usage,
};

use super::{Context, Job, Step};
use crate::error::JobError;

/// Changes the tier and the limit of the period under way; a live agent's gateway restarts if it is told anything new.
pub(crate) struct Resize<'a> {
    /// The tier's id.
    pub(crate) tier: &'a str,
}

impl Job for Resize<'_> {
    async fn run(&self, context: &Context<'_>) -> Result<(), JobError> {
        if context.agent().await?.state == AgentState::Destroyed {
            return Ok(());
        }
        context.step(Step::Tier, self.change(context)).await?;
        let agent = context.agent().await?;
        if agent.state != AgentState::Live {
            return Ok(());
        }
        let order = context.design(&agent).await?;
        context.raise_if_changed(&order).await
    }
}

impl Resize<'_> {
    async fn change(&self, context: &Context<'_>) -> Result<(), JobError> {
        let (db, agent) = (&context.operator.db, context.claim.agent);
        let tier = tiers::find(db, self.tier).await?.ok_or_else(|| JobError::Tier(self.tier.to_owned()))?;
        let mut tx = db.begin().await.map_err(Error::from)?;
        agents::set_tier(&mut *tx, agent, self.tier).await?;
        usage::set_limit(&mut tx, agent, tier.monthly_tokens).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(())
    }
}
