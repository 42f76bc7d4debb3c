//! The children of an agent on a real API server: it takes them strictly as they are, they hold what they promise, and
//! applying them again changes nothing.

use std::time::{Duration, Instant};

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{LimitRange, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Secret, ServiceAccount},
        networking::v1::NetworkPolicy,
        rbac::v1::RoleBinding,
    },
};
use kube::{
    Api, Client, Error, Resource, ResourceExt as _,
    api::{Patch, PatchParams, PostParams},
};
use openclaw_operator::{
    blueprint::Blueprint,
    children::{self, Family, Platform, Reached},
    resources::{Agent, Runtime},
};
use openclaw_platform::{tiers::Tier, tokens::Minted};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::resources::{agent, apply, refusal, with, world};

/// The longest that the cluster may take to make something true, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn tier() -> Tier {
    Tier {
        id: "starter".into(),
        price_cents: 1900,
        monthly_tokens: 1_000_000,
        telegram_users: 1,
        thinking: "medium".into(),
        cpu_request_millis: 250,
        cpu_limit_millis: 1000,
        memory_request_mib: 512,
        memory_limit_mib: 1024,
    }
}

pub(crate) fn platform(namespace: &str) -> Platform {
    let reached = [("api", 8000), ("token-proxy", 8080), ("telegram-relay", 8090), ("browser-proxy", 8085)];
    Platform {
        namespace: namespace.into(),
        reached: reached.map(|(component, port)| Reached { component: component.into(), port }).into(),
        image: "registry.invalid/openclaw-cloud:test".into(),
        openclaw_image: "registry.invalid/openclaw-cloud:test-openclaw".into(),
        storage_class: None,
    }
}

pub(super) fn blueprint() -> Blueprint {
    Blueprint { environment: vec![("OPENCLAW_SYSTEM_PROMPT", "Be kind.\nAlways.".into())] }
}

pub(super) fn minted(secret: &str) -> Minted {
    Minted { proxy_token: format!("oct_{secret}").into(), bot_token: format!("7:{secret}").into() }
}

/// All children of one agent.
struct Children {
    namespace: Namespace,
    access: RoleBinding,
    service_account: ServiceAccount,
    quota: ResourceQuota,
    limits: LimitRange,
    network_policy: NetworkPolicy,
    volume: Option<PersistentVolumeClaim>,
    secret: Secret,
    deployment: Deployment,
}

impl Children {
    fn of(agent: &Agent, minted: &Minted) -> Self {
        let (tier, platform) = (tier(), platform(&agent.namespace().unwrap()));
        let family = Family::of(agent).unwrap();
        let secret = children::secret(&family, &blueprint(), minted);
        let mark = children::mark(&secret);
        Self {
            namespace: children::namespace(&family),
            access: children::access(&family, &platform),
            service_account: children::service_account(&family),
            quota: children::quota(&family, &tier, agent.spec.runtime),
            limits: children::limits(&family, &tier),
            network_policy: children::network_policy(&family, agent, &platform),
            volume: (agent.spec.runtime == Runtime::Openclaw).then(|| children::volume(&family, &platform)),
            deployment: children::deployment(&family, agent, &tier, &platform, Some(mark)),
            secret,
        }
    }

    /// Applies them all; says at which version each is then.
    async fn apply(&self, client: &Client) -> Vec<String> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let name = self.namespace.name_any();
        let namespace = namespaces.patch(&name, &strict(), &Patch::Apply(&self.namespace)).await.unwrap();
        let mut versions = vec![namespace.resource_version().unwrap()];
        versions.push(place(client, &self.access).await);
        versions.push(place(client, &self.service_account).await);
        versions.push(place(client, &self.quota).await);
        versions.push(place(client, &self.limits).await);
        versions.push(place(client, &self.network_policy).await);
        if let Some(volume) = &self.volume {
            versions.push(place(client, volume).await);
        }
        versions.push(place(client, &self.secret).await);
        versions.push(place(client, &self.deployment).await);
        versions
    }
}

fn strict() -> PatchParams {
    PatchParams::apply(children::MANAGER).force().validation_strict()
}

async fn place<K>(client: &Client, child: &K) -> String
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Serialize,
{
    let api: Api<K> = Api::namespaced(client.clone(), &child.namespace().unwrap());
    let placed = api.patch(&child.name_any(), &strict(), &Patch::Apply(child)).await;
    placed.unwrap_or_else(|error| panic!("{}: {error}", K::kind(&()))).resource_version().unwrap()
}

/// An agent of `runtime` that the API server knows.
async fn known(client: &Client, namespace: &str, runtime: &str) -> Agent {
    apply(&Api::namespaced(client.clone(), namespace), &with(agent("ana"), "/spec/runtime", json!(runtime)))
        .await
        .unwrap()
}

