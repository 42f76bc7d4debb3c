//! How an agent goes: its gateway first, which ends as it should, then everything else with its namespace, and only then
//! the `Agent` itself.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Namespace};
use kube::{
    Api, Resource as _, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams, PropagationPolicy},
    runtime::reflector::ObjectRef,
};
use serde_json::json;

use super::{Context, ControllerError};
use crate::{
    children::{self, Family},
    resources::Agent,
};

/// Keeps an `Agent` while something of it is left.
const FINALIZER: &str = "openclaw.cloud/children";

/// Who puts it there.
const MANAGER: &str = "openclaw-operator-finalizer";

/// Sees to it that `agent` stays until it is let go; says whether it does.
pub(super) async fn hold(agents: &Api<Agent>, agent: &Agent) -> Result<bool, ControllerError> {
    if agent.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(true);
    }
    set(agents, agent, &[FINALIZER]).await
}

/// Lets `agent` go, of which nothing is left.
pub(super) async fn let_go(agents: &Api<Agent>, agent: &Agent) -> Result<(), ControllerError> {
    if agent.finalizers().iter().all(|finalizer| finalizer != FINALIZER) {
        return Ok(());
    }
    set(agents, agent, &[]).await.map(drop)
}

/// Says whether that very agent was still there.
async fn set(agents: &Api<Agent>, agent: &Agent, finalizers: &[&str]) -> Result<bool, ControllerError> {
    let patch = json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        // Not another one of that name.
        "metadata": {"uid": agent.uid(), "finalizers": finalizers},
    });
    let patched = agents.patch(&agent.name_any(), &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch)).await;
    match patched {
        // It went in the meantime.
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(false),
        other => Ok(other.map(|_| true)?),
    }
}

/// Does the next step; says what is then waited for, or that nothing is left.
pub(super) async fn go_on(context: &Context, family: &Family) -> Result<Option<&'static str>, ControllerError> {
    let (client, live) = (&context.client, &context.live);
    if let Some(gateway) = live.deployments.get(&ObjectRef::new(children::GATEWAY).within(&family.namespace)) {
        if gateway.meta().deletion_timestamp.is_none() {
            // It stays there until its pods are gone.
            let after_its_pods =
                DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
            let deployments: Api<Deployment> = Api::namespaced(client.clone(), &family.namespace);
            gone(deployments.delete(children::GATEWAY, &after_its_pods).await)?;
        }
        return Ok(Some("its gateway to end"));
    }
    // What is watched may lag behind, and nobody would ever look again for a namespace that was made a moment ago.
    let namespaces: Api<Namespace> = Api::all(client.clone());
    if let Some(namespace) = namespaces.get_opt(&family.namespace).await? {
        if namespace.meta().deletion_timestamp.is_none() {
            gone(namespaces.delete(&family.namespace, &DeleteParams::default()).await)?;
        }
        return Ok(Some("its namespace to be removed"));
    }
    Ok(None)
}

/// No error if it was gone already.
fn gone<T>(deleted: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match deleted {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
