//! Gateways as pods of a cluster. The driver says in an `Agent` what should run and writes the Secret that tells it what it
//! is; [`crate::controller`] makes it so, here or in another operator, and the driver watches until it has.

mod known;
mod manifest;

use std::{collections::HashMap, path::PathBuf, time::Duration};

use futures::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::{WatchStreamExt as _, watcher::watch_object},
};
use openclaw_platform::{AgentId, tokens::Minted};
use serde_json::Value;

use self::{
    known::Known,
    manifest::{BLUEPRINT, DESCRIBES, SWITCHES, Switch},
};
use super::{Doing, Driver, DriverError, Order, Phase, Status};
use crate::{
    Error,
    adoption::Terms,
    backoff::{RIGHTS, RIGHTS_ATTEMPTS},
    children::{self, Family, Platform},
    controller::status::reason,
    resources::{Agent, AgentPhase, Runtime},
};

/// The label of an `Agent` with the id of the platform's agent that it is.
pub const ID: &str = "openclaw.cloud/agent-id";
/// The annotation of an `Agent` that a person made: what it is, is theirs to say.
pub const ADOPTED: &str = "openclaw.cloud/adopted";

/// How long an agent's namespace may take to be there.
const PLACE: Duration = Duration::from_secs(30);
/// How long a gateway may take to be ready: the image may have to be fetched first.
const READY: Duration = Duration::from_secs(60);
/// The same for OpenClaw, which takes up to 80 s to start.
const OPENCLAW_READY: Duration = Duration::from_secs(240);
/// How long a gateway may take to end, 15 s of which are its own.
const STOPPED: Duration = Duration::from_secs(45);
/// How long an `Agent` may take to go: its namespace alone takes Kubernetes seconds.
const GONE: Duration = Duration::from_secs(120);

/// Which cluster, and what of the platform is in it.
#[derive(Debug, Clone)]
pub struct Config {
    /// A kubeconfig; without one the account of this process' own pod.
    pub kubeconfig: Option<PathBuf>,
    /// What all agents share.
    pub platform: Platform,
    /// What agents are taken in with that a person made there.
    pub terms: Terms,
}

/// A client as `config` says.
pub async fn connect(config: &Config) -> Result<Client, Error> {
    let found = match &config.kubeconfig {
        Some(path) => {
            let wrong = |error: kube::config::KubeconfigError| Error::Kubeconfig(path.clone(), Box::new(error));
            let read = Kubeconfig::read_from(path).map_err(wrong)?;
            kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.map_err(wrong)?
        }
        None => kube::Config::incluster().map_err(|error| Error::NotInCluster(Box::new(error)))?,
    };
    Client::try_from(found).map_err(|error| Error::Client(Box::new(error)))
}

/// The Kubernetes driver.
pub struct Kubernetes {
    client: Client,
    namespace: String,
    agents: Api<Agent>,
    known: Known,
}

impl Kubernetes {
    /// That of the agents in `namespace`.
    pub fn new(client: Client, namespace: &str) -> Self {
        let agents: Api<Agent> = Api::namespaced(client.clone(), namespace);
        Self { known: Known::watch(agents.clone()), client, namespace: namespace.to_owned(), agents }
    }

    async fn launch(&self, order: &Order, secrets: Minted) -> Result<(), DriverError> {
        let agent = self.describe(order).await?;
        let agent = self.wait(&agent, PLACE, |now| now.is_none_or(has_place)).await?;
        let agent = agent.ok_or_else(|| self.removed(order))?;
        let family = Family::of(&agent).ok_or_else(|| self.removed(order))?;
        let secret = children::secret(&family, &order.blueprint, &secrets);
        self.write(&family, &secret).await?;

        let config = children::mark(&secret);
        let on = Switch::On { config, blueprint: order.blueprint.mark() };
        let agent = self.switch(&agent, on).await?.ok_or_else(|| self.removed(order))?;
        if agent.spec.suspended {
            return Err(self.held(&agent));
        }
        let within = if agent.spec.runtime == Runtime::Openclaw { OPENCLAW_READY } else { READY };
        let (mark, generation) = (config.to_string(), agent.metadata.generation);
        let settled = |now: &Agent| now.spec.suspended || is_live(now, &mark, generation);
        match self.wait(&agent, within, |now| now.is_none_or(settled)).await? {
            Some(agent) if agent.spec.suspended => Err(self.held(&agent)),
            Some(_) => Ok(()),
            None => Err(self.removed(order)),
        }
    }

