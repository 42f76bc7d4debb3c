//! A release on its way to agents: to a share, to everybody, and back.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use openclaw_platform::{
    AgentId, Digest, jobs,
    tool_calls::{Fault, Took},
};
use openclaw_testkit::postgres::Postgres;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::app::{ADMIN, Agent, TestApp, eventually};

/// Agents of the niche on this release.
async fn on(app: &TestApp, digest: &str) -> BTreeSet<uuid::Uuid> {
    let digest: Digest = digest.parse().unwrap();
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM agents WHERE digest = $1 AND state <> 'destroyed'")
        .bind(digest.0.as_slice())
        .fetch_all(&app.db)
        .await
        .unwrap();
    ids.into_iter().collect()
}

/// So many more live agents like this one.
async fn many(app: &TestApp, agent: &Agent, count: i32) {
    sqlx::query(
        "INSERT INTO agents (id, customer_id, niche, digest, tier, model, locale, state)
         SELECT gen_random_uuid(), customer_id, niche, digest, tier, model, locale, 'live'
         FROM agents, generate_series(1, $2) WHERE id = $1",
    )
    .bind(agent.id.0)
    .bind(count)
    .execute(&app.db)
    .await
    .unwrap();
}

async fn hello(app: &TestApp) -> (Agent, String) {
    let old = app.install("hello").await["digest"].as_str().unwrap().to_owned();
    let owner = app.customer("owner@example.com").await;
    (app.agent(&owner, "hello").await, old)
}

async fn call(app: &TestApp, agent: &Agent) -> Value {
    let params = json!({ "name": "greet", "arguments": { "name": "Ana" } });
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    app.request(Method::POST, "/mcp")
        .bearer(&agent.token)
        .header("accept", "application/json, text/event-stream")
        .json(&request)
        .send()
        .await
        .ok()
}

/// So many calls of `digest` that took `micros` and ended with `fault`.
async fn called(app: &TestApp, agent: AgentId, digest: &str, count: usize, micros: i64, fault: Option<Fault>) {
    for _ in 0..count {
        app.called(agent, digest, micros, fault, Took { cpu_micros: 5, ..Took::default() }).await;
    }
}

#[tokio::test]
async fn a_share_of_the_agents_moves_there_and_back_and_is_always_the_same() {
    let app = TestApp::start().await;
    let (agent, old) = hello(&app).await;
    many(&app, &agent, 1199).await;
    let new = app.approved("hello", "new").await;
    let begun = app.step(&new, "roll-out", json!({ "share": 25 })).await.ok();
    assert_eq!(
        (&begun["state"], &begun["share"], &begun["old"]["digest"]),
        (&json!("running"), &json!(25), &json!(old))
    );
    let quarter = on(&app, &new).await;
    assert!((200..400).contains(&quarter.len()), "{}", quarter.len());
    let updates: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'update' AND state = 'queued'")
        .fetch_one(&app.db)
        .await
        .unwrap();
    assert_eq!(updates as usize, quarter.len(), "each that moved is rendered anew, and nobody else");

    app.step(&new, "roll-out", json!({ "share": 60 })).await.ok();
    let most = on(&app, &new).await;
    assert!(most.is_superset(&quarter) && (600..840).contains(&most.len()), "{}", most.len());
    app.step(&new, "roll-out", json!({ "share": 25 })).await.ok();
    assert_eq!(on(&app, &new).await, quarter);

    // Agents that are made meanwhile get what their place says.
    let owner = app.customer("another@example.com").await;
    for _ in 0..12 {
        let made = app.agent(&owner, "hello").await;
        let (place, has): (i32, Vec<u8>) =
            sqlx::query_as("SELECT roll_out_place(id, $2), digest FROM agents WHERE id = $1")
                .bind(made.id.0)
                .bind(new.parse::<Digest>().unwrap().0.as_slice())
                .fetch_one(&app.db)
                .await
                .unwrap();
        let has = Digest::try_from(has).unwrap().to_string();
        assert_eq!(has, if place < 25 { new.clone() } else { old.clone() });
    }

    let other = app.approved("hello", "other").await;
    assert_eq!(app.step(&other, "roll-out", json!({ "share": 5 })).await.problem(), (409, "wrong-state", None));
    let back = app.step(&new, "roll-back", json!({ "reason": "people complain" })).await.ok();
    assert_eq!((&back["state"], &back["reason"]), (&json!("rolled-back"), &json!("people complain")));
    assert!(on(&app, &new).await.is_empty());

    // Again, to everybody, and back from there.
    app.step(&new, "roll-out", json!({ "share": 1 })).await.ok();
    let complete = app.step(&new, "complete", json!({})).await.ok();
    assert_eq!((&complete["state"], &complete["share"]), (&json!("complete"), &json!(100)));
    assert_eq!(on(&app, &new).await.len(), 1212);
    assert_eq!(app.admin(&format!("releases/{old}")).await["state"], "retired");
    app.step(&new, "roll-back", json!({ "reason": "after all" })).await.ok();
    assert_eq!(on(&app, &old).await.len(), 1212);
    assert_eq!(app.admin("registry/hello").await["active"]["digest"], json!(old));
}

