//! The controller on a real API server: what an `Agent` says becomes true, stays true, and goes without a trace.

use std::{collections::BTreeMap, time::Instant};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Event, LimitRange, Namespace, ResourceQuota, Secret, ServiceAccount},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
};
use openclaw_operator::{
    children::{self, Family},
    controller,
    resources::{Agent, AgentPhase},
    rights,
};
use openclaw_testkit::{
    cluster::{Cluster, cluster},
    postgres,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    children::{blueprint, minted, platform, pods, until},
    resources::{agent, apply, with, world_in},
};

/// A cluster with a platform in a namespace of its own, and an operator that can be started with its own rights.
pub(crate) struct Fleet {
    pub(crate) client: Client,
    /// The operator's.
    pub(super) operators: Client,
    pub(crate) namespace: String,
    db: PgPool,
}

/// A running operator. Dropped, it is gone where it stands.
pub(super) struct Operator(AbortOnDropHandle<()>, CancellationToken);

impl Operator {
    async fn stop(self) {
        self.1.cancel();
        self.0.await.unwrap();
    }
}

impl Fleet {
    pub(super) async fn new() -> Self {
        Self::in_cluster(cluster().await).await
    }

    async fn in_cluster(cluster: &Cluster) -> Self {
        Self::over(cluster, postgres::database().await.pool).await
    }

    /// The same over the database of a platform that is there.
    pub(crate) async fn over(cluster: &Cluster, db: PgPool) -> Self {
        let (client, namespace) = world_in(cluster).await;
        for right in rights::rights(&namespace).unwrap() {
            let kind = ApiResource::from_gvk(&right.types.as_ref().unwrap().try_into().unwrap());
            let api: Api<DynamicObject> = match right.namespace() {
                Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &kind),
                None => Api::all_with(client.clone(), &kind),
            };
            let strict = PatchParams::apply("tests").force().validation_strict();
            api.patch(&right.name_any(), &strict, &Patch::Apply(&right)).await.unwrap();
        }
        let operators = cluster.client_of(&namespace, rights::ACCOUNT).await.unwrap();
        Self { client, operators, namespace, db }
    }

    pub(super) fn operator(&self) -> Operator {
        let shutdown = CancellationToken::new();
        let run = controller::run(self.operators.clone(), platform(&self.namespace), self.db.clone(), shutdown.clone());
        Operator(AbortOnDropHandle::new(tokio::spawn(run)), shutdown)
    }

    pub(crate) fn agents(&self) -> Api<Agent> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn of<K>(&self, family: &Family) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &family.namespace)
    }

    async fn apply(&self, agent: &Value) -> Family {
        Family::of(&apply(&self.agents(), agent).await.unwrap()).unwrap()
    }

    /// Does a job's part: the gateway's configuration, and word of it.
    async fn configure(&self, name: &str, family: &Family, secret: &str) {
        let config = children::secret(family, &blueprint(), &minted(secret));
        let manager = PatchParams::apply("job").force();
        until("the agent's namespace", async || {
            self.of::<Secret>(family).patch(children::CONFIG, &manager, &Patch::Apply(&config)).await.ok()
        })
        .await;
        let word = json!({"metadata": {"annotations": {"openclaw.cloud/config": children::mark(&config).to_string()}}});
        self.agents().patch(name, &PatchParams::default(), &Patch::Merge(word)).await.unwrap();
    }

    async fn phase(&self, name: &str, phase: AgentPhase) -> Agent {
        until(&format!("{name} to be {phase:?}"), async || {
            let agent = self.agents().get(name).await.unwrap();
            (agent.status.as_ref()?.phase? == phase).then_some(agent)
        })
        .await
    }

    /// An agent that answers.
    pub(super) async fn live(&self, name: &str) -> Family {
        let family = self.apply(&agent(name)).await;
        self.configure(name, &family, "one").await;
        self.phase(name, AgentPhase::Live).await;
        family
    }

    /// At which version everything of `name` is that the operator writes.
    async fn versions(&self, name: &str, family: &Family) -> BTreeMap<&'static str, String> {
        let version = |object: &dyn Versioned| object.version();
        BTreeMap::from([
            ("agent", version(&self.agents().get(name).await.unwrap())),
            ("namespace", version(&Api::<Namespace>::all(self.client.clone()).get(&family.namespace).await.unwrap())),
            ("quota", version(&self.of::<ResourceQuota>(family).get("tier").await.unwrap())),
            ("limits", version(&self.of::<LimitRange>(family).get("tier").await.unwrap())),
            ("policy", version(&self.of::<NetworkPolicy>(family).get("default-deny").await.unwrap())),
            ("account", version(&self.of::<ServiceAccount>(family).get(children::GATEWAY).await.unwrap())),
            ("deployment", version(&self.of::<Deployment>(family).get(children::GATEWAY).await.unwrap())),
        ])
    }
}