    async fn lower(&self, agent: AgentId, switch: Switch) -> Result<(), DriverError> {
        let Some(agent) = self.find(agent).await? else { return Ok(()) };
        if agent.metadata.deletion_timestamp.is_some() {
            return self.wait(&agent, GONE, |now| now.is_none()).await.map(drop);
        }
        let Some(agent) = self.switch(&agent, switch).await? else { return Ok(()) };
        let generation = agent.metadata.generation;
        let stopped = self.wait(&agent, STOPPED, |now| now.is_none_or(|now| is_stopped(now, generation))).await?;
        if let Some(family) = stopped.as_ref().and_then(Family::of) {
            // Nobody who looks finds a token any more, not even a closed one.
            let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &family.namespace);
            let now = DeleteParams::default();
            allowed("remove the Secret", || secrets.delete(children::CONFIG, &now).map(gone)).await?;
        }
        Ok(())
    }

    async fn remove(&self, agent: AgentId) -> Result<(), DriverError> {
        let Some(agent) = self.find(agent).await? else { return Ok(()) };
        let this_one = Preconditions { uid: agent.uid(), resource_version: None };
        let params = DeleteParams { preconditions: Some(this_one), ..DeleteParams::default() };
        gone(self.agents.delete(&agent.name_any(), &params).await).map_err(refused("remove the Agent"))?;
        self.wait(&agent, GONE, |now| now.is_none()).await.map(drop)
    }

    /// Says in the agent's `Agent` what it is, making one if there is none; gives it.
    async fn describe(&self, order: &Order) -> Result<Agent, DriverError> {
        let mut found = self.find(order.agent.id).await?;
        if let Some(agent) = found.take_if(|agent| agent.metadata.deletion_timestamp.is_some()) {
            self.wait(&agent, GONE, |now| now.is_none()).await?;
        }
        let agent = match found {
            Some(agent) if agent.annotations().contains_key(ADOPTED) => agent,
            Some(agent) => {
                let described = manifest::description(order, &agent.name_any(), agent.uid());
                self.apply(&agent.name_any(), DESCRIBES, &described).await?.ok_or_else(|| self.removed(order))?
            }
            None => {
                let name = manifest::name(&order.agent.niche, order.agent.number);
                if self.agents.get_opt(&name).await.map_err(refused("read an Agent"))?.is_some() {
                    return Err(DriverError::NameTaken { agent: name, namespace: self.namespace.clone() });
                }
                let described = manifest::description(order, &name, None);
                self.apply(&name, DESCRIBES, &described).await?.ok_or_else(|| self.removed(order))?
            }
        };
        let release = manifest::release(order);
        if agent.status.as_ref().and_then(|status| status.release.as_ref()) != Some(&release) {
            let params = PatchParams::apply(DESCRIBES).force();
            let status = Patch::Apply(manifest::status(&agent, &release));
            let told = self.agents.patch_status(&agent.name_any(), &params, &status).await;
            gone(told).map_err(refused("take the Agent's release"))?;
        }
        Ok(agent)
    }

    async fn switch(&self, agent: &Agent, to: Switch) -> Result<Option<Agent>, DriverError> {
        self.apply(&agent.name_any(), SWITCHES, &manifest::switched(agent, to)).await
    }

    /// Applies `object`; none if the very `Agent` that it means is gone.
    async fn apply(&self, name: &str, manager: &str, object: &Value) -> Result<Option<Agent>, DriverError> {
        let applied = self.agents.patch(name, &PatchParams::apply(manager).force(), &Patch::Apply(object)).await;
        gone(applied).map_err(refused("take the Agent"))
    }

    async fn write(&self, family: &Family, secret: &Secret) -> Result<(), DriverError> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &family.namespace);
        let params = PatchParams::apply(DESCRIBES).force();
        let secret = Patch::Apply(secret);
        allowed("take the Secret", || secrets.patch(children::CONFIG, &params, &secret)).await.map(drop)
    }

    /// The `Agent` that is `agent`.
    async fn find(&self, agent: AgentId) -> Result<Option<Agent>, DriverError> {
        let carrying = ListParams::default().labels(&format!("{ID}={agent}"));
        let mut found = self.agents.list(&carrying).await.map_err(refused("list Agents"))?.items;
        if found.len() > 1 {
            let names: Vec<String> = found.iter().map(|agent| agent.name_any()).collect();
            return Err(DriverError::Several { agents: names.join(", "), namespace: self.namespace.clone() });
        }
        Ok(found.pop())
    }

    /// Watches `agent` until it is as `done` says; to that it is none once it is gone.
    async fn wait(
        &self,
        agent: &Agent,
        within: Duration,
        done: impl Fn(Option<&Agent>) -> bool,
    ) -> Result<Option<Agent>, DriverError> {
        let (name, mut last) = (agent.name_any(), "the operator's controller to look at it".to_owned());
        let watched = async {
            let mut changes = std::pin::pin!(watch_object(self.agents.clone(), &name).default_backoff());
            while let Some(change) = changes.next().await {
                match change {
                    Ok(now) => {
                        // Another one of that name is not this one.
                        let now = now.filter(|now| now.uid() == agent.uid());
                        if done(now.as_ref()) {
                            return now;
                        }
                        let waits = now.and_then(|now| now.status?.waiting_for);
                        last = waits.unwrap_or_else(|| "the operator's controller to look at it".to_owned());
                    }
                    Err(error) => last = format!("the API server ({error})"),
                }
            }
            std::future::pending().await
        };
        match tokio::time::timeout(within, watched).await {
            Ok(now) => Ok(now),
            Err(_) => {
                Err(DriverError::Waiting { agent: name, namespace: self.namespace.clone(), what: last, waited: within })
            }
        }
    }

    fn removed(&self, order: &Order) -> DriverError {
        let agent = manifest::name(&order.agent.niche, order.agent.number);
        DriverError::Removed { agent, namespace: self.namespace.clone() }
    }

    fn held(&self, agent: &Agent) -> DriverError {
        DriverError::Held { agent: agent.name_any(), namespace: self.namespace.clone() }
    }
}

