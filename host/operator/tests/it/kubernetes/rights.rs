//! What the operator is refused. What it needs it has: the controller's tests run with its rights.

use k8s_openapi::api::{
    core::v1::{Namespace, Pod, Secret},
    rbac::v1::{ClusterRoleBinding, RoleBinding},
};
use kube::{
    Api, Error,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use openclaw_operator::{children, rights};
use serde_json::json;

use super::{children::until, controller::Fleet, resources::refusal};

fn forbidden<T>(answer: Result<T, Error>) {
    let said = refusal(answer);
    assert!(said.contains("is forbidden: User \"system:serviceaccount:"), "{said}");
}

#[tokio::test]
async fn the_operator_reads_no_secrets_but_those_of_agents() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    let family = fleet.live("ana").await;

    let secrets = |namespace: &str| Api::<Secret>::namespaced(fleet.operators.clone(), namespace);
    assert!(secrets(&family.namespace).get(children::CONFIG).await.is_ok());
    forbidden(secrets(&family.namespace).list(&ListParams::default()).await);
    for elsewhere in ["kube-system", &fleet.namespace] {
        forbidden(secrets(elsewhere).get("any").await);
    }
    forbidden(Api::<Secret>::all(fleet.operators.clone()).list(&ListParams::default()).await);
}

#[tokio::test]
async fn the_operator_gives_itself_no_rights_outside_the_namespaces_of_agents() {
    let fleet = Fleet::new().await;
    let apply = PatchParams::apply("any").force();
    let binding = |kind: &str, role: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "more"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": rights::ACCOUNT, "namespace": fleet.namespace}],
        })
    };
    let everywhere: Api<ClusterRoleBinding> = Api::all(fleet.operators.clone());
    forbidden(everywhere.patch("more", &apply, &Patch::Apply(binding("ClusterRoleBinding", rights::KEEPER))).await);

    let elsewhere: Api<RoleBinding> = Api::namespaced(fleet.operators.clone(), "kube-system");
    let more = elsewhere.patch("more", &apply, &Patch::Apply(binding("RoleBinding", "cluster-admin"))).await;
    assert!(refusal(more).contains("attempting to grant RBAC permissions not currently held"));

    // A policy is in force a moment after it was applied.
    let dry = apply.clone().dry_run();
    let bind = Patch::Apply(binding("RoleBinding", rights::KEEPER));
    let said = until("the policy to be in force", async || match elsewhere.patch("more", &dry, &bind).await {
        Err(Error::Api(status)) => Some(status.message),
        _ => None,
    })
    .await;
    assert!(said.contains("the operator's rights end with the namespaces of agents"), "{said}");

    let namespaces: Api<Namespace> = Api::all(fleet.operators.clone());
    let lax = Patch::Merge(json!({"metadata": {"labels": {"any": "thing"}}}));
    for refused in [
        namespaces.patch("kube-system", &PatchParams::default(), &lax).await.map(drop),
        namespaces.delete(&fleet.namespace, &DeleteParams::default()).await.map(drop),
    ] {
        let said = refusal(refused);
        assert!(said.contains("the operator's rights end with the namespaces of agents"), "{said}");
    }
}

#[tokio::test]
async fn the_operator_runs_no_pods_and_sees_none() {
    let fleet = Fleet::new().await;
    let _operator = fleet.operator();
    let family = fleet.live("ana").await;
    let pods: Api<Pod> = Api::namespaced(fleet.operators.clone(), &family.namespace);
    let pod = serde_json::from_value(json!({
        "metadata": {"name": "any"},
        "spec": {"containers": [{"name": "any", "image": "any"}]},
    }));
    forbidden(pods.create(&PostParams::default(), &pod.unwrap()).await);
    forbidden(pods.list(&ListParams::default()).await);
}
