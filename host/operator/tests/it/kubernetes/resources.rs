//! The custom resources on a real API server: what it takes, what it refuses, and what `kubectl get` shows.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Error, ResourceExt as _,
    api::{Patch, PatchParams, PostParams},
    runtime::wait::{await_condition, conditions::is_crd_established},
};
use openclaw_operator::resources::{Agent, Niche, definitions};
use openclaw_testkit::cluster::{Cluster, cluster};
use serde_json::{Value, json};

/// A client of the cluster, which knows the custom resources, and a namespace of the test's own.
pub(super) async fn world() -> (Client, String) {
    world_in(cluster().await).await
}

/// The same in another cluster.
pub(super) async fn world_in(cluster: &Cluster) -> (Client, String) {
    let client = cluster.client().await.unwrap();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in definitions() {
        let name = definition.name_any();
        api.patch(&name, &strict(), &Patch::Apply(definition)).await.unwrap();
        await_condition(api.clone(), &name, is_crd_established()).await.unwrap();
    }
    (client, cluster.namespace().await.unwrap())
}

fn strict() -> PatchParams {
    PatchParams::apply("tests").validation_strict()
}

pub(super) fn agent(name: &str) -> Value {
    json!({
        "apiVersion": "openclaw.cloud/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": name},
        "spec": {"customer": "ana@example.com", "niche": "hello", "tier": "starter"},
    })
}

/// `agent` with `value` at `pointer`.
pub(super) fn with(mut agent: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    agent.pointer_mut(parent).unwrap()[key] = value;
    agent
}

pub(super) async fn apply(api: &Api<Agent>, agent: &Value) -> Result<Agent, Error> {
    let name = agent["metadata"]["name"].as_str().unwrap();
    api.patch(name, &strict(), &Patch::Apply(agent)).await
}

/// What the API server says against it.
pub(super) fn refusal<T>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Api(status)) => status.message,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[tokio::test]
async fn an_agent_needs_no_more_than_customer_niche_and_tier() {
    let (client, namespace) = world().await;
    let made = apply(&Api::namespaced(client, &namespace), &agent("ana")).await.unwrap();
    let filled = json!({
        "customer": "ana@example.com", "niche": "hello", "tier": "starter",
        "runtime": "native", "locale": "pt", "telegram": {"mode": "relay"}, "suspended": false,
    });
    assert_eq!(serde_json::to_value(made.spec).unwrap(), filled);
}

#[tokio::test]
async fn an_agent_that_breaks_a_rule_is_refused_with_a_sentence() {
    let (client, namespace) = world().await;
    let api: Api<Agent> = Api::namespaced(client, &namespace);
    let long = "a".repeat(49);
    for (broken, sentence) in [
        (agent(&long), "an agent's name has at most 48 characters"),
        (agent("a.b"), "an agent's name has no dots"),
        (
            with(agent("ana"), "/spec/telegram", json!({"mode": "direct"})),
            "telegram.mode direct needs telegram.botToken",
        ),
        (
            with(agent("ana"), "/spec/telegram", json!({"mode": "direct", "botToken": null})),
            "telegram.mode direct needs telegram.botToken",
        ),
        (with(agent("ana"), "/spec/telegram", json!({"users": [0]})), "spec.telegram.users[0]"),
        (with(agent("ana"), "/spec/telegram", json!({"users": [1i64 << 52]})), "spec.telegram.users[0]"),
        (with(agent("ana"), "/spec/customer", json!("nobody")), "spec.customer"),
        (with(agent("ana"), "/spec/runtime", json!("docker")), "spec.runtime"),
        (with(agent("ana"), "/spec/release", json!("latest")), "spec.release"),
        (with(agent("ana"), "/spec/replicas", json!(2)), "field not declared in schema"),
    ] {
        let said = refusal(apply(&api, &broken).await);
        assert!(said.contains(sentence), "{said}");
    }
}

#[tokio::test]
async fn an_agent_stays_its_customers_and_in_its_niche_while_the_rest_may_change() {
    let (client, namespace) = world().await;
    let api: Api<Agent> = Api::namespaced(client, &namespace);
    apply(&api, &agent("ana")).await.unwrap();

    let moved = apply(&api, &with(agent("ana"), "/spec/customer", json!("eva@example.com"))).await;
    assert!(refusal(moved).contains("an agent stays its customer's"));
    let moved = apply(&api, &with(agent("ana"), "/spec/niche", json!("other"))).await;
    assert!(refusal(moved).contains("an agent stays in its niche"));

    let changed = with(with(agent("ana"), "/spec/tier", json!("team")), "/spec/suspended", json!(true));
    let changed = apply(&api, &changed).await.unwrap();
    assert!(changed.spec.suspended);
    assert_eq!(changed.metadata.generation, Some(2));
}

#[tokio::test]
async fn a_niche_names_either_a_registry_or_a_digest() {
    let (client, namespace) = world().await;
    let api: Api<Niche> = Api::namespaced(client, &namespace);
    let (oci, digest) = ("registry.example.com/niches/hello:1.2.0", format!("sha256:{}", "0".repeat(64)));
    let make = async |name: &str, spec: Value| {
        let niche = Niche::new(name, serde_json::from_value(spec).unwrap());
        api.create(&PostParams { field_manager: Some("tests".into()), ..PostParams::default() }, &niche).await
    };
    make("pulled", json!({"oci": oci})).await.unwrap();
    make("uploaded", json!({"digest": digest})).await.unwrap();
    for spec in [json!({}), json!({"oci": oci, "digest": digest})] {
        let said = refusal(make("neither", spec).await);
        assert!(said.contains("name either oci, where the component is pulled from, or digest"), "{said}");
    }
}

#[tokio::test]
async fn kubectl_shows_what_runs_for_whom() {
    let (client, namespace) = world().await;
    let api: Api<Agent> = Api::namespaced(client.clone(), &namespace);
    apply(&api, &agent("ana")).await.unwrap();
    let status = json!({"status": {
        "phase": "Live",
        "namespace": "agent-ana-0123abcd",
        "release": {"version": "1.2.0", "digest": format!("sha256:{}", "0".repeat(64))},
    }});
    api.patch_status("ana", &PatchParams::default().validation_strict(), &Patch::Merge(status)).await.unwrap();

    let table = table(&client, &namespace, "agents").await;

    let columns = ["Name", "Customer", "Niche", "Release", "Tier", "Runtime", "Phase", "Age"];
    assert_eq!(shown(&table), columns);
    let cells: Vec<&str> =
        table["rows"][0]["cells"].as_array().unwrap().iter().take(7).flat_map(Value::as_str).collect();
    assert_eq!(cells, ["ana", "ana@example.com", "hello", "1.2.0", "starter", "native", "Live"]);
    assert_eq!(shown(&self::table(&client, &namespace, "niches").await), ["Name", "Release", "Phase", "Why", "Age"]);
}

/// What `kubectl get` asks for.
async fn table(client: &Client, namespace: &str, plural: &str) -> Value {
    let request = http::Request::get(format!("/apis/openclaw.cloud/v1alpha1/namespaces/{namespace}/{plural}"))
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())
        .unwrap();
    client.request(request).await.unwrap()
}

/// Its columns without `--output wide`.
fn shown(table: &Value) -> Vec<&str> {
    let columns = table["columnDefinitions"].as_array().unwrap();
    columns.iter().filter(|c| c["priority"] == 0).map(|c| c["name"].as_str().unwrap()).collect()
}
