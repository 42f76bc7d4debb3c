//! A private Kubernetes cluster: what is asked of it happens, and it leaves nothing behind.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{Patch, PatchParams},
    runtime::wait::{await_condition, conditions::is_deployment_completed},
};
use openclaw_testkit::cluster::{Cluster, cluster};
use serde_json::json;

/// The longest that a cluster may take for anything that is asked of it here, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_is_applied_to_the_cluster_gets_ready_on_its_nodes() {
    let cluster = cluster().await;
    let namespace = cluster.namespace().await.unwrap();
    let deployments: Api<Deployment> = Api::namespaced(cluster.client().await.unwrap(), &namespace);
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "three"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "three"}},
            "template": {
                "metadata": {"labels": {"app": "three"}},
                "spec": {"containers": [{"name": "any", "image": "registry.invalid/any"}]},
            },
        },
    });
    deployments.patch("three", &PatchParams::apply("tests"), &Patch::Apply(deployment)).await.unwrap();

    let ready = await_condition(deployments.clone(), "three", is_deployment_completed());
    tokio::time::timeout(PATIENCE, ready).await.expect("it is ready in time").unwrap();
    let status = deployments.get("three").await.unwrap().status.unwrap();
    assert_eq!(status.ready_replicas, Some(3));
}

#[tokio::test]
async fn a_cluster_that_is_let_go_leaves_neither_process_nor_file() {
    let cluster = Cluster::temporary().await.unwrap();
    let folder = cluster.kubeconfig().parent().unwrap().to_owned();
    assert!(processes_of(&folder) >= 5, "etcd, the API server, its controllers, a scheduler and kwok");

    drop(cluster);

    let deadline = Instant::now() + PATIENCE;
    while folder.exists() || processes_of(&folder) > 0 {
        assert!(Instant::now() < deadline, "{} processes, and the folder {folder:?}", processes_of(&folder));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many processes name `folder` among their arguments.
fn processes_of(folder: &Path) -> usize {
    let folder = folder.as_os_str().as_encoded_bytes();
    let names_it = |process: &std::fs::DirEntry| {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        arguments.windows(folder.len()).any(|window| window == folder)
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(names_it).count()
}