async fn ready(client: &Client, namespace: &str) {
    until("the gateway to be ready", async || {
        pods(client, namespace).await.first().filter(|pod| is_ready(pod)).map(|_| ())
    })
    .await;
}

pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// Waits until `look` sees something.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "no use waiting for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn pods(client: &Client, namespace: &str) -> Vec<Pod> {
    Api::namespaced(client.clone(), namespace).list(&Default::default()).await.unwrap().items
}

#[tokio::test]
async fn a_gateway_runs_under_the_strictest_standard_and_applying_its_children_again_changes_nothing() {
    let (client, namespace) = world().await;
    let agent = known(&client, &namespace, "native").await;
    let children = Children::of(&agent, &minted("one"));
    children.apply(&client).await;
    let namespace = children.namespace.name_any();
    ready(&client, &namespace).await;

    let pod = &pods(&client, &namespace).await[0];
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let requests = container.resources.as_ref().unwrap().requests.as_ref().unwrap();
    assert_eq!((&*requests["cpu"].0, &*requests["memory"].0), ("50m", "64Mi"), "native asks for little");
    assert!(pod.spec.as_ref().unwrap().volumes.as_deref().unwrap_or_default().is_empty(), "and holds nothing");

    // Once Kubernetes' controllers have written what is theirs, nobody writes any more.
    until("applying what is there to write nothing", async || {
        let before = children.apply(&client).await;
        (children.apply(&client).await == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_new_secret_replaces_the_gateway_and_suspension_takes_it_away() {
    let (client, namespace) = world().await;
    let mut agent = known(&client, &namespace, "native").await;
    let children = Children::of(&agent, &minted("one"));
    children.apply(&client).await;
    let namespace = children.namespace.name_any();
    ready(&client, &namespace).await;
    let first = pods(&client, &namespace).await[0].uid().unwrap();

    Children::of(&agent, &minted("two")).apply(&client).await;
    until("another gateway to run, alone", async || {
        let pods = pods(&client, &namespace).await;
        assert!(pods.len() <= 1, "never two at once");
        pods.first().filter(|pod| pod.uid().unwrap() != first && is_ready(pod)).map(|_| ())
    })
    .await;

    agent.spec.suspended = true;
    Children::of(&agent, &minted("two")).apply(&client).await;
    until("its gateway to go", async || pods(&client, &namespace).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn openclaw_gets_the_tiers_figures_and_a_volume() {
    let (client, namespace) = world().await;
    let agent = known(&client, &namespace, "openclaw").await;
    let children = Children::of(&agent, &minted("one"));
    children.apply(&client).await;

    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &children.namespace.name_any());
    let pod = deployments.get(children::GATEWAY).await.unwrap().spec.template.spec.unwrap();
    let resources = pod.containers[0].resources.as_ref().unwrap();
    assert_eq!(resources.requests.as_ref().unwrap()["memory"].0, "512Mi");
    assert_eq!(resources.limits.as_ref().unwrap()["memory"].0, "1Gi");
    let claim = pod.volumes.unwrap().into_iter().find_map(|volume| volume.persistent_volume_claim).unwrap();
    assert_eq!(claim.claim_name, children.volume.as_ref().unwrap().name_any());
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client, &children.namespace.name_any());
    assert!(claims.get_opt(&claim.claim_name).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_else_runs_beside_a_gateway() {
    let (client, namespace) = world().await;
    let agent = known(&client, &namespace, "native").await;
    let children = Children::of(&agent, &minted("one"));
    children.apply(&client).await;
    let namespace = children.namespace.name_any();
    ready(&client, &namespace).await;
    let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let running = pods(&client, &namespace).await[0].spec.clone().unwrap();

    let as_it_is = |change: &dyn Fn(&mut k8s_openapi::api::core::v1::PodSpec)| {
        let mut spec = running.clone();
        spec.node_name = None;
        change(&mut spec);
        let metadata = kube::api::ObjectMeta { name: Some("other".into()), ..Default::default() };
        Pod { metadata, spec: Some(spec), status: None }
    };
    let create = async |pod: Pod| -> Result<Pod, Error> { api.create(&PostParams::default(), &pod).await };

    let second = refusal(create(as_it_is(&|_| ())).await);
    assert!(second.contains("exceeded quota: tier") && second.contains("pods=1"), "{second}");
    let root = refusal(create(as_it_is(&|spec| spec.containers[0].security_context = None)).await);
    assert!(root.contains("violates PodSecurity \"restricted"), "{root}");
    let greedy = |spec: &mut k8s_openapi::api::core::v1::PodSpec| {
        let limits = spec.containers[0].resources.as_mut().unwrap().limits.as_mut().unwrap();
        limits.insert("memory".into(), k8s_openapi::apimachinery::pkg::api::resource::Quantity("2Gi".into()));
    };
    let greedy = refusal(create(as_it_is(&greedy)).await);
    assert!(greedy.contains("maximum memory usage per Container is 1Gi"), "{greedy}");
}
