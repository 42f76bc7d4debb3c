//! What is there of agents' children, as the API server tells: watched, so that looking costs nothing.

use std::{fmt::Debug, sync::Arc};

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, ServiceAccount},
    networking::v1::NetworkPolicy,
    rbac::v1::RoleBinding,
};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
    core::{ClusterResourceScope, NamespaceResourceScope},
    runtime::{
        WatchStreamExt as _,
        reflector::{ObjectRef, Store, reflector, store},
        watcher,
    },
};
use openclaw_platform::Digest;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::{OnceCell, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use super::parent;
use crate::{children, resources::Agent};

/// The annotation with the digest of what was applied. What is no longer wanted cannot be seen by what is.
const APPLIED: &str = "openclaw.cloud/applied";

/// All kinds of children.
pub(super) struct Live {
    pub(super) namespaces: Kind<Namespace>,
    pub(super) bindings: Kind<RoleBinding>,
    pub(super) accounts: Kind<ServiceAccount>,
    pub(super) quotas: Kind<ResourceQuota>,
    pub(super) limits: Kind<LimitRange>,
    pub(super) policies: Kind<NetworkPolicy>,
    pub(super) volumes: Kind<PersistentVolumeClaim>,
    pub(super) deployments: Kind<Deployment>,
    known: OnceCell<()>,
}

impl Live {
    /// Watches those of the agents in `namespace`; also gives the agents whose children changed.
    pub(super) fn watch(client: &Client, namespace: &str) -> (Self, impl Stream<Item = ObjectRef<Agent>> + use<>) {
        let (touched, agents) = mpsc::unbounded_channel();
        let ours = watcher::Config::default().labels(&format!("{}={namespace}", children::AGENT_NAMESPACE));
        let live = Self {
            namespaces: Kind::watch(client, &ours, &touched),
            bindings: Kind::watch(client, &ours, &touched),
            accounts: Kind::watch(client, &ours, &touched),
            quotas: Kind::watch(client, &ours, &touched),
            limits: Kind::watch(client, &ours, &touched),
            policies: Kind::watch(client, &ours, &touched),
            volumes: Kind::watch(client, &ours, &touched),
            deployments: Kind::watch(client, &ours, &touched),
            known: OnceCell::new(),
        };
        (live, UnboundedReceiverStream::new(agents))
    }

    /// Returns once all that was there at first is known.
    pub(super) async fn known(&self) {
        // One waits for all: a store wakes up only whoever asked it last.
        self.known
            .get_or_init(async || {
                // An error would say that a watch has ended, which it does with `self`.
                let _ = tokio::join!(
                    self.namespaces.store.wait_until_ready(),
                    self.bindings.store.wait_until_ready(),
                    self.accounts.store.wait_until_ready(),
                    self.quotas.store.wait_until_ready(),
                    self.limits.store.wait_until_ready(),
                    self.policies.store.wait_until_ready(),
                    self.volumes.store.wait_until_ready(),
                    self.deployments.store.wait_until_ready(),
                );
            })
            .await;
    }
}

/// Children of one kind.
pub(super) struct Kind<K: Resource<DynamicType = ()> + 'static> {
    store: Store<K>,
    _watch: AbortOnDropHandle<()>,
}

impl<K> Kind<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static,
    K::Scope: Placed<K>,
{
    fn watch(client: &Client, ours: &watcher::Config, touched: &mpsc::UnboundedSender<ObjectRef<Agent>>) -> Self {
        let (reader, writer) = store();
        let touched = touched.clone();
        // Who manages which field is half of what is told, and nothing that is looked at here.
        let told = watcher(Api::<K>::all(client.clone()), ours.clone());
        let changes = reflector(writer, told.modify(|child| child.managed_fields_mut().clear()));
        let watch = async move {
            let mut changes = std::pin::pin!(changes.default_backoff().touched_objects());
            while let Some(change) = changes.next().await {
                match change {
                    Ok(child) => {
                        if let Some(agent) = parent(child.labels()) {
                            // Whoever listened has ended, and so does this.
                            let _ = touched.send(agent);
                        }
                    }
                    Err(error) => tracing::warn!(%error, kind = &*K::kind(&()), "what is there is not known to be so"),
                }
            }
        };
        Self { store: reader, _watch: AbortOnDropHandle::new(tokio::spawn(watch)) }
    }

    /// Applies `wanted` unless it is there; gives what is.
    pub(super) async fn keep(&self, client: &Client, wanted: &K) -> Result<Arc<K>, kube::Error> {
        let mut applied = serde_json::to_value(wanted).map_err(kube::Error::SerdeError)?;
        let digest = Digest::of(applied.to_string().as_bytes()).to_string();
        applied["metadata"]["annotations"][APPLIED] = Value::String(digest);
        let key = ObjectRef::from_obj(wanted);
        if let Some(there) = self.store.get(&key) {
            let there_now = serde_json::to_value(&*there).map_err(kube::Error::SerdeError)?;
            if holds(&there_now, &applied) {
                return Ok(there);
            }
        }
        let manager = PatchParams::apply(children::MANAGER).force();
        let api = K::Scope::api(client, wanted);
        Ok(Arc::new(api.patch(&wanted.name_any(), &manager, &Patch::Apply(applied)).await?))
    }

    /// What is there of that name.
    pub(super) fn get(&self, key: &ObjectRef<K>) -> Option<Arc<K>> {
        self.store.get(key)
    }
}

/// Where a kind's objects are.
pub(super) trait Placed<K> {
    fn api(client: &Client, object: &K) -> Api<K>;
}

impl<K: Resource<DynamicType = (), Scope = Self>> Placed<K> for NamespaceResourceScope {
    fn api(client: &Client, object: &K) -> Api<K> {
        Api::namespaced(client.clone(), object.meta().namespace.as_deref().unwrap_or_default())
    }
}

impl<K: Resource<DynamicType = (), Scope = Self>> Placed<K> for ClusterResourceScope {
    fn api(client: &Client, _: &K) -> Api<K> {
        Api::all(client.clone())
    }
}

/// Whether all of `wanted` is in `there`, which may have more in its objects: defaults, and what others own.
fn holds(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            let empty = matches!(wanted, Value::Object(fields) if fields.is_empty());
            there.get(name).map_or(empty, |there| holds(there, wanted))
        }),
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(there, wanted)| holds(there, wanted))
        }
        (there, wanted) => there == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::holds;

    #[test]
    fn what_others_add_is_no_difference_and_what_they_change_is() {
        let wanted = json!({"spec": {"ports": [{"port": 53}], "selector": {}}});
        assert!(holds(
            &json!({"spec": {"ports": [{"port": 53, "protocol": "TCP"}], "type": "any"}, "status": {}}),
            &wanted
        ));
        assert!(!holds(&json!({"spec": {"ports": [{"port": 54}], "selector": {}}}), &wanted));
        assert!(!holds(&json!({"spec": {"ports": [{"port": 53}, {"port": 443}], "selector": {}}}), &wanted));
        assert!(!holds(&json!({"spec": {"selector": {}}}), &wanted));
    }
}
