//! What each job does, from the queue to the process.

use std::time::Duration;

use openclaw_platform::{
    AgentId,
    agents::AgentState,
    jobs::{self, Instruction, JobState},
    tokens::{Authenticator, Refusal},
};
use openclaw_testkit::{components, postgres::Postgres};

use crate::world::{World, install, kill, until};

fn suspend() -> Instruction {
    Instruction::Suspend { reason: "payment-failed".into() }
}

fn resize(tier: &str) -> Instruction {
    Instruction::Resize { tier: tier.into() }
}

#[tokio::test]
async fn an_operator_says_that_it_is_there_keeps_its_gateways_words_and_takes_them_along() {
    let world = World::new().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    until("its words are kept", async || world.log(agent).contains("is here").then_some(())).await;
    let health = openclaw_platform::http::client().get(format!("{}/healthz", operator.address)).send().await.unwrap();
    assert_eq!(health.text().await.unwrap(), r#"{"role":"operator"}"#);
    operator.stop().await;
    assert!(world.gateways(agent).await.is_empty(), "a stopped operator leaves no gateway behind");
}

#[tokio::test]
async fn a_new_operator_starts_the_gateway_of_every_live_agent_once() {
    let world = World::new().await;
    let operator = world.operator().await;
    let (one, two) = tokio::join!(world.live_agent(), world.live_agent());
    let suspended = world.live_agent().await;
    world.done(world.order(suspended, suspend()).await).await;
    let token = world.told(one, "OPENCLAW_PROXY_TOKEN").await;
    operator.stop().await;

    let operator = world.operator().await;
    for agent in [one, two] {
        world.gateway(agent).await;
        assert_eq!(world.starts(agent).await, 2);
    }
    assert!(world.gateways(suspended).await.is_empty());
    let refused = Authenticator::new(world.db.clone()).authenticate(&token).await;
    assert!(matches!(refused, Err(Refusal::Unknown)), "the token of before is closed");
    operator.stop().await;
}

#[tokio::test]
async fn a_killed_gateway_comes_back() {
    let world = World::new().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    let victim = world.gateway(agent).await;
    kill(victim.parse().unwrap());
    until("another one runs", async || (world.gateway(agent).await != victim).then_some(())).await;
    assert_eq!(world.state(agent).await, AgentState::Live);
    operator.stop().await;
}

#[tokio::test]
async fn update_restarts_only_if_the_prompt_changed() {
    let world = World::new().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    world.done(world.order(agent, Instruction::Update).await).await;
    assert_eq!(world.starts(agent).await, 1);

    sqlx::query("UPDATE agents SET locale = 'en'").execute(&world.db).await.unwrap();
    world.done(world.order(agent, Instruction::Update).await).await;
    assert_eq!(world.starts(agent).await, 2);
    assert_eq!(world.told(agent, "OPENCLAW_SYSTEM_PROMPT").await, "You greet people.");

    // A release that says the same: its tools are the API's to serve, and the gateway need not know.
    let same = install(&world.db, "hello", &components::variant("hello", "same")).await;
    assert_eq!(world.get(agent).await.digest, same);
    let moved = jobs::of_agent(&world.db, agent).await.unwrap().pop().unwrap();
    assert_eq!(moved.kind, "update", "a roll-out has the agent rendered anew");
    world.done(moved.id).await;
    assert_eq!(world.starts(agent).await, 2);

    // A release that cannot speak for this customer: the gateway goes on as it was.
    let wanting = install(&world.db, "hostile", &components::bytes("hostile")).await;
    let moving = sqlx::query("UPDATE agents SET digest = $1").bind(wanting.0.as_slice());
    moving.execute(&world.db).await.unwrap();
    world.settled(world.order(agent, Instruction::Update).await, JobState::Failed).await;
    assert_eq!((world.state(agent).await, world.starts(agent).await), (AgentState::Live, 2));
    world.gateway(agent).await;
    operator.stop().await;
}

#[tokio::test]
async fn health_check_restarts_what_was_silent_and_leaves_alone_what_is_well() {
    let world = World::new().await;
    let operator = world.operator().await;
    let agent = world.live_agent().await;
    world.done(world.order(agent, Instruction::HealthCheck).await).await;
    assert_eq!(world.starts(agent).await, 1);
    sqlx::query("UPDATE agents SET heartbeat_at = now() - interval '2 minutes'").execute(&world.db).await.unwrap();
    world.done(world.order(agent, Instruction::HealthCheck).await).await;
    assert_eq!(world.starts(agent).await, 2);
    world.gateway(agent).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_gateway_that_runs_and_says_nothing_is_started_again() {
    let world = World::new().await;
    let mut config = world.config();
    (config.silence, config.second_look) = (Duration::from_secs(60), Duration::from_secs(1));
    let operator = world.operator_with(config).await;
    let (well, hangs) = (world.live_agent().await, world.live_agent().await);
    let silence = async |agents: &[AgentId]| {
        let ids: Vec<_> = agents.iter().map(|agent| agent.0).collect();
        let query = sqlx::query("UPDATE agents SET heartbeat_at = now() - interval '2 minutes' WHERE id = ANY($1)");
        query.bind(ids).execute(&world.db).await.unwrap();
    };
    let before = (world.gateway(well).await, world.gateway(hangs).await);
    silence(&[hangs]).await;
    let after =
        until("another one runs", async || world.gateways(hangs).await.into_iter().find(|other| *other != before.1))
            .await;
    let checks = until("the check is done", async || {
        let jobs = jobs::of_agent(&world.db, hangs).await.unwrap();
        let checks: Vec<_> = jobs.into_iter().filter(|job| job.kind == "health-check").collect();
        checks.iter().all(|job| job.state == JobState::Done).then_some(checks)
    })
    .await;
    assert_eq!(checks.len(), 1, "one silence is checked once");
    assert_eq!((world.gateway(well).await, world.gateway(hangs).await), (before.0, after));

    // All at once: nobody listens, and no gateway is to blame.
    silence(&[well, hangs]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((world.starts(well).await, world.starts(hangs).await), (1, 2));
    operator.stop().await;
}

#[tokio::test]
async fn a_job_is_not_given_up_before_its_agent_is_left_in_order() {
    let world = World::new().await;
    let wanting = install(&world.db, "hello", &components::bytes("hostile")).await;
    for statement in [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE ON agents FOR EACH ROW WHEN (NEW.state = 'failed') EXECUTE FUNCTION refuse()",
    ] {
        sqlx::query(statement).execute(&world.db).await.unwrap();
    }
    let operator = world.operator().await;
    let agent = world.agent_of(world.customer().await, wanting).await;
    let job = world.order(agent, Instruction::Provision).await;
    let waiting = until("an attempt failed", async || {
        let view = world.job(job).await;
        (view.error.is_some() && view.state != JobState::Running).then_some(view)
    })
    .await;
    assert_eq!((waiting.state, world.state(agent).await), (JobState::Queued, AgentState::Provisioning));
    assert!(waiting.error.unwrap().contains("`name`"), "it says what is wrong with the job");

    sqlx::query("DROP TRIGGER refuse ON agents").execute(&world.db).await.unwrap();
    world.settled(job, JobState::Failed).await;
    assert_eq!(world.get(agent).await.reason.as_deref(), Some("persona"));
    operator.stop().await;
}

#[tokio::test]
async fn destroy_removes_what_was_said_and_keeps_the_books() {
    let world = World::new().await;
    let operator = world.operator().await;
    let customer = world.customer().await;
    let (agent, sibling) = (world.agent(customer).await, world.agent(customer).await);
    world.done(world.order(agent, Instruction::Provision).await).await;
    world.done(world.order(sibling, Instruction::Provision).await).await;
    for statement in [
        "INSERT INTO agent_state (agent_id, key, value) SELECT id, 'chat', 'x' FROM agents",
        "INSERT INTO chat_messages (agent_id, message_id, author, body) SELECT id, 1, 'person', 'x' FROM agents",
        "INSERT INTO relay_updates (agent_id, update_id, body) SELECT id, 1, '{}' FROM agents",
        "INSERT INTO relay_sends (agent_id, key) SELECT id, 'k' FROM agents",
        "INSERT INTO relay_chats (agent_id, chat_id) SELECT id, 1 FROM agents",
        "INSERT INTO relay_seen (agent_id, telegram_update_id) SELECT id, 1 FROM agents",
        "INSERT INTO tool_calls (id, agent_id, digest, tool, title, arguments, result, outcome, micros)
         SELECT gen_random_uuid(), id, digest, 't', 't', '{}', '', 'ok', 1 FROM agents",
        "INSERT INTO niche_spaces (customer_id, niche, bytes, keys) SELECT id, 'hello', 2, 1 FROM customers",
        "INSERT INTO niche_storage (customer_id, niche, key, value) SELECT id, 'hello', 'k', 'x' FROM customers",
    ] {
        sqlx::query(statement).execute(&world.db).await.unwrap();
    }
    let rows = async |table: &str, column: &str, id: uuid::Uuid| -> i64 {
        let query = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(id).fetch_one(&world.db).await.unwrap()
    };
    let said = [
        "agent_state",
        "chat_messages",
        "relay_bots",
        "relay_chats",
        "relay_seen",
        "relay_sends",
        "relay_updates",
        "tool_calls",
    ];

    world.done(world.order(agent, Instruction::Destroy).await).await;
    let now = world.get(agent).await;
    assert_eq!(
        (now.state, now.has_bot, now.telegram_users.len(), now.profile.len()),
        (AgentState::Destroyed, false, 0, 0)
    );
    assert!(world.gateways(agent).await.is_empty());
    assert!(!world.folder().join(format!("agents/{agent}")).exists());
    for table in said {
        assert_eq!(rows(table, "agent_id", agent.0).await, 0, "{table}");
        assert_eq!(rows(table, "agent_id", sibling.0).await, 1, "{table} of another agent");
    }
    assert!(openclaw_platform::relay::post_chat(&world.db, agent, "Oi").await.is_err(), "nobody is there to hear it");
    assert_eq!(rows("niche_storage", "customer_id", customer.0).await, 1, "the sibling still uses it");
    assert_eq!(rows("usage_periods", "agent_id", agent.0).await, 1, "what it cost stays");

    world.done(world.order(sibling, Instruction::Destroy).await).await;
    assert_eq!(rows("niche_storage", "customer_id", customer.0).await, 0);
    // A destroyed agent stays so, whatever comes.
    for late in [Instruction::Provision, Instruction::Reactivate, suspend(), resize("pro"), Instruction::Destroy] {
        world.done(world.order(agent, late).await).await;
    }
    assert_eq!(world.state(agent).await, AgentState::Destroyed);
    assert!(world.gateways(agent).await.is_empty());
    operator.stop().await;
}

#[tokio::test]
async fn an_answer_that_the_prompt_needs_and_lacks_fails_the_agent_at_once() {
    let world = World::new().await;
    let wanting = install(&world.db, "hello", &components::bytes("hostile")).await;
    let operator = world.operator().await;
    let agent = world.agent_of(world.customer().await, wanting).await;
    let job = world.settled(world.order(agent, Instruction::Provision).await, JobState::Failed).await;
    assert_eq!(job.attempts, 1);
    assert!(job.error.unwrap().contains("`name`"));
    let now = world.get(agent).await;
    assert_eq!((now.state, now.reason.as_deref()), (AgentState::Failed, Some("persona")));
    assert!(world.gateways(agent).await.is_empty());
    // The failed job is in nobody's way.
    world.done(world.order(agent, Instruction::Destroy).await).await;
    operator.stop().await;
}

#[tokio::test]
async fn an_agent_that_never_answers_is_given_up_after_a_limit_and_lives_when_tried_again() {
    let world = World::new().await;
    let (operator, agent, job, dead) = world.given_up().await;
    assert!(dead.error.unwrap().contains("did not answer"));
    let now = world.get(agent).await;
    assert_eq!((now.state, now.reason.as_deref()), (AgentState::Failed, Some("not-answering")));
    assert!(world.gateways(agent).await.is_empty());

    world.silence(false);
    operator.stop().await;
    let operator = world.operator().await;
    jobs::retry(&world.db, job).await.unwrap();
    world.done(job).await;
    assert_eq!(world.state(agent).await, AgentState::Live);
    world.gateway(agent).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_stopping_operator_hands_its_jobs_back() {
    let world = World::new().await;
    world.silence(true);
    let operator = world.operator().await;
    let agent = world.agent(world.customer().await).await;
    let job = world.order(agent, Instruction::Provision).await;
    until("it waits for an answer", async || {
        world.job(job).await.steps.iter().any(|step| step.name == "answering").then_some(())
    })
    .await;
    operator.stop().await;
    assert_eq!(world.job(job).await.state, JobState::Queued);
    assert!(world.gateways(agent).await.is_empty());
    world.silence(false);
    let operator = world.operator().await;
    let done = world.done(job).await;
    assert_eq!(done.attempts, 2);
    world.gateway(agent).await;
    operator.stop().await;
}

#[tokio::test]
async fn jobs_of_one_customer_never_overlap_and_those_of_others_do() {
    let world = World::new().await;
    let operator = world.operator().await;
    let customer = world.customer().await;
    let mut ordered = Vec::new();
    for _ in 0..4 {
        let agent = world.agent(customer).await;
        ordered.push(world.order(agent, Instruction::Provision).await);
    }
    let mut spans = Vec::new();
    for job in ordered {
        let view = world.done(job).await;
        spans.push((view.steps[0].started_at, view.finished_at.unwrap()));
    }
    spans.sort();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
    operator.stop().await;
}

#[tokio::test]
async fn a_restart_of_postgres_in_the_middle_of_a_job_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = Postgres::in_folder(folder.path(), None).await.unwrap();
    let world = World::on(postgres.database().await.unwrap()).await;
    world.silence(true);
    let operator = world.operator().await;
    let agent = world.agent(world.customer().await).await;
    let job = world.order(agent, Instruction::Provision).await;
    until("it waits for an answer", async || {
        world.job(job).await.steps.iter().any(|step| step.name == "answering").then_some(())
    })
    .await;
    postgres.stop().await.unwrap();
    postgres.start().await.unwrap();
    world.silence(false);
    world.done(job).await;
    assert_eq!(world.state(agent).await, AgentState::Live);
    world.gateway(agent).await;
    operator.stop().await;
    postgres.stop().await.unwrap();
}
