//! A conversation ends with the release that it began with.

use openclaw_platform::Digest;
use serde_json::{Value, json};

use super::ask;
use crate::app::{Agent, TestApp, eventually, second_release};

const RELEASE: &str = "dev.openclaw/release";

/// What is said to Ana by the release that `named` names, or else by the agent's own; and which that is.
async fn greet(app: &TestApp, agent: &Agent, named: Option<&str>) -> (String, String) {
    let mut params = json!({ "name": "greet", "arguments": { "name": "Ana" } });
    if let Some(named) = named {
        params["_meta"] = json!({ RELEASE: named });
    }
    let result = ask(app, agent, "tools/call", params).await.ok()["result"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&result["content"][0]["text"]), text(&result["_meta"][RELEASE]))
}

async fn listed(app: &TestApp, agent: &Agent, named: Option<&str>) -> String {
    let params = named.map_or_else(|| json!({}), |named| json!({ "_meta": { RELEASE: named } }));
    ask(app, agent, "tools/list", params).await.ok()["result"]["_meta"][RELEASE].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn calls_that_go_by_a_list_are_served_by_its_release_until_its_time_is_over() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let first = listed(&app, &agent, None).await;
    assert_eq!(greet(&app, &agent, Some(&first)).await, ("Olá, Ana!".into(), first.clone()));

    let second = second_release(&app, agent.id).await.to_string();
    assert!(eventually(async || greet(&app, &agent, None).await == ("Oba!, Ana!".into(), second.clone())).await);
    // The loop that began with the first goes on with it, and learns that there is another.
    assert_eq!(greet(&app, &agent, Some(&first)).await, ("Olá, Ana!".into(), second.clone()));
    assert_eq!(listed(&app, &agent, Some(&first)).await, first);
    assert_eq!(listed(&app, &agent, None).await, second);
    assert_eq!(greet(&app, &agent, Some(&second)).await.0, "Oba!, Ana!");
    // What an agent never had is not to be had by naming it.
    let other = Digest::of(b"another").to_string();
    assert_eq!(greet(&app, &agent, Some(&other)).await.0, "Oba!, Ana!");

    sqlx::query("UPDATE agents SET digest_changed_at = now() - interval '16 minutes'").execute(&app.db).await.unwrap();
    assert!(eventually(async || greet(&app, &agent, Some(&first)).await.0 == "Oba!, Ana!").await);
}
