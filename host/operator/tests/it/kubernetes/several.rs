//! Several operators in one cluster: they share the jobs, and one of them leads.

use std::time::Instant;

use futures::future::join_all;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, api::ListParams};
use openclaw_operator::lead;
use openclaw_platform::{AgentId, agents::AgentState, jobs::Instruction};

use crate::world::{World, until};

/// Who leads.
async fn leader(world: &World) -> Option<String> {
    let fleet = &world.pods.as_ref().unwrap().fleet;
    let leases: Api<Lease> = Api::namespaced(fleet.client.clone(), &fleet.namespace);
    leases.get_opt(lead::LEASE).await.unwrap()?.spec?.holder_identity
}

/// Has `count` customers' agents made at once; also says how many took more than one attempt.
async fn provision(world: &World, count: usize) -> (Vec<AgentId>, usize) {
    let mut agents = Vec::new();
    for _ in 0..count {
        agents.push(world.agent(world.customer().await).await);
    }
    let orders = join_all(agents.iter().map(|agent| world.order(*agent, Instruction::Provision))).await;
    let (begun, mut again) = (Instant::now(), 0);
    for job in orders {
        again += usize::from(world.done(job).await.attempts > 1);
    }
    println!("{count} provisions took {} ms, {again} of them more than one attempt", begun.elapsed().as_millis());
    (agents, again)
}

async fn each_is_live_once(world: &World, agents: &[AgentId]) {
    for agent in agents {
        assert_eq!(world.state(*agent).await, AgentState::Live);
        world.gateway(*agent).await;
    }
    let resources = world.pods.as_ref().unwrap().fleet.agents().list(&ListParams::default()).await.unwrap();
    assert_eq!(resources.items.len(), agents.len());
}

/// The operators that did jobs.
async fn workers(world: &World) -> i64 {
    let query = sqlx::query_scalar("SELECT count(DISTINCT worker) FROM jobs");
    query.fetch_one(&world.db).await.unwrap()
}

#[tokio::test]
async fn twenty_provisions_at_once_on_two_operators_are_each_done_once() {
    let world = World::in_cluster().await;
    let operators = [world.operator().await, world.operator().await];
    until("one of them to lead", async || leader(&world).await).await;
    let (agents, again) = provision(&world, 20).await;
    each_is_live_once(&world, &agents).await;
    let starts = join_all(agents.iter().map(|agent| world.starts(*agent))).await;
    assert_eq!((again, starts.iter().sum::<usize>()), (0, 20), "none is made twice");
    assert_eq!(workers(&world).await, 2, "both work");
    for operator in operators {
        operator.stop().await;
    }
}

#[tokio::test]
#[ignore = "long: cargo xtask test --all"]
async fn two_hundred_provisions_at_once_on_three_operators_are_each_done_once() {
    let world = World::in_cluster().await;
    let operators = [world.operator().await, world.operator().await, world.operator().await];
    until("one of them to lead", async || leader(&world).await).await;
    // On a machine that has more to do than it can, an attempt may run out of time and be made again.
    let (agents, _) = provision(&world, 200).await;
    each_is_live_once(&world, &agents).await;
    for operator in operators {
        operator.stop().await;
    }
}

#[tokio::test]
async fn another_operator_leads_at_once_when_the_leader_ends_and_soon_when_it_is_killed() {
    let world = World::in_cluster().await;
    let first = world.operator().await;
    let one = until("the first to lead", async || leader(&world).await).await;
    let mut second = world.operator_process();
    world.live_agent().await;
    let begun = Instant::now();
    first.stop().await;
    let two = until("the second to lead", async || leader(&world).await.filter(|leader| *leader != one)).await;
    println!("another leads {} ms after the leader ended", begun.elapsed().as_millis());

    let third = world.operator().await;
    world.live_agent().await;
    second.kill().await.unwrap();
    let begun = Instant::now();
    let three = until("the third to lead", async || leader(&world).await.filter(|leader| *leader != two)).await;
    println!("another leads {} ms after the leader was killed", begun.elapsed().as_millis());
    assert_ne!(three, one);
    world.live_agent().await;
    third.stop().await;
}
