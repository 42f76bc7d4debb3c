//! What a driver is held to: the same scenarios over child processes of this machine and over pods of a cluster, from the
//! queue to the gateway.

use openclaw_platform::{
    agents::{AgentState, WEB_CHAT_BASE},
    jobs::Instruction,
    tokens::{self, Authenticator},
    usage,
};
use secrecy::SecretString;

use crate::world::World;

macro_rules! with_both_drivers {
    ($($scenario:ident),* $(,)?) => {
        mod local {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(super::World::new().await).await;
            })*
        }

        mod kubernetes {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(super::World::in_cluster().await).await;
            })*
        }
    };
}

with_both_drivers! {
    a_provisioned_agent_has_one_gateway_with_its_prompt_and_tokens_that_open,
    what_is_ordered_twice_is_done_once,
    an_update_replaces_the_gateway_only_if_its_prompt_changed,
    suspend_closes_and_stops_and_reactivate_brings_back,
    resize_changes_the_limit_and_tells_the_gateway_what_is_new,
    a_silent_gateway_is_replaced_and_one_that_is_well_stays,
    destroy_leaves_nothing_that_runs_and_may_come_again,
    what_was_never_made_is_suspended_and_destroyed_all_the_same,
    a_gateway_that_never_answers_is_taken_away_when_its_job_is_given_up,
    agents_do_not_touch_each_other,
}

fn suspend() -> Instruction {
    Instruction::Suspend { reason: "payment-failed".into() }
}

fn resize(tier: &str) -> Instruction {
    Instruction::Resize { tier: tier.into() }
}

async fn a_provisioned_agent_has_one_gateway_with_its_prompt_and_tokens_that_open(world: World) {
    let operator = world.operator().await;
    let agent = world.agent(world.customer().await).await;
    let job = world.done(world.order(agent, Instruction::Provision).await).await;

    let names: Vec<&str> = job.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["prepare", "persona", "tokens", "gateway", "answering"]);
    assert!(job.steps.iter().all(|step| step.finished_at.is_some()));
    assert_eq!((job.attempts, job.error), (1, None));
    let now = world.get(agent).await;
    assert_eq!((now.state, now.reason, now.live_at.is_some()), (AgentState::Live, None, true));

    world.gateway(agent).await;
    assert_eq!(world.told(agent, "OPENCLAW_SYSTEM_PROMPT").await, "Você cumprimenta as pessoas.");
    assert_eq!(world.told(agent, "OPENCLAW_THINKING").await, "medium");
    assert_eq!(world.told(agent, "TELEGRAM_ALLOW_FROM").await, format!("11,{}", WEB_CHAT_BASE + now.number));
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
    let caller = Authenticator::new(world.db.clone()).authenticate(&token).await.unwrap();
    assert_eq!(caller.agent, agent);
    let stand_in = SecretString::from(world.told(agent, "TELEGRAM_BOT_TOKEN").await);
    let (number, sha256) = tokens::parse_bot_token(&stand_in).unwrap();
    let stored: Vec<u8> = sqlx::query_scalar("SELECT relay_secret_sha256 FROM agents WHERE number = $1")
        .bind(number)
        .fetch_one(&world.db)
        .await
        .unwrap();
    assert_eq!(stored, sha256);
    operator.stop().await;
}

async fn what_is_ordered_twice_is_done_once(world: World) {
    let operator = world.operator().await;
    let agent = world.agent(world.customer().await).await;
    for _ in 0..2 {
        world.done(world.order(agent, Instruction::Provision).await).await;
    }
    let gateway = world.gateway(agent).await;
    for settled in [Instruction::Update, Instruction::Reactivate, Instruction::HealthCheck] {
        world.done(world.order(agent, settled).await).await;
    }
    assert_eq!((world.gateway(agent).await, world.starts(agent).await), (gateway, 1));
    for _ in 0..2 {
        world.done(world.order(agent, suspend()).await).await;
        assert!(world.gateways(agent).await.is_empty());
    }
    operator.stop().await;
}

async fn an_update_replaces_the_gateway_only_if_its_prompt_changed(world: World) {
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let before = world.gateway(agent).await;
    world.done(world.order(agent, Instruction::Update).await).await;
    assert_eq!((world.gateway(agent).await, world.starts(agent).await), (before.clone(), 1));

    sqlx::query("UPDATE agents SET locale = 'en'").execute(&world.db).await.unwrap();
    world.done(world.order(agent, Instruction::Update).await).await;
    assert_ne!(world.gateway(agent).await, before);
    assert_eq!(world.told(agent, "OPENCLAW_SYSTEM_PROMPT").await, "You greet people.");
    operator.stop().await;
}