trait Versioned {
    fn version(&self) -> String;
}

impl<K: kube::Resource> Versioned for K {
    fn version(&self) -> String {
        self.resource_version().unwrap()
    }
}

#[tokio::test]
async fn an_agent_gets_its_children_and_is_live_once_a_job_has_brought_its_configuration() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    let begun = Instant::now();
    let family = fleet.apply(&agent("ana")).await;
    until("the children", async || {
        fleet.of::<ServiceAccount>(&family).get_opt(children::GATEWAY).await.unwrap()?;
        fleet.of::<ResourceQuota>(&family).get_opt("tier").await.unwrap()?;
        fleet.of::<LimitRange>(&family).get_opt("tier").await.unwrap()?;
        fleet.of::<NetworkPolicy>(&family).get_opt("default-deny").await.unwrap()
    })
    .await;
    println!("all children but the gateway after {} ms", begun.elapsed().as_millis());
    let waits = fleet.phase("ana", AgentPhase::Provisioning).await.status.unwrap();
    assert_eq!(waits.waiting_for.as_deref(), Some("its configuration, which a job of the platform brings"));
    assert_eq!(waits.namespace.as_deref(), Some(&*family.namespace));

    fleet.configure("ana", &family, "one").await;
    let live = fleet.phase("ana", AgentPhase::Live).await;

    let status = live.status.as_ref().unwrap();
    assert_eq!((status.observed_generation, &status.waiting_for), (live.metadata.generation, &None));
    assert_eq!((&*status.conditions[0].type_, &*status.conditions[0].status), ("Ready", "True"));
    let told = until("its life to be told", async || {
        let events: Api<Event> = Api::namespaced(fleet.client.clone(), &fleet.namespace);
        let events = events.list(&ListParams::default()).await.unwrap();
        let mut reasons: Vec<_> = events.items.into_iter().filter_map(|event| event.reason).collect();
        reasons.sort();
        (reasons.len() == 2).then_some(reasons)
    })
    .await;
    assert_eq!(told, ["Live", "Provisioning"]);
}

