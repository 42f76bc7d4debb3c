//! What jobs and the keeper work with, and the way from an agent to its running gateway, in parts that each may be
//! repeated.

use std::{sync::Arc, time::Duration};

use openclaw_platform::{
    AgentId, accounts,
    agents::{self, Agent},
    releases, tiers,
    tiers::Tier,
    tokens::{self, Minted},
};
use openclaw_plugins::{Answer, Host, Release};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::{
    Config, Error,
    blueprint::{Blueprint, PROMPT_BYTES},
    drivers::{Driver, Order},
    error::JobError,
    locks::Locks,
};

/// How often it is looked whether a gateway was heard of.
const LISTEN_EVERY: Duration = Duration::from_millis(25);

/// Everything the operator has.
pub(crate) struct Operator {
    /// No other operator's.
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) db: PgPool,
    pub(crate) host: Host,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) locks: Locks,
}

/// An agent's tier and release, both there.
pub(crate) struct Prepared {
    tier: Tier,
    release: Release,
    version: String,
}

impl Operator {
    pub(crate) fn new(config: Config, db: PgPool, driver: Arc<dyn Driver>) -> Result<Arc<Self>, Error> {
        let name = format!("operator-{}", uuid::Uuid::now_v7());
        Ok(Arc::new(Self {
            name,
            host: Host::new(config.plugins.clone())?,
            driver,
            locks: Locks::default(),
            config,
            db,
        }))
    }

    /// Finds the agent's tier and loads its release.
    pub(crate) async fn prepare(&self, agent: &Agent) -> Result<Prepared, JobError> {
        let tier = tiers::find(&self.db, &agent.tier).await?.ok_or_else(|| JobError::Tier(agent.tier.clone()))?;
        let release = match self.host.get(&agent.digest.0.into()) {
            Some(release) => release,
            None => {
                let component = releases::component(&self.db, agent.digest).await?;
                self.host.load(&component).await.map_err(JobError::Release)?
            }
        };
        let version = releases::get(&self.db, agent.digest).await?.version;
        Ok(Prepared { tier, release, version })
    }

    /// Renders the agent's prompt in its niche; says what its gateway is then started for.
    pub(crate) async fn render(&self, agent: &Agent, prepared: &Prepared) -> Result<Order, JobError> {
        let answer = |a: &agents::Answer| Answer { question: a.question.clone(), value: a.value.clone() };
        let profile: Vec<Answer> = agent.profile.iter().map(answer).collect();
        let prompt = prepared.release.render_persona(&profile, &agent.locale, &[]).await.map_err(JobError::Persona)?;
        if prompt.len() > PROMPT_BYTES {
            return Err(JobError::Prompt(format!("has {} bytes; {PROMPT_BYTES} are the most", prompt.len())));
        }
        if prompt.contains('\0') || prompt.trim().is_empty() {
            return Err(JobError::Prompt("is empty or holds a NUL character".into()));
        }
        Ok(Order {
            blueprint: Blueprint::new(agent, &prepared.tier, prompt, &self.config.addresses),
            customer: accounts::get(&self.db, agent.customer).await?.email,
            version: prepared.version.clone(),
            agent: agent.clone(),
        })
    }

    /// Stops whatever runs for the agent, then opens new tokens: what was started before cannot come back.
    pub(crate) async fn mint(&self, agent: AgentId) -> Result<Minted, JobError> {
        self.driver.stop(agent).await?;
        let mut tx = self.db.begin().await.map_err(openclaw_platform::Error::from)?;
        let minted = tokens::mint(&mut tx, agent, self.config.bcrypt_cost).await?;
        tx.commit().await.map_err(openclaw_platform::Error::from)?;
        Ok(minted)
    }

    /// Closes the agent's tokens.
    pub(crate) async fn close(&self, agent: AgentId) -> Result<(), JobError> {
        let mut tx = self.db.begin().await.map_err(openclaw_platform::Error::from)?;
        tokens::close(&mut tx, agent).await?;
        tx.commit().await.map_err(openclaw_platform::Error::from)?;
        Ok(())
    }

    /// Waits until the gateway says that it is well, after it was last heard of at `before`.
    pub(crate) async fn answering(&self, agent: AgentId, before: Option<OffsetDateTime>) -> Result<(), JobError> {
        let deadline = Instant::now() + self.config.answering;
        while !agents::heard_since(&self.db, agent, before).await? {
            if Instant::now() >= deadline {
                return Err(JobError::NotAnswering(self.config.answering));
            }
            sleep(LISTEN_EVERY).await;
        }
        Ok(())
    }
}
