//! What each instruction means: one file a job. A job may be cut short between any two instructions of its code and
//! is then run again from the beginning, so every step of it may be repeated.

mod destroy;
pub(crate) mod health_check;
mod provision;
mod reactivate;
mod resize;
mod suspend;
mod update;

use std::time::Instant;

use openclaw_platform::{
    agents::{self, Agent},
    jobs::{Instruction, queue::Claim},
};

use crate::{
    drivers::{DriverError, Order},
    error::JobError,
    operator::Operator,
};

/// What an instruction tells the operator to do.
pub(crate) trait Job: Send + Sync {
    /// Does it. Running it again, or after it no longer makes sense, changes nothing.
    fn run(&self, context: &Context<'_>) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Leaves things in order when no further attempt will be made.
    fn given_up(&self, _: &Context<'_>, _: &JobError) -> impl Future<Output = Result<(), JobError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Runs the claimed job.
pub(crate) async fn run(context: &Context<'_>) -> Result<(), JobError> {
    match &context.claim.instruction {
        Instruction::Provision => provision::Provision.run(context).await,
        Instruction::Update => update::Update.run(context).await,
        Instruction::Suspend { reason } => suspend::Suspend { reason }.run(context).await,
        Instruction::Reactivate => reactivate::Reactivate.run(context).await,
        Instruction::Resize { tier } => resize::Resize { tier }.run(context).await,
        Instruction::Destroy => destroy::Destroy.run(context).await,
        Instruction::HealthCheck => health_check::HealthCheck.run(context).await,
    }
}

/// Leaves things in order after the claimed job's last attempt failed with `error`.
pub(crate) async fn given_up(context: &Context<'_>, error: &JobError) -> Result<(), JobError> {
    match &context.claim.instruction {
        Instruction::Provision => provision::Provision.given_up(context, error).await,
        Instruction::Update => update::Update.given_up(context, error).await,
        Instruction::Suspend { reason } => suspend::Suspend { reason }.given_up(context, error).await,
        Instruction::Reactivate => reactivate::Reactivate.given_up(context, error).await,
        Instruction::Resize { tier } => resize::Resize { tier }.given_up(context, error).await,
        Instruction::Destroy => destroy::Destroy.given_up(context, error).await,
        Instruction::HealthCheck => health_check::HealthCheck.given_up(context, error).await,
    }
}

/// A step of a job. Customers see it while they wait, so its name stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Tier and release are found.
    Prepare,
    /// The niche renders the prompt.
    Persona,
    /// New tokens are opened.
    Tokens,
    /// The gateway starts.
    Gateway,
    /// The gateway says that it is well.
    Answering,
    /// The tokens are closed.
    Close,
    /// The gateway stops.
    Stop,
    /// The tier changes.
    Tier,
    /// What was kept is removed.
    Erase,
    /// It is looked whether the gateway is well.
    Look,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Persona => "persona",
            Self::Tokens => "tokens",
            Self::Gateway => "gateway",
            Self::Answering => "answering",
            Self::Close => "close",
            Self::Stop => "stop",
            Self::Tier => "tier",
            Self::Erase => "erase",
            Self::Look => "look",
        }
    }
}

/// What a job works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) operator: &'a Operator,
    pub(crate) claim: &'a Claim,
}

impl Context<'_> {
    /// The job's agent, as it is now.
    async fn agent(&self) -> Result<Agent, JobError> {
        Ok(agents::get(&self.operator.db, self.claim.agent).await?)
    }

    /// Does `work` as `step`, and records when.
    async fn step<T>(&self, step: Step, work: impl Future<Output = Result<T, JobError>> + Send) -> Result<T, JobError> {
        let (db, began) = (&self.operator.db, Instant::now());
        if !self.claim.step_started(db, step.name()).await? {
            return Err(JobError::LeaseEnded);
        }
        let done = work.await?;
        if !self.claim.step_finished(db, step.name()).await? {
            return Err(JobError::LeaseEnded);
        }
        metrics::histogram!(
            "openclaw_operator_step_seconds",
            "kind" => self.claim.instruction.name(),
            "step" => step.name()
        )
        .record(began.elapsed().as_secs_f64());
        Ok(done)
    }

    /// Finds what the agent is made of and renders its prompt.
    async fn design(&self, agent: &Agent) -> Result<Order, JobError> {
        let prepared = self.step(Step::Prepare, self.operator.prepare(agent)).await?;
        self.step(Step::Persona, self.operator.render(agent, &prepared)).await
    }

    /// Replaces whatever runs for the agent by the gateway of `order`, and waits until it answers.
    async fn raise(&self, order: &Order) -> Result<(), JobError> {
        let (operator, agent) = (self.operator, order.agent.id);
        let minted = self.step(Step::Tokens, operator.mint(agent)).await?;
        // Read now: the gateway before is stopped and can no longer be heard, the next is not yet there.
        let before = self.agent().await?.heartbeat_at;
        let start = async { Ok(operator.driver.start(order, minted).await?) };
        self.step(Step::Gateway, start).await?;
        self.step(Step::Answering, operator.answering(agent, before)).await
    }

    /// [`Context::raise`], unless a gateway after this very blueprint is there.
    async fn raise_if_changed(&self, order: &Order) -> Result<(), JobError> {
        if self.operator.driver.adjust(order).await? {
            return Ok(());
        }
        self.raise(order).await
    }

    /// Closes the agent's tokens, then has its gateway stopped by `stop`: one that outlives its token can no longer spend.
    async fn lower(&self, stop: impl Future<Output = Result<(), DriverError>> + Send) -> Result<(), JobError> {
        self.step(Step::Close, self.operator.close(self.claim.agent)).await?;
        self.step(Step::Stop, async { Ok(stop.await?) }).await
    }
}