#[tokio::test]
async fn what_somebody_changes_by_hand_is_mended() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    let family = fleet.live("ana").await;
    let by_hand = PatchParams::default();

    let policies = fleet.of::<NetworkPolicy>(&family);
    policies.delete("default-deny", &DeleteParams::default()).await.unwrap();
    until("the policy to be there again", async || policies.get_opt("default-deny").await.unwrap()).await;

    let everywhere = json!([{"op": "add", "path": "/spec/egress/-", "value": {}}]);
    let patch: Patch<()> = Patch::Json(serde_json::from_value(everywhere).unwrap());
    policies.patch("default-deny", &by_hand, &patch).await.unwrap();
    until("the way out to be closed", async || {
        let egress = policies.get("default-deny").await.unwrap().spec?.egress?;
        egress.iter().all(|rule| rule.to.is_some()).then_some(())
    })
    .await;

    let quotas = fleet.of::<ResourceQuota>(&family);
    let more = json!({"spec": {"hard": {"pods": "5"}}});
    quotas.patch("tier", &by_hand, &Patch::Merge(more)).await.unwrap();
    until("the quota to be one pod", async || {
        (quotas.get("tier").await.unwrap().spec?.hard?["pods"].0 == "1").then_some(())
    })
    .await;

    let namespaces: Api<Namespace> = Api::all(fleet.client.clone());
    let lax = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}});
    namespaces.patch(&family.namespace, &by_hand, &Patch::Merge(lax)).await.unwrap();
    until("the strictest standard", async || {
        let namespace = namespaces.get(&family.namespace).await.unwrap();
        (namespace.labels()["pod-security.kubernetes.io/enforce"] == "restricted").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_operator_that_is_started_again_writes_nothing() {
    let fleet = Fleet::new().await;
    let operator = fleet.operator();
    let family = fleet.live("ana").await;
    operator.stop().await;
    // Kubernetes' own controllers write what is theirs once the gateway is ready.
    let before = until("Kubernetes to be done", async || {
        let versions = fleet.versions("ana", &family).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        (fleet.versions("ana", &family).await == versions).then_some(versions)
    })
    .await;

    let _operator = fleet.operator();
    // It looks at all that are there before it sees one that comes.
    fleet.live("eva").await;

    assert_eq!(fleet.versions("ana", &family).await, before);
}

#[tokio::test]
async fn an_agent_that_is_removed_leaves_nothing() {
    let fleet = Fleet::new().await;
    let operator = fleet.operator();
    let family = fleet.live("ana").await;

    // While nobody is there to tidy up, it stays.
    operator.stop().await;
    fleet.agents().delete("ana", &DeleteParams::default()).await.unwrap();
    assert!(fleet.agents().get_opt("ana").await.unwrap().is_some());
    assert_eq!(pods(&fleet.client, &family.namespace).await.len(), 1);

    let _operator = fleet.operator();
    until("the agent to go", async || fleet.agents().get_opt("ana").await.unwrap().is_none().then_some(())).await;
    let namespaces: Api<Namespace> = Api::all(fleet.client.clone());
    assert!(namespaces.get_opt(&family.namespace).await.unwrap().is_none(), "all of it went before");
}

#[tokio::test]
async fn suspension_by_a_field_stops_the_gateway_and_takes_it_up_again() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    let family = fleet.live("ana").await;

    fleet.apply(&with(agent("ana"), "/spec/suspended", json!(true))).await;
    fleet.phase("ana", AgentPhase::Suspended).await;
    until("its gateway to end", async || pods(&fleet.client, &family.namespace).await.is_empty().then_some(())).await;

    fleet.apply(&agent("ana")).await;
    fleet.phase("ana", AgentPhase::Live).await;
}

#[tokio::test]
async fn an_unknown_tier_is_said_and_another_one_helps() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    fleet.apply(&with(agent("ana"), "/spec/tier", json!("golden"))).await;
    let failed = fleet.phase("ana", AgentPhase::Failed).await.status.unwrap();
    assert_eq!(failed.waiting_for.as_deref(), Some("a tier called `golden`: there is none"));

    let family = fleet.apply(&agent("ana")).await;
    fleet.configure("ana", &family, "one").await;
    fleet.phase("ana", AgentPhase::Live).await;
}

#[tokio::test]
async fn operators_that_die_at_any_moment_leave_each_agent_with_one_gateway() {
    let fleet = Fleet::new().await;
    let names = ["ana", "bia", "caio", "davi", "eva"];
    let mut families = Vec::new();
    for name in names {
        families.push((name, fleet.apply(&agent(name)).await));
    }
    for milliseconds in [5, 20, 40, 80, 120, 160, 240] {
        let operator = fleet.operator();
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        drop(operator);
    }
    // Two at once do what one does.
    let _operators = [fleet.operator(), fleet.operator()];
    for (name, family) in &families {
        fleet.configure(name, family, "one").await;
    }
    for (name, family) in &families {
        fleet.phase(name, AgentPhase::Live).await;
        assert_eq!(pods(&fleet.client, &family.namespace).await.len(), 1);
    }
    let ours = ListParams::default().labels(&format!("{}={}", children::AGENT_NAMESPACE, fleet.namespace));
    let namespaces = Api::<Namespace>::all(fleet.client.clone()).list(&ours).await.unwrap();
    assert_eq!(namespaces.items.len(), names.len());
}

#[tokio::test]
async fn an_api_server_that_is_away_is_waited_for_and_nothing_is_lost() {
    let mut cluster = Cluster::temporary().await.unwrap();
    let fleet = Fleet::in_cluster(&cluster).await;
    let operator = fleet.operator();
    let family = fleet.live("ana").await;
    let gateway = pods(&fleet.client, &family.namespace).await[0].uid();

    cluster.stop_api_server().await.unwrap();
    assert!(fleet.agents().get("ana").await.is_err(), "away is away");
    // Long enough for every watch to end and to be refused.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    cluster.start_api_server().await.unwrap();

    assert_eq!(pods(&fleet.client, &family.namespace).await[0].uid(), gateway, "its gateway did not even notice");
    fleet.live("eva").await;
    fleet.apply(&with(agent("ana"), "/spec/suspended", json!(true))).await;
    fleet.phase("ana", AgentPhase::Suspended).await;
    operator.stop().await;
}
