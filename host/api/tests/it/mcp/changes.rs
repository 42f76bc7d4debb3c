//! Clients that listen are told when the tools change.

use openclaw_platform::tokens;
use rmcp::model::{ServerNotification, SubscriptionFilter};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{modern, session};
use crate::app::{Agent, Request, TestApp, eventually, second_release};

async fn hello(app: &TestApp) -> Agent {
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    app.agent(&owner, "hello").await
}

fn stream<'a>(app: &'a TestApp, agent: &Agent) -> Request<'a> {
    app.get("/mcp").bearer(&agent.token).header("accept", "text/event-stream")
}

/// The next message of a stream; none once it ends.
async fn next(stream: &mut reqwest::Response) -> Option<Value> {
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&chunk));
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data:")) {
            return serde_json::from_str(data.trim()).ok();
        }
    }
    None
}

#[tokio::test]
async fn whoever_listens_is_told_of_a_new_release_at_every_replica() {
    let app = TestApp::start().await;
    let other = TestApp::on(app.settings.database_url.expose_secret(), &[]).await;
    let agent = hello(&app).await;
    let session = session(&app, &agent).await;
    let mut with_session = stream(&app, &agent).header("mcp-session-id", &session).stream().await;
    let mut without = stream(&other, &agent).stream().await;
    let client = modern(&other, &agent).await;
    let filter = SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().build();
    let mut subscription = client.listen(filter).await.unwrap();

    second_release(&app, agent.id).await;
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    assert_eq!(next(&mut with_session).await, Some(changed.clone()));
    assert_eq!(next(&mut without).await, Some(changed));
    let told = subscription.next().await.unwrap();
    assert!(matches!(told, Some(ServerNotification::ToolListChangedNotification(_))), "{told:?}");
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 1);
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let app = TestApp::start().await;
    let agent = hello(&app).await;
    let mut listening = stream(&app, &agent).stream().await;
    tokens::close(&mut app.db.acquire().await.unwrap(), agent.id).await.unwrap();
    assert_eq!(next(&mut listening).await, None);
}

#[tokio::test]
async fn an_agents_clients_have_so_many_streams_and_no_more() {
    let app = TestApp::start().await;
    let agent = hello(&app).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let stream = stream(&app, &agent).stream().await;
        assert_eq!(stream.status(), 200);
        open.push(stream);
    }
    assert_eq!(stream(&app, &agent).send().await.problem(), (429, "too-many-requests", None));
    open.pop();
    assert!(eventually(async || stream(&app, &agent).stream().await.status() == 200).await);
}

#[tokio::test]
async fn the_stream_is_for_those_who_take_events_and_have_sessions() {
    let app = TestApp::start().await;
    let agent = hello(&app).await;
    let json = app.get("/mcp").bearer(&agent.token).header("accept", "application/json").send().await;
    assert_eq!(json.problem(), (406, "not-acceptable", None));
    let modern = stream(&app, &agent).header("mcp-protocol-version", "2026-07-28").send().await;
    assert_eq!(modern.problem(), (405, "method-not-allowed", None));
    assert_eq!(app.get("/mcp").send().await.problem(), (401, "invalid-token", None));
}
