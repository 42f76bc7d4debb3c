//! What gateways keep outside themselves, and what they tell of themselves.

use reqwest::Method;
use serde_json::json;

use crate::app::{Agent, TestApp};

async fn agent(app: &TestApp) -> Agent {
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    app.agent(&owner, "hello").await
}

#[tokio::test]
async fn a_value_changes_only_for_who_has_seen_its_last_version() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let at = |method| app.request(method, "/v1/agent/state/chat.1").bearer(&agent.token);
    assert_eq!(at(Method::GET).send().await.problem(), (404, "not-found", None));
    let first = at(Method::PUT).header("if-none-match", "*").bytes("one").await;
    let (status, first) = (first.status.as_u16(), first.header("etag").to_owned());
    assert_eq!(status, 204);
    assert_eq!(at(Method::PUT).header("if-none-match", "*").bytes("x").await.problem(), (412, "changed", None));
    let second = at(Method::PUT).header("if-match", &first).bytes("two").await.header("etag").to_owned();
    assert_ne!(first, second);
    assert_eq!(at(Method::PUT).header("if-match", &first).bytes("x").await.problem(), (412, "changed", None));
    let read = at(Method::GET).send().await;
    assert_eq!((read.header("etag"), read.body.as_str()), (second.as_str(), Some("two")));
    assert_eq!(at(Method::DELETE).header("if-match", &first).send().await.status, 412);
    assert_eq!(at(Method::DELETE).send().await.status, 204);
    assert_eq!(at(Method::DELETE).send().await.status, 204, "removing what is not there is no error");
    // Whoever saw a value that was removed since does not write over the one that came after it.
    assert_eq!(at(Method::PUT).header("if-none-match", "*").bytes("three").await.status, 204);
    for seen in [&first, &second] {
        assert_eq!(at(Method::PUT).header("if-match", seen).bytes("x").await.problem(), (412, "changed", None));
    }
}

#[tokio::test]
async fn keys_and_sizes_have_bounds_and_agents_their_own_values() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let put = |key: &str| app.request(Method::PUT, &format!("/v1/agent/state/{key}")).bearer(&agent.token);
    assert_eq!(put("a").bytes(vec![0; 1 << 20]).await.status, 204);
    assert_eq!(put("a").bytes(vec![0; (1 << 20) + 1]).await.problem(), (413, "body-too-large", None));
    assert_eq!(put("A%20b").bytes("x").await.problem(), (422, "invalid-key", Some("key")));
    let other = app.customer("other@example.com").await;
    let other = app.agent(&other, "hello").await;
    assert_eq!(app.get("/v1/agent/state/a").bearer(&other.token).send().await.status, 404);
    assert_eq!(app.get("/v1/agent/state/a").send().await.problem(), (401, "invalid-token", None));
}

#[tokio::test]
async fn an_agents_keys_and_bytes_are_bounded() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let put = |key: &str| app.request(Method::PUT, &format!("/v1/agent/state/{key}")).bearer(&agent.token);
    let fill = async |count: i32, bytes: i32| {
        sqlx::query("DELETE FROM agent_state").execute(&app.db).await.unwrap();
        let fill = "INSERT INTO agent_state (agent_id, key, value)
                    SELECT $1, 'k' || n, decode(repeat('00', $3), 'hex') FROM generate_series(1, $2) n";
        sqlx::query(fill).bind(agent.id.0).bind(count).bind(bytes).execute(&app.db).await.unwrap();
    };
    fill(1_000, 1).await;
    assert_eq!(put("k1").bytes("another").await.status, 204, "one that is there may change");
    assert_eq!(put("new").bytes("x").await.problem(), (409, "too-many-keys", None));
    fill(64, 1 << 20).await;
    assert_eq!(put("k1").bytes("less").await.status, 204);
    assert_eq!(put("new").bytes(vec![0; 1 << 20]).await.problem(), (413, "state-full", None));
    assert_eq!(put("new").bytes("x").await.status, 204);
}

#[tokio::test]
async fn a_heartbeat_is_kept() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let beat = json!({ "phase": "ready", "telegram_ok": true, "last_llm_at": null, "error": null });
    assert_eq!(app.post("/v1/agent/heartbeat", beat).bearer(&agent.token).send().await.status, 204);
    assert!(openclaw_platform::agents::heard_since(&app.db, agent.id, None).await.unwrap());
    let wrong = json!({ "phase": "asleep", "telegram_ok": true });
    let refused = app.post("/v1/agent/heartbeat", wrong).bearer(&agent.token).send().await;
    assert_eq!(refused.problem(), (422, "invalid-field", Some("phase")));
}
