//! A call that nobody waits for any more ends as if it had never begun, and a long one says that it is under way.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{kept, measured, message, outcomes, session};
use crate::app::{Agent, Request, TestApp, eventually};

/// A call that takes seconds, and asks to hear of its progress.
pub(super) fn long_call(tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": "p" } });
    json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params })
}

/// Sends the call, and returns when it says that it is under way.
pub(super) async fn under_way(request: Request<'_>) -> reqwest::Response {
    let mut answer = request.stream().await;
    let first = answer.chunk().await.unwrap().unwrap();
    let first = String::from_utf8_lossy(&first);
    assert!(first.contains("notifications/progress") && first.contains(r#""progressToken":"p""#), "{first}");
    answer
}

async fn cancel(app: &TestApp, agent: &Agent, session: Option<&str>) {
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let mut request = message(app, agent, &cancelled);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    assert_eq!(request.send().await.status, 202);
}

#[tokio::test]
async fn a_cancelled_call_ends_at_once_and_keeps_nothing_whichever_replica_is_told() {
    let app = TestApp::start().await;
    let other = TestApp::on(app.settings.database_url.expose_secret(), &[]).await;
    let agent = measured(&app).await;
    let session = session(&app, &agent).await;
    for (told, count) in [(&app, 1), (&other, 2)] {
        let request = message(&app, &agent, &long_call("keep_slowly", json!({ "n": 1 })));
        let answer = under_way(request.header("mcp-session-id", &session)).await;
        cancel(told, &agent, Some(&session)).await;
        // The tool itself would take eight seconds.
        assert!(eventually(async || outcomes(&app, &agent, "keep_slowly").await.len() == count).await);
        assert!(answer.text().await.unwrap().contains("cancelled"));
    }
    assert_eq!(outcomes(&app, &agent, "keep_slowly").await, ["cancelled"; 2]);
    assert_eq!(kept(&app, &agent).await, "Ok(None)");
}

#[tokio::test]
async fn a_call_whose_client_hung_up_ends_and_keeps_nothing() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let mut request = long_call("keep_slowly", json!({ "n": 1 }));
    drop(under_way(message(&app, &agent, &request)).await);
    assert!(eventually(async || outcomes(&app, &agent, "keep_slowly").await == ["cancelled"]).await);
    // The version without sessions knows no other way.
    let meta = &mut request["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "keep_slowly")];
    let modern =
        headers.iter().fold(message(&app, &agent, &request), |request, (name, value)| request.header(name, value));
    drop(under_way(modern).await);
    assert!(eventually(async || outcomes(&app, &agent, "keep_slowly").await == ["cancelled"; 2]).await);
    assert_eq!(kept(&app, &agent).await, "Ok(None)");
}

#[tokio::test]
async fn nobody_cancels_anothers_call_and_a_long_one_says_every_second_that_it_is_under_way() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let (mine, theirs) = (session(&app, &agent).await, session(&app, &agent).await);
    let request = message(&app, &agent, &long_call("test_tool_with_progress", json!({})));
    let answer = under_way(request.header("mcp-session-id", &mine)).await;
    cancel(&app, &agent, Some(&theirs)).await;
    cancel(&app, &agent, None).await;
    let rest = answer.text().await.unwrap();
    assert!(rest.contains("Done."), "{rest}");
    // The first was read already.
    assert_eq!(rest.matches("notifications/progress").count(), 2, "{rest}");
    assert_eq!(outcomes(&app, &agent, "test_tool_with_progress").await, ["ok"]);
}
