//! From payment to a live agent, as the customer watches it.

use openclaw_api_types::{Progress, ProgressStep};
use openclaw_platform::{
    AgentId, CheckoutId, CustomerId, JobId,
    agents::{self, AgentState},
    billing,
    jobs::{self, JobView},
};
use time::OffsetDateTime;

use crate::{
    AppState,
    error::{ApiError, Result},
    views,
};

/// The steps of a provision job. Those it has not begun are shown too.
const STEPS: [&str; 5] = ["prepare", "persona", "tokens", "gateway", "answering"];

/// What is watched.
pub(crate) struct Watched {
    /// What the customer sees.
    pub(crate) progress: Progress,
    /// The agent, once it exists.
    pub(crate) agent: Option<AgentId>,
    /// Its job, once it exists.
    pub(crate) job: Option<JobId>,
}

impl Watched {
    /// Whether nothing more will happen.
    pub(crate) fn has_ended(&self) -> bool {
        use openclaw_api_types::AgentState as S;
        matches!(self.progress.state, Some(S::Live | S::Failed | S::Suspended | S::Destroyed))
    }
}

/// How far checkout `id` of `customer` is; another's does not exist for them.
pub(crate) async fn of_checkout(state: &AppState, customer: CustomerId, id: CheckoutId) -> Result<Watched> {
    let checkout = billing::checkout(&state.db, id)
        .await?
        .filter(|checkout| checkout.customer == customer)
        .ok_or(ApiError::NotFound("checkout"))?;
    let begun = begun(id);
    let mut steps = vec![ProgressStep {
        name: "payment".into(),
        started_at: begun.map(views::instant),
        millis: begun.zip(checkout.paid_at).map(|(begun, paid)| views::millis(begun, paid)),
    }];
    let Some(id) = checkout.agent else {
        steps.extend(provision_steps(None));
        let progress = Progress { steps, agent: None, state: None, telegram_url: None, error: None };
        return Ok(Watched { progress, agent: None, job: None });
    };
    // The job first: when the agent is live, all its steps are seen.
    let job = jobs::of_agent(&state.db, id).await?.into_iter().find(|job| job.kind == "provision");
    let agent = agents::get(&state.db, id).await?;
    let job_id = job.as_ref().map(|job| job.id);
    steps.extend(provision_steps(job));
    let progress = Progress {
        steps,
        agent: Some(id.to_string()),
        state: Some(views::agent_state(agent.state)),
        telegram_url: views::telegram_url(&agent),
        error: agent.reason.filter(|_| agent.state == AgentState::Failed),
    };
    Ok(Watched { progress, agent: Some(id), job: job_id })
}

/// When the checkout was begun: its id says so.
fn begun(id: CheckoutId) -> Option<OffsetDateTime> {
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)).ok()
}

/// The job's steps in order, then those that are still to come.
fn provision_steps(job: Option<JobView>) -> Vec<ProgressStep> {
    let mut steps: Vec<_> = job.into_iter().flat_map(|job| job.steps).map(views::job_step).collect();
    for name in STEPS {
        if !steps.iter().any(|step| step.name == name) {
            steps.push(ProgressStep { name: name.into(), started_at: None, millis: None });
        }
    }
    steps
}