#[tokio::test]
async fn what_is_completed_at_one_replica_is_called_at_the_other_within_a_second() {
    let app = TestApp::start().await;
    let other = TestApp::on(app.settings.database_url.expose_secret(), &[]).await;
    let (agent, _) = hello(&app).await;
    let new = app.approved("hello", "new").await;
    // The other one knows the agent with its old release.
    call(&other, &agent).await;
    app.step(&new, "complete", json!({})).await.ok();
    let completed = Instant::now();
    let digest: Digest = new.parse().unwrap();
    let serves = eventually(async || {
        call(&other, &agent).await;
        let last: Vec<u8> =
            sqlx::query_scalar("SELECT digest FROM tool_calls ORDER BY called_at DESC, id DESC LIMIT 1")
                .fetch_one(&app.db)
                .await
                .unwrap();
        last == digest.0
    });
    assert!(serves.await);
    assert!(completed.elapsed() < Duration::from_secs(1), "after {:?}", completed.elapsed());
}

#[tokio::test]
async fn a_release_that_traps_more_is_taken_back_by_itself_with_the_reason() {
    let app = TestApp::with(&[("roll_out_min_calls", "20")]).await;
    let (agent, old) = hello(&app).await;
    let new = app.approved("hello", "new").await;
    app.step(&new, "roll-out", json!({ "share": 100 })).await.ok();
    called(&app, agent.id, &old, 30, 1_000, None).await;
    called(&app, agent.id, &new, 19, 1_000, None).await;
    let figures = app.admin(&format!("releases/{new}/figures")).await;
    assert_eq!(
        (&figures["verdict"], &figures["new"]["calls"], &figures["old"]["calls"]),
        (&json!("too-early"), &json!(19), &json!(30))
    );
    assert_eq!(figures["new"]["p95_ms"], 1.0);
    assert_eq!(figures["new"]["series"].as_array().unwrap().len(), figures["old"]["series"].as_array().unwrap().len());

    called(&app, agent.id, &new, 5, 1_000, Some(Fault::Trap)).await;
    let page = format!("releases/{new}");
    assert!(eventually(async || app.admin(&page).await["roll_out"]["state"] == "rolled-back").await);
    let page = app.admin(&page).await;
    let reason = page["roll_out"]["reason"].as_str().unwrap();
    assert!(reason.contains("of 24 calls trapped"), "{reason}");
    assert_eq!((&page["roll_out"]["ended_by"], &page["state"]), (&json!("platform"), &json!("approved")));
    assert_eq!(on(&app, &old).await.len(), 1);
    let trail = app.admin("audit?niche=hello").await;
    assert_eq!((&trail["items"][0]["action"], &trail["items"][0]["who"]), (&json!("roll-back"), &json!("platform")));
    assert_eq!(trail["items"][0]["reason"], page["roll_out"]["reason"]);
    let worse = json!([
        { "what": "traps", "now": 500.0 / 24.0, "of": 24, "before": 0.0, "before_of": 30, "allowed": 2.0 }
    ]);
    assert_eq!((&page["roll_out"]["worse"], &trail["items"][0]["details"]["worse"]), (&worse, &worse));
}

#[tokio::test]
async fn a_customer_that_calls_too_often_or_a_platform_that_fails_says_nothing_of_the_release() {
    let app = TestApp::with(&[("roll_out_min_calls", "20"), ("plugin_customer_calls_per_minute", "1")]).await;
    let (agent, old) = hello(&app).await;
    let new = app.approved("hello", "new").await;
    app.step(&new, "roll-out", json!({ "share": 100 })).await.ok();
    called(&app, agent.id, &old, 30, 1_000, None).await;
    called(&app, agent.id, &new, 25, 1_000, None).await;
    called(&app, agent.id, &new, 50, 0, Some(Fault::Elsewhere)).await;
    // One of its own, and then those that it may not make.
    for _ in 0..4 {
        call(&app, &agent).await;
    }
    let refused: i64 = sqlx::query_scalar("SELECT count(*) FROM tool_calls WHERE outcome = 'rate-limited'")
        .fetch_one(&app.db)
        .await
        .unwrap();
    assert_eq!(refused, 3);
    // A bound of traffic is no wish, and an address that is not public is not the release's.
    for _ in 0..25 {
        app.called(agent.id, &new, 1_000, None, Took { refusals: 3, ..Took::default() }).await;
    }
    let figures = app.admin(&format!("releases/{new}/figures")).await;
    assert_eq!((&figures["verdict"], &figures["new"]["calls"]), (&json!("fine"), &json!(51)), "{figures}");
    assert_eq!((&figures["new"]["errors"], &figures["new"]["refusals"]), (&json!(0), &json!(0)));
    assert_eq!(figures["new"]["p50_ms"], 1.0);

    for _ in 0..10 {
        app.called(agent.id, &new, 1_000, None, Took { refusals: 1, ungranted: 1, ..Took::default() }).await;
    }
    let page = format!("releases/{new}");
    assert!(eventually(async || app.admin(&page).await["roll_out"]["state"] == "rolled-back").await);
}