async fn suspend_closes_and_stops_and_reactivate_brings_back(world: World) {
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
    let tokens = Authenticator::new(world.db.clone());

    world.done(world.order(agent, suspend()).await).await;
    let now = world.get(agent).await;
    assert_eq!((now.state, now.reason.as_deref()), (AgentState::Suspended, Some("payment-failed")));
    assert!(world.gateways(agent).await.is_empty());
    assert!(tokens.authenticate(&token).await.is_err());

    world.done(world.order(agent, Instruction::Reactivate).await).await;
    let now = world.get(agent).await;
    assert_eq!((now.state, now.reason), (AgentState::Live, None));
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
    assert!(tokens.authenticate(&token).await.is_ok());
    operator.stop().await;
}

async fn resize_changes_the_limit_and_tells_the_gateway_what_is_new(world: World) {
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let limit = async || usage::current_period(&world.db, agent).await.unwrap().unwrap().limit;
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;

    world.done(world.order(agent, resize("pro")).await).await;
    assert_eq!((world.get(agent).await.tier.as_str(), limit().await), ("pro", 5_000_000));
    assert_eq!(world.told(agent, "OPENCLAW_PROXY_TOKEN").await, token, "pro tells it nothing that starter does not");

    world.done(world.order(agent, resize("team")).await).await;
    assert_eq!((world.get(agent).await.tier.as_str(), limit().await), ("team", 20_000_000));
    assert_eq!(world.told(agent, "OPENCLAW_THINKING").await, "high");
    assert!(world.told(agent, "TELEGRAM_ALLOW_FROM").await.starts_with("11,12,"));
    operator.stop().await;
}

async fn a_silent_gateway_is_replaced_and_one_that_is_well_stays(world: World) {
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let before = world.gateway(agent).await;
    world.done(world.order(agent, Instruction::HealthCheck).await).await;
    assert_eq!(world.gateway(agent).await, before);
    sqlx::query("UPDATE agents SET heartbeat_at = now() - interval '2 minutes'").execute(&world.db).await.unwrap();
    world.done(world.order(agent, Instruction::HealthCheck).await).await;
    assert_ne!(world.gateway(agent).await, before);
    operator.stop().await;
}

async fn destroy_leaves_nothing_that_runs_and_may_come_again(world: World) {
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let family = match &world.pods {
        Some(pods) => pods.family(agent).await,
        None => None,
    };
    world.done(world.order(agent, Instruction::Destroy).await).await;
    assert!(world.gateways(agent).await.is_empty());
    match (&world.pods, family) {
        (Some(pods), Some(family)) => assert!(pods.is_gone(agent, &family).await),
        _ => assert!(!world.folder().join(format!("agents/{agent}")).exists()),
    }
    for late in [Instruction::Destroy, Instruction::Provision, Instruction::Reactivate, suspend(), resize("pro")] {
        world.done(world.order(agent, late).await).await;
    }
    assert_eq!(world.state(agent).await, AgentState::Destroyed);
    assert!(world.gateways(agent).await.is_empty());
    operator.stop().await;
}

async fn what_was_never_made_is_suspended_and_destroyed_all_the_same(world: World) {
    let operator = world.operator().await;
    let agent = world.agent(world.customer().await).await;
    world.done(world.order(agent, suspend()).await).await;
    assert_eq!(world.state(agent).await, AgentState::Suspended);
    world.done(world.order(agent, Instruction::Destroy).await).await;
    assert_eq!((world.state(agent).await, world.starts(agent).await), (AgentState::Destroyed, 0));
    operator.stop().await;
}

async fn a_gateway_that_never_answers_is_taken_away_when_its_job_is_given_up(world: World) {
    let (operator, agent, ..) = world.given_up().await;
    assert_eq!(world.get(agent).await.reason.as_deref(), Some("not-answering"));
    assert!(world.gateways(agent).await.is_empty());
    operator.stop().await;
}

async fn agents_do_not_touch_each_other(world: World) {
    let operator = world.operator().await;
    let customer = world.customer().await;
    let (one, two) = (world.agent(customer).await, world.agent(customer).await);
    world.done(world.order(one, Instruction::Provision).await).await;
    world.done(world.order(two, Instruction::Provision).await).await;
    let gateway = world.gateway(two).await;
    world.done(world.order(one, suspend()).await).await;
    assert_eq!((world.gateways(one).await.len(), world.gateway(two).await), (0, gateway));
    operator.stop().await;
}