impl Driver for Kubernetes {
    fn start<'a>(&'a self, order: &'a Order, secrets: Minted) -> Doing<'a, ()> {
        self.launch(order, secrets).boxed()
    }

    fn adjust<'a>(&'a self, order: &'a Order) -> Doing<'a, bool> {
        async move {
            let agent = self.describe(order).await?;
            let phase = known::status(&agent).phase;
            let after = agent.annotations().get(BLUEPRINT) == Some(&order.blueprint.mark().to_string());
            if matches!(phase, Phase::Absent | Phase::Suspended) || !after {
                return Ok(false);
            }
            // Another tier takes another pod, which is told the same.
            let (mark, generation) = (children::config_of(&agent), agent.metadata.generation);
            let mark = mark.map(|mark| mark.to_string()).unwrap_or_default();
            let now = self.wait(&agent, READY, |now| now.is_none_or(|now| is_live(now, &mark, generation))).await?;
            Ok(now.is_some())
        }
        .boxed()
    }

    fn stop(&self, agent: AgentId) -> Doing<'_, ()> {
        self.lower(agent, Switch::Off).boxed()
    }

    fn suspend(&self, agent: AgentId) -> Doing<'_, ()> {
        self.lower(agent, Switch::Suspended).boxed()
    }

    fn destroy(&self, agent: AgentId) -> Doing<'_, ()> {
        self.remove(agent).boxed()
    }

    fn status(&self, agent: AgentId) -> Doing<'_, Status> {
        async move { Ok(self.find(agent).await?.as_ref().map_or(Status::ABSENT, known::status)) }.boxed()
    }

    fn agents(&self) -> Doing<'_, HashMap<AgentId, Status>> {
        async move { Ok(self.known.all().await) }.boxed()
    }

    fn has(&self, agent: AgentId) -> Doing<'_, bool> {
        async move { Ok(self.find(agent).await?.is_some()) }.boxed()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

/// Whether there is a namespace to write into.
fn has_place(agent: &Agent) -> bool {
    let Some(reason) = reason_of(agent) else { return false };
    ![reason::NAMESPACE_TERMINATING, reason::UNKNOWN_TIER].contains(&reason)
}

/// Whether the gateway that runs is the one with the configuration of this `mark`, and all else is of `generation`.
fn is_live(agent: &Agent, mark: &str, generation: Option<i64>) -> bool {
    let Some(status) = &agent.status else { return false };
    status.phase == Some(AgentPhase::Live)
        && status.observed_config.as_deref() == Some(mark)
        && status.observed_generation >= generation
}

/// Whether nothing runs any more, and nothing is about to.
fn is_stopped(agent: &Agent, generation: Option<i64>) -> bool {
    let Some(status) = &agent.status else { return false };
    status.observed_config.is_none()
        && status.observed_generation >= generation
        && reason_of(agent).is_some_and(|reason| [reason::NO_CONFIGURATION, reason::SUSPENDED].contains(&reason))
}

fn reason_of(agent: &Agent) -> Option<&str> {
    let conditions = &agent.status.as_ref()?.conditions;
    conditions.iter().find(|condition| condition.type_ == "Ready").map(|condition| &*condition.reason)
}

/// Does `work` in an agent's namespace, where the operator has rights since a moment ago perhaps.
async fn allowed<T, F>(what: &'static str, work: impl Fn() -> F) -> Result<T, DriverError>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut attempts = 0;
    loop {
        match work().await {
            Err(kube::Error::Api(status)) if status.is_forbidden() && attempts < RIGHTS_ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(RIGHTS.pause(attempts)).await;
            }
            other => return other.map_err(refused(what)),
        }
    }
}

/// None if what was meant is there no more, or another one of its name is.
fn gone<T>(answer: Result<T, kube::Error>) -> Result<Option<T>, kube::Error> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(what: &'static str) -> impl FnOnce(kube::Error) -> DriverError {
    move |source| DriverError::Cluster { what, source: Box::new(source) }
}