#[tokio::test]
async fn a_release_that_agents_cannot_be_brought_to_is_taken_back_before_anybody_calls_it() {
    let app = TestApp::start().await;
    let (agent, old) = hello(&app).await;
    many(&app, &agent, 39).await;
    let new = app.approved("hello", "new").await;
    app.step(&new, "roll-out", json!({ "share": 100 })).await.ok();
    assert_eq!(on(&app, &new).await.len(), 40);
    // What the operator does with an update that it cannot do: three are more than one in twenty, two are not.
    let give_up = async |count: i64| {
        let failed = "UPDATE jobs SET state = 'failed', error = 'the prompt', finished_at = now() WHERE id IN (
                          SELECT id FROM jobs WHERE kind = 'update' AND state = 'queued' ORDER BY id LIMIT $1)";
        sqlx::query(failed).bind(count).execute(&app.db).await.unwrap();
    };
    give_up(2).await;
    let figures = app.admin(&format!("releases/{new}/figures")).await;
    assert_eq!((&figures["verdict"], &figures["new"]["updates"]), (&json!("too-early"), &json!(40)));
    assert_eq!((&figures["new"]["failed_updates"], &figures["old"]["updates"]), (&json!(2), &json!(0)));
    give_up(1).await;
    let page = format!("releases/{new}");
    assert!(eventually(async || app.admin(&page).await["roll_out"]["state"] == "rolled-back").await);
    let page = app.admin(&page).await;
    let reason = page["roll_out"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("7.5 % of 40 agents could not be brought to it"), "{reason}");
    assert_eq!(page["roll_out"]["ended_by"], "platform");
    assert_eq!(on(&app, &old).await.len(), 40);
    // The way back is updates of the old release, and none of the new one's.
    let figures = app.admin(&format!("releases/{new}/figures")).await;
    assert_eq!((&figures["new"]["updates"], &figures["new"]["failed_updates"]), (&json!(40), &json!(3)));
}

#[tokio::test]
async fn postgres_away_in_the_middle_of_a_roll_out_leaves_nothing_half_done() {
    let mut postgres = Postgres::temporary().await.unwrap();
    let database = postgres.database().await.unwrap();
    let app = TestApp::on(&database.url, &[]).await;
    let (agent, old) = hello(&app).await;
    many(&app, &agent, 1500).await;
    let new = app.approved("hello", "new").await;
    // Someone holds the last agent: the roll-out has moved most of the others and waits in the middle.
    let mut holder = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM agents ORDER BY id DESC LIMIT 1 FOR UPDATE").execute(&mut *holder).await.unwrap();
    let rolling = app.step(&new, "complete", json!({}));
    let trouble = async {
        let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE agents%')";
        let waits = async || sqlx::query_scalar::<_, bool>(waits).fetch_one(&database.pool).await.unwrap();
        assert!(eventually(waits).await, "the roll-out waits in the middle");
        postgres.stop().await.unwrap();
    };
    let (refused, ()) = tokio::join!(rolling, trouble);
    assert_eq!(refused.problem(), (503, "database-away", None));
    drop(holder);
    postgres.start().await.unwrap();
    assert!(eventually(async || app.get("/v1/admin/releases").bearer(ADMIN).send().await.status == 200).await);
    assert_eq!((on(&app, &old).await.len(), on(&app, &new).await.len()), (1501, 0));
    assert_eq!(jobs::unsettled(&app.db, "update").await.unwrap(), 0);
    assert_eq!(app.admin(&format!("releases/{new}")).await["state"], "approved");

    app.step(&new, "complete", json!({})).await.ok();
    assert_eq!(on(&app, &new).await.len(), 1501);
    postgres.stop().await.unwrap();
}
