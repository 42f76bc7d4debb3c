//! Nodes that no machine is behind: kwok gives them, and the pods on them, the status that kubelets would.

use std::path::Path;

use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{ListParams, ObjectMeta, PostParams},
};

use super::spawn;
use crate::server::{Server, free_port};

/// What becomes of nodes and pods.
const STAGES: &str = include_str!("kwok.yaml");

/// Enough for pods to be spread, drained and rescheduled.
const NODES: usize = 3;

/// Starts what keeps them.
pub(super) fn keep(folder: &Path, program: &Path, kubeconfig: &Path, log: &Path) -> anyhow::Result<Server> {
    let stages = folder.join("kwok.yaml");
    std::fs::write(&stages, STAGES)?;
    spawn(
        program,
        log,
        None,
        [
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--config={}", stages.display()),
            "--manage-all-nodes".into(),
            "--node-ip=127.0.0.1".into(),
            "--node-lease-duration-seconds=40".into(),
            format!("--server-address=127.0.0.1:{}", free_port()),
        ],
    )
}

/// Makes them known.
pub(super) async fn register(client: &Client) -> anyhow::Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    for number in 1..=NODES {
        let name = format!("node-{number}");
        let labels = [("kubernetes.io/hostname".to_owned(), name.clone()), ("kubernetes.io/os".into(), "linux".into())];
        let metadata = ObjectMeta { name: Some(name), labels: Some(labels.into()), ..ObjectMeta::default() };
        nodes.create(&PostParams::default(), &Node { metadata, ..Node::default() }).await?;
    }
    Ok(())
}

/// Whether pods may be put on all of them.
pub(super) async fn are_ready(client: Client) -> bool {
    let nodes: Api<Node> = Api::all(client);
    let Ok(nodes) = nodes.list(&ListParams::default()).await else { return false };
    nodes.items.len() == NODES && nodes.items.iter().all(is_ready)
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let tainted = node.spec.as_ref().and_then(|s| s.taints.as_deref()).is_some_and(|taints| !taints.is_empty());
    !tainted && conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}
