//! What an `Agent` is made of in a cluster: each child a pure function, applied as it stands by whoever keeps it true.
//!
//! All of an agent is in a namespace of its own, so that quota, network and clean-up are bounds that Kubernetes itself
//! draws. There is no PodDisruptionBudget: an agent is one pod, and a budget for one pod either says nothing or keeps
//! nodes from being drained; what matters is that a gateway may be stopped at any moment, and it may.

mod access;
mod bounds;
mod config;
mod gateway;
mod namespace;
mod network;
mod volume;

use std::collections::BTreeMap;

use kube::{ResourceExt as _, api::ObjectMeta};

use crate::resources::Agent;

pub use self::{
    access::access,
    bounds::{Needs, limits, quota},
    config::{CONFIG, CONFIG_MARK, config_of, mark, secret},
    gateway::{GATEWAY, deployment},
    namespace::{namespace, service_account},
    network::{DIRECT_NETWORKS, network_policy},
    volume::volume,
};

/// Who applies them: the field manager of everything that the operator owns.
pub const MANAGER: &str = "openclaw-operator";

/// The label with the name of the `Agent` whose child it is.
pub const AGENT: &str = "openclaw.cloud/agent";
/// The label with the namespace that this `Agent` is in.
pub const AGENT_NAMESPACE: &str = "openclaw.cloud/agent-namespace";

/// What the namespaces of agents begin with.
pub const AGENT_PREFIX: &str = "agent-";

/// What all agents of a platform share in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The namespace of the platform's own pods, the operator's among them.
    pub namespace: String,
    /// What of it gateways may reach.
    pub reached: Vec<Reached>,
    /// The image whose entry point is the executable, and the native runtime with it.
    pub image: String,
    /// The same that has OpenClaw and its Node beside it.
    pub openclaw_image: String,
    /// The class of the volumes for OpenClaw's state; the cluster's usual one if there is none.
    pub storage_class: Option<String>,
}

/// A role of the platform's that gateways speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The `app.kubernetes.io/component` of its pods.
    pub component: String,
    /// The port that its pods listen on.
    pub port: u16,
}

/// What the children of one `Agent` have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The namespace that they are in.
    pub namespace: String,
    labels: BTreeMap<String, String>,
}

impl Family {
    /// That of `agent`; none of one that the API server has not seen.
    pub fn of(agent: &Agent) -> Option<Self> {
        let (name, uid) = (agent.name_any(), agent.uid()?);
        // Its own even if an agent of that name was here before, and is still being removed.
        let namespace = format!("{AGENT_PREFIX}{name}-{}", uid.get(..8)?);
        let labels = [
            ("app.kubernetes.io/name", GATEWAY.to_owned()),
            ("app.kubernetes.io/part-of", "openclaw-cloud".to_owned()),
            ("app.kubernetes.io/managed-by", MANAGER.to_owned()),
            // No owner reference: a namespace cannot be owned by what is in another.
            (AGENT, name),
            (AGENT_NAMESPACE, agent.namespace()?),
            ("openclaw.cloud/agent-uid", uid),
        ];
        Some(Self { namespace, labels: labels.map(|(name, value)| (name.to_owned(), value)).into() })
    }

    /// Metadata of the child called `name`.
    fn child(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels.clone()),
            ..ObjectMeta::default()
        }
    }

    /// What distinguishes the gateway's pod from any other.
    fn pod_labels(&self) -> BTreeMap<String, String> {
        [("app.kubernetes.io/name".to_owned(), GATEWAY.to_owned())].into()
    }
}
