//! Agents that a person makes with kubectl: the platform takes them in, and lets them go with their `Agent`.

use kube::{ResourceExt as _, api::DeleteParams};
use openclaw_operator::{children::Family, drivers::kubernetes::ID, resources::AgentPhase};
use openclaw_platform::{
    AgentId, accounts,
    agents::{self, AgentState},
    tokens::Authenticator,
    usage,
};
use serde_json::json;

use super::resources::{agent, apply, with};
use crate::world::{World, until};

/// The platform's agent that the `Agent` called `name` is, once it is live.
async fn taken_in(world: &World, name: &str) -> AgentId {
    let agents = world.pods.as_ref().unwrap().fleet.agents();
    until(&format!("{name} to be live"), async || {
        let agent = agents.get(name).await.unwrap();
        let id = agent.labels().get(ID)?.parse().unwrap();
        (agent.status?.phase? == AgentPhase::Live && world.state(id).await == AgentState::Live).then_some(id)
    })
    .await
}

#[tokio::test]
async fn an_agent_made_by_hand_gets_an_account_tokens_and_a_meter_and_goes_with_its_agent() {
    let world = World::in_cluster().await;
    let operators = [world.operator().await, world.operator().await];
    let fleet = &world.pods.as_ref().unwrap().fleet;
    let by_hand = with(agent("ana"), "/spec/telegram", json!({"users": [77]}));
    let family = Family::of(&apply(&fleet.agents(), &by_hand).await.unwrap()).unwrap();

    let id = taken_in(&world, "ana").await;
    let kept = world.get(id).await;
    let customer = accounts::get(&world.db, kept.customer).await.unwrap();
    assert_eq!(
        (customer.email.as_str(), kept.niche.as_str(), kept.tier.as_str()),
        ("ana@example.com", "hello", "starter")
    );
    assert_eq!(kept.telegram_users, [77]);
    assert_eq!(usage::current_period(&world.db, id).await.unwrap().unwrap().limit, 1_000_000);
    let subscriptions: i64 =
        sqlx::query_scalar("SELECT count(*) FROM subscriptions").fetch_one(&world.db).await.unwrap();
    assert_eq!(subscriptions, 0);
    let token = world.told(id, "OPENCLAW_PROXY_TOKEN").await;
    assert_eq!(Authenticator::new(world.db.clone()).authenticate(&token).await.unwrap().agent, id);
    assert_eq!(world.starts(id).await, 1);

    fleet.agents().delete("ana", &DeleteParams::default()).await.unwrap();
    until("the platform to let it go", async || (world.state(id).await == AgentState::Destroyed).then_some(())).await;
    assert!(world.pods.as_ref().unwrap().is_gone(id, &family).await);
    assert!(Authenticator::new(world.db.clone()).authenticate(&token).await.is_err());
    for operator in operators {
        operator.stop().await;
    }
}

#[tokio::test]
async fn an_agent_made_by_hand_gets_its_tokens_anew_when_its_period_has_ended() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let fleet = &world.pods.as_ref().unwrap().fleet;
    apply(&fleet.agents(), &agent("ana")).await.unwrap();
    let id = taken_in(&world, "ana").await;
    operator.stop().await;
    sqlx::query("UPDATE usage_periods SET starts_at = now() - interval '31 days', ends_at = now() - interval '1 day'")
        .execute(&world.db)
        .await
        .unwrap();

    let operator = world.operator().await;
    let period = until("another period", async || {
        let period = usage::current_period(&world.db, id).await.unwrap()?;
        (period.ends_at > time::OffsetDateTime::now_utc()).then_some(period)
    })
    .await;
    assert_eq!((period.used, period.limit), (0, 1_000_000));
    operator.stop().await;
}

#[tokio::test]
async fn what_cannot_be_taken_in_says_why_and_is_taken_in_once_it_can() {
    let world = World::in_cluster().await;
    let operator = world.operator().await;
    let fleet = &world.pods.as_ref().unwrap().fleet;
    let pinned = with(agent("ana"), "/spec/release", json!(format!("sha256:{}", "0".repeat(64))));
    apply(&fleet.agents(), &pinned).await.unwrap();
    let said = until("the Agent to say why", async || {
        let status = fleet.agents().get("ana").await.unwrap().status?;
        status.conditions.into_iter().find(|condition| condition.type_ == "Adopted")
    })
    .await;
    assert_eq!((said.status.as_str(), said.reason.as_str()), ("False", "Release"));
    assert_eq!(said.message, "spec.release is the platform's to choose: leave it out");
    assert_eq!(agents::all(&world.db, 10).await.unwrap().len(), 0);

    apply(&fleet.agents(), &agent("ana")).await.unwrap();
    taken_in(&world, "ana").await;
    let status = fleet.agents().get("ana").await.unwrap().status.unwrap();
    assert!(status.conditions.iter().all(|condition| condition.type_ != "Adopted"), "nothing is wrong any more");
    operator.stop().await;
}
