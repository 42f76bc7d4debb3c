//! What only the Kubernetes driver has to cope with: people with kubectl.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
};
use openclaw_operator::{children, resources::AgentPhase};
use openclaw_platform::{
    AgentId,
    agents::AgentState,
    jobs::{Instruction, JobState},
    tokens::Authenticator,
};
use serde_json::{Value, json};

use super::resources::{agent, apply, with};
use crate::world::{World, until};

/// `kubectl patch agent … --type merge`.
async fn patch(world: &World, agent: AgentId, change: Value) {
    let pods = world.pods.as_ref().unwrap();
    let name = pods.resource(agent).await.unwrap().name_any();
    pods.fleet.agents().patch(&name, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
}

/// Has the controller look at once, which it otherwise does after some minutes.
async fn look(world: &World, agent: AgentId) {
    let now = uuid::Uuid::now_v7().to_string();
    patch(world, agent, json!({"metadata": {"annotations": {"tests/look": now}}})).await;
}

async fn secrets(world: &World, agent: AgentId) -> Api<Secret> {
    let pods = world.pods.as_ref().unwrap();
    Api::namespaced(pods.fleet.client.clone(), &pods.family(agent).await.unwrap().namespace)
}

#[tokio::test]
async fn a_configuration_that_is_gone_or_changed_is_brought_again_with_other_tokens() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let secrets = secrets(&world, agent).await;
    let tokens = Authenticator::new(world.db.clone());
    for hand in ["removes", "changes"] {
        let (before, old) = (world.gateway(agent).await, world.told(agent, "OPENCLAW_PROXY_TOKEN").await);
        if hand == "removes" {
            secrets.delete(children::CONFIG, &DeleteParams::default()).await.unwrap();
        } else {
            let other = json!({"stringData": {"OPENCLAW_PROXY_TOKEN": "oct_other"}});
            secrets.patch(children::CONFIG, &PatchParams::default(), &Patch::Merge(other)).await.unwrap();
        }
        look(&world, agent).await;

        until(&format!("another gateway, after somebody {hand} the Secret"), async || {
            let running = world.gateways(agent).await;
            (running.len() == 1 && running[0] != before).then_some(())
        })
        .await;
        until("it to be well", async || (world.told(agent, "OPENCLAW_PROXY_TOKEN").await != old).then_some(())).await;
        let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
        assert_eq!(tokens.authenticate(&token).await.unwrap().agent, agent, "hand {hand}");
        until("its job to be done", async || {
            let jobs = openclaw_platform::jobs::of_agent(&world.db, agent).await.unwrap();
            jobs.iter().all(|job| job.state == JobState::Done).then_some(())
        })
        .await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn suspension_by_hand_closes_the_tokens_and_lasts_until_that_hand_takes_it_back() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;

    patch(&world, agent, json!({"spec": {"suspended": true}})).await;
    until("the platform to know", async || (world.state(agent).await == AgentState::Suspended).then_some(())).await;
    assert_eq!(world.get(agent).await.reason.as_deref(), Some("by-hand"));
    assert!(Authenticator::new(world.db.clone()).authenticate(&token).await.is_err());
    assert!(world.gateways(agent).await.is_empty());
    assert!(
        secrets(&world, agent).await.get_opt(children::CONFIG).await.unwrap().is_none(),
        "no token is left to read"
    );

    let job = world.settled(world.order(agent, Instruction::Reactivate).await, JobState::Failed).await;
    assert!(job.error.unwrap().contains("was suspended by hand. To take it up again: kubectl patch agent hello-"));
    assert_eq!(world.state(agent).await, AgentState::Suspended);

    patch(&world, agent, json!({"spec": {"suspended": false}})).await;
    until("it to be live", async || (world.state(agent).await == AgentState::Live).then_some(())).await;
    world.gateway(agent).await;
    operator.stop().await;
}

#[tokio::test]
async fn what_the_platform_suspended_cannot_be_taken_up_by_hand() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    world.done(world.order(agent, Instruction::Suspend { reason: "payment-failed".into() }).await).await;
    let pods = world.pods.as_ref().unwrap();
    assert_eq!(pods.resource(agent).await.unwrap().status.unwrap().phase, Some(AgentPhase::Suspended));

    patch(&world, agent, json!({"spec": {"suspended": false}})).await;
    look(&world, agent).await;
    until("it to wait for a job", async || {
        let status = pods.resource(agent).await.unwrap().status.unwrap();
        (status.phase == Some(AgentPhase::Provisioning)).then_some(())
    })
    .await;
    assert_eq!((world.state(agent).await, world.gateways(agent).await.len()), (AgentState::Suspended, 0));
    operator.stop().await;
}

#[tokio::test]
async fn a_live_agent_whose_agent_is_removed_by_hand_gets_another() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let pods = world.pods.as_ref().unwrap();
    let before = pods.resource(agent).await.unwrap();
    pods.fleet.agents().delete(&before.name_any(), &DeleteParams::default()).await.unwrap();
    until("another Agent to be live", async || {
        let now = pods.resource(agent).await?;
        (now.uid() != before.uid() && now.status?.phase == Some(AgentPhase::Live)).then_some(())
    })
    .await;
    world.gateway(agent).await;
    assert_eq!(world.state(agent).await, AgentState::Live);
    operator.stop().await;
}

#[tokio::test]
async fn a_name_that_is_anothers_is_said_and_the_job_goes_on_once_it_is_free() {
    let world = World::in_cluster().await;
    let agents = world.pods.as_ref().unwrap().fleet.agents();
    let id = world.agent(world.customer().await).await;
    let name = format!("hello-{}", world.get(id).await.number);
    // It stays somebody's own: nobody adopts what is suspended.
    apply(&agents, &with(agent(&name), "/spec/suspended", json!(true))).await.unwrap();
    let operator = world.operator().await;
    let job = world.order(id, Instruction::Provision).await;
    let error = until("the job to say so", async || world.job(job).await.error).await;
    assert!(error.contains(&format!("there is another Agent called {name}")), "{error}");
    agents.delete(&name, &DeleteParams::default()).await.unwrap();
    world.done(job).await;
    operator.stop().await;
}

#[tokio::test]
async fn another_tier_takes_another_pod_and_the_same_tokens() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    world.done(world.order(agent, Instruction::Resize { tier: "pro".into() }).await).await;

    let pods = world.pods.as_ref().unwrap();
    let namespace = pods.family(agent).await.unwrap().namespace;
    let deployments: Api<Deployment> = Api::namespaced(pods.fleet.client.clone(), &namespace);
    let pod = deployments.get(children::GATEWAY).await.unwrap().spec.template.spec.unwrap();
    assert_eq!(pod.containers[0].resources.as_ref().unwrap().limits.as_ref().unwrap()["cpu"].0, "2");
    let resource = pods.resource(agent).await.unwrap();
    assert_eq!(resource.status.unwrap().release.unwrap().version, "1.0.0");
    operator.stop().await;
}
