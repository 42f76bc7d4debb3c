//! Keeps what every `Agent` of one namespace says true in the cluster, for as long as it runs.
//!
//! Level by level: whatever happened, and however often, the children are compared with what they should be, and only
//! those that differ are applied. So a restart writes nothing, and neither does a thousand agents' silence. What a
//! gateway is told (its Secret) is not made here but by jobs, which alone can open tokens; until one has said that it is
//! there, nothing runs and the status says that it is waited for.

mod live;
mod removal;
pub(crate) mod status;
mod tiers;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt as _;
use k8s_openapi::{api::core::v1::Secret, jiff::Timestamp};
use kube::{
    Api, Client, Resource as _, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{
        Controller,
        controller::{Action, Config},
        events::{Event, Recorder, Reporter},
        reflector::ObjectRef,
        watcher,
    },
};
use openclaw_platform::tiers::Tier;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use self::{live::Live, tiers::Tiers};
use crate::{
    backoff::{Backoff, RIGHTS, RIGHTS_ATTEMPTS},
    children::{self, Family, Platform},
    resources::{Agent, Runtime},
};

/// Agents that are looked at at once.
const AT_ONCE: u16 = 16;
/// However quiet it is: what no watch tells, the Secret above all, is looked at again after this.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// Between attempts that fail.
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(60) };

/// Why one look at an agent failed. It is looked at again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// The API server refused, or is away.
    #[error("the API server did not do what was asked: {0}")]
    Kubernetes(#[from] kube::Error),
    /// Postgres, or what it holds.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// An `Agent` that no API server gave.
    #[error("the Agent has no namespace or uid, which the API server gives")]
    Unknown,
}

struct Context {
    client: Client,
    platform: Platform,
    tiers: Tiers,
    live: Live,
    events: Recorder,
    failures: Mutex<HashMap<String, u32>>,
}

/// Runs until `shutdown`; what is being looked at then is looked at to its end.
pub async fn run(client: Client, platform: Platform, db: PgPool, shutdown: CancellationToken) {
    let agents: Api<Agent> = Api::namespaced(client.clone(), &platform.namespace);
    let (live, touched) = Live::watch(&client, &platform.namespace);
    let reporter = Reporter { controller: children::MANAGER.into(), instance: None };
    let context = Arc::new(Context {
        events: Recorder::new(client.clone(), reporter),
        tiers: Tiers::new(db),
        failures: Mutex::default(),
        client,
        platform,
        live,
    });
    Controller::new(agents, watcher::Config::default())
        .with_config(Config::default().concurrency(AT_ONCE))
        .reconcile_on(touched)
        .graceful_shutdown_on(shutdown.cancelled_owned())
        .run(look, retry, context)
        .for_each(async |_| ())
        .await;
}

/// Looks at one agent, and makes true what it says.
async fn look(agent: Arc<Agent>, context: Arc<Context>) -> Result<Action, ControllerError> {
    // Before everything is known, everything would seem to be missing.
    context.live.known().await;
    let family = Family::of(&agent).ok_or(ControllerError::Unknown)?;
    let agents: Api<Agent> = Api::namespaced(context.client.clone(), &context.platform.namespace);
    let seen = if agent.meta().deletion_timestamp.is_some() {
        match removal::go_on(&context, &family).await? {
            Some(waiting) => status::Seen::Removing(waiting),
            None => {
                removal::let_go(&agents, &agent).await?;
                context.forgive(&agent);
                return Ok(Action::await_change());
            }
        }
    } else {
        if !removal::hold(&agents, &agent).await? {
            // It went in the meantime: whatever was made for it now would stay for ever.
            context.forgive(&agent);
            return Ok(Action::await_change());
        }
        match context.tiers.find(&agent.spec.tier).await? {
            Some(tier) => keep(&context, &agent, &family, &tier).await?,
            None => status::Seen::NoTier,
        }
    };
    tell(&context, &agents, &agent, &family, &seen).await?;
    context.forgive(&agent);
    Ok(Action::requeue(LOOK_EVERY))
}

/// Applies those of the children that are not as they should be.
async fn keep(context: &Context, agent: &Agent, family: &Family, tier: &Tier) -> Result<status::Seen, ControllerError> {
    let Context { client, platform, live, .. } = context;
    let namespace = live.namespaces.keep(client, &children::namespace(family)).await?;
    if namespace.meta().deletion_timestamp.is_some() {
        return Ok(status::Seen::NamespaceGoes);
    }
    live.bindings.keep(client, &children::access(family, platform)).await?;
    // The bounds first: nothing ever runs without them.
    live.quotas.keep(client, &children::quota(family, tier, agent.spec.runtime)).await?;
    live.limits.keep(client, &children::limits(family, tier)).await?;
    live.policies.keep(client, &children::network_policy(family, agent, platform)).await?;
    live.accounts.keep(client, &children::service_account(family)).await?;
    if agent.spec.runtime == Runtime::Openclaw {
        live.volumes.keep(client, &children::volume(family, platform)).await?;
    }
    let Some(mark) = children::config_of(agent) else {
        let gateway = ObjectRef::new(children::GATEWAY).within(&family.namespace);
        if live.deployments.get(&gateway).is_none() {
            return Ok(status::Seen::NoConfig);
        }
        let stopped = children::deployment(family, agent, tier, platform, None);
        return Ok(status::Seen::Stopped(live.deployments.keep(client, &stopped).await?));
    };
    if !agent.spec.suspended {
        let secrets: Api<Secret> = Api::namespaced(client.clone(), &family.namespace);
        match secrets.get_opt(children::CONFIG).await? {
            Some(secret) if children::mark(&secret) == mark => {}
            // A gateway that runs goes on: it was told what it needs when it started.
            Some(_) => return Ok(status::Seen::LostConfig("was changed by hand")),
            None => return Ok(status::Seen::LostConfig("is gone")),
        }
    }
    let wanted = children::deployment(family, agent, tier, platform, Some(mark));
    Ok(status::Seen::Gateway(live.deployments.keep(client, &wanted).await?))
}

/// Writes the status if it changed, and tells of a new phase.
async fn tell(
    context: &Context,
    agents: &Api<Agent>,
    agent: &Agent,
    family: &Family,
    seen: &status::Seen,
) -> Result<(), ControllerError> {
    let next = status::of(agent, family, seen, Timestamp::now());
    if agent.status.as_ref() == Some(&next) {
        return Ok(());
    }
    let patch = serde_json::json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        // Not another one of that name.
        "metadata": {"uid": agent.uid()},
        "status": status::ours(&next),
    });
    let manager = PatchParams::apply(children::MANAGER).force();
    agents.patch_status(&agent.name_any(), &manager, &Patch::Apply(patch)).await?;
    let before = agent.status.as_ref().and_then(|s| s.phase);
    if before != next.phase
        && let Some((type_, reason, note)) = status::event(&next)
    {
        let event = Event { type_, reason: reason.into(), note: Some(note), action: "Look".into(), secondary: None };
        // Nobody's agent is worse for an event that was not written.
        if let Err(error) = context.events.publish(&event, &agent.object_ref(&())).await {
            tracing::warn!(%error, "an event could not be written");
        }
    }
    Ok(())
}

/// Tries again, later with each failure in a row.
fn retry(agent: Arc<Agent>, error: &ControllerError, context: Arc<Context>) -> Action {
    let mut failures = context.failures.lock().unwrap_or_else(PoisonError::into_inner);
    let failures = failures.entry(agent.uid().unwrap_or_default()).or_default();
    *failures += 1;
    if let ControllerError::Kubernetes(kube::Error::Api(status)) = error
        && status.is_forbidden()
        && *failures <= RIGHTS_ATTEMPTS
    {
        tracing::debug!(agent = agent.name_any(), %error, "the right to an agent's namespace is not known yet");
        return Action::requeue(RIGHTS.pause(*failures));
    }
    tracing::warn!(agent = agent.name_any(), %error, failures = *failures, "an agent could not be looked at");
    Action::requeue(RETRY.pause(*failures))
}

impl Context {
    fn forgive(&self, agent: &Agent) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&agent.uid().unwrap_or_default());
    }
}

/// The agent whose child it is, as its labels say.
fn parent(labels: &BTreeMap<String, String>) -> Option<ObjectRef<Agent>> {
    let namespace = labels.get(children::AGENT_NAMESPACE)?;
    Some(ObjectRef::new(labels.get(children::AGENT)?).within(namespace))
}
