//! A niche's tools, as a gateway calls them.

mod cancellation;
mod changes;
mod conformance;
mod limits;
mod metering;
mod pinning;
mod validation;

use openclaw_platform::{releases, tokens, tool_calls};
use openclaw_testkit::components;
use reqwest::Method;
use rmcp::{
    ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{CallToolRequestParams, ClientConfig, ProtocolVersion},
    service::RunningService,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use crate::app::{Agent, Reply, Request, TestApp, eventually};

fn message<'a>(app: &'a TestApp, agent: &Agent, message: &Value) -> Request<'a> {
    app.request(Method::POST, "/mcp")
        .bearer(&agent.token)
        .header("accept", "application/json, text/event-stream")
        .json(message)
}

async fn ask(app: &TestApp, agent: &Agent, method: &str, params: Value) -> Reply {
    message(app, agent, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).send().await
}

/// What a client of a version with sessions says first.
fn greeting() -> Value {
    json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } })
}

/// Begins a session, and gives its name.
async fn session(app: &TestApp, agent: &Agent) -> String {
    ask(app, agent, "initialize", greeting()).await.header("mcp-session-id").to_owned()
}

/// A client of the version without sessions.
async fn modern(app: &TestApp, agent: &Agent) -> RunningService<RoleClient, ClientConfig> {
    let config =
        StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", app.url)).auth_header(agent.token.clone());
    let transport = StreamableHttpClientTransport::with_client(openclaw_platform::http::client(), config);
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await.unwrap()
}

/// An agent of the niche that does what tests ask.
async fn measured(app: &TestApp) -> Agent {
    app.install("conformance").await;
    let owner = app.customer("owner@example.com").await;
    app.agent(&owner, "conformance").await
}

/// The number that `keep` kept, in the niche's words.
async fn kept(app: &TestApp, agent: &Agent) -> String {
    call(app, agent, "kept", json!({})).await["content"][0]["text"].as_str().unwrap().to_owned()
}

/// How the calls of `tool` ended, the oldest first.
async fn outcomes(app: &TestApp, agent: &Agent, tool: &str) -> Vec<String> {
    let calls = tool_calls::since(&app.db, agent.id, time::OffsetDateTime::UNIX_EPOCH, 100).await.unwrap();
    calls.into_iter().filter(|call| call.tool == tool).map(|call| call.outcome).collect()
}

async fn call(app: &TestApp, agent: &Agent, tool: &str, arguments: Value) -> Value {
    let mut answer = ask(app, agent, "tools/call", json!({ "name": tool, "arguments": arguments })).await.ok();
    answer["result"].take()
}

async fn pharmacy(app: &TestApp) -> Agent {
    app.install("pharmacy").await;
    let owner = app.customer("owner@example.com").await;
    app.agent(&owner, "pharmacy").await
}

#[tokio::test]
async fn an_agent_lists_its_tools_and_calls_one_in_its_language() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let greeted = ask(&app, &agent, "initialize", greeting()).await.ok();
    assert_eq!(greeted["result"]["serverInfo"]["name"], "openclaw-cloud");
    assert_eq!(greeted["result"]["capabilities"], json!({ "tools": { "listChanged": true } }));

    let listed = ask(&app, &agent, "tools/list", json!({})).await.ok();
    insta::assert_json_snapshot!(listed["result"]["tools"], @r#"
    [
      {
        "annotations": {
          "destructiveHint": false,
          "idempotentHint": true,
          "openWorldHint": false,
          "readOnlyHint": true,
          "title": "Cumprimentar"
        },
        "description": "Cumprimenta uma pessoa pelo nome.",
        "inputSchema": {
          "properties": {
            "name": {
              "description": "Quem é cumprimentado.",
              "title": "Nome",
              "type": "string"
            }
          },
          "required": [
            "name"
          ],
          "type": "object"
        },
        "name": "greet",
        "title": "Cumprimentar"
      }
    ]
    "#);
    let result = call(&app, &agent, "greet", json!({ "name": "Ana" })).await;
    assert_eq!(result["content"], json!([{ "type": "text", "text": "Olá, Ana!" }]));

    let chat = app.get(&format!("{}/chat", agent.path())).as_customer(&owner).send().await.ok();
    let card = &chat["items"][0];
    assert_eq!(
        (card["tool"].as_str(), card["result"].as_str(), card["outcome"].as_str()),
        (Some("greet"), Some("Olá, Ana!"), Some("ok"))
    );
    assert!(card["micros"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn what_a_tool_refuses_is_its_answer_and_structured_results_come_along() {
    let app = TestApp::start().await;
    let agent = pharmacy(&app).await;
    let result = call(&app, &agent, "check_interactions", json!({ "medicines": ["varfarina", "ibuprofeno"] })).await;
    assert!(result["structuredContent"].is_object(), "{result}");
    assert_eq!(result["isError"], false);
    for (tool, arguments) in [
        ("sell", json!({ "product": "Dipirona", "quantity": 1 })),
        ("check_interactions", json!({ "medicines": "varfarina" })),
    ] {
        let refused = call(&app, &agent, tool, arguments).await;
        assert_eq!(refused["isError"], true, "{tool}");
        assert!(!refused["content"][0]["text"].as_str().unwrap().is_empty(), "{tool}");
    }
}

#[tokio::test]
async fn of_sales_at_once_no_more_succeed_than_there_is_stock_and_each_customer_has_their_own() {
    let app = TestApp::start().await;
    let agent = pharmacy(&app).await;
    let received = json!({ "product": "Dipirona 500 mg", "batch": "L1", "expires": "2099-12", "quantity": 3 });
    let answer = call(&app, &agent, "receive_stock", received).await;
    assert_eq!(answer["isError"], false, "{answer}");

    let sell = || call(&app, &agent, "sell", json!({ "product": "Dipirona 500 mg", "quantity": 1 }));
    let (a, b, c, d, e, f) = tokio::join!(sell(), sell(), sell(), sell(), sell(), sell());
    let sold = [a, b, c, d, e, f].iter().filter(|result| result["isError"] == false).count();
    assert_eq!(sold, 3);

    let other = app.customer("other@example.com").await;
    let other = app.agent(&other, "pharmacy").await;
    let found = call(&app, &other, "find_stock", json!({ "query": "dipirona" })).await;
    assert_eq!(found["structuredContent"]["products"], json!([]), "{found}");
}

#[tokio::test]
async fn an_admin_may_grant_less_than_a_niche_asks_for() {
    let app = TestApp::start().await;
    let agent = pharmacy(&app).await;
    let digest = releases::active(&app.db).await.unwrap()[0].1;
    let less = json!({ "rights": { "hosts": {}, "connections": [], "storage_bytes": 10 } });
    app.step(&digest.to_string(), "approve", less).await.ok();
    let received = json!({ "product": "Dipirona 500 mg", "batch": "L1", "expires": "2099-12", "quantity": 3 });
    assert_eq!(call(&app, &agent, "receive_stock", received).await["isError"], true);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM niche_storage").fetch_one(&app.db).await.unwrap();
    assert_eq!(kept, 0, "a call that fails leaves nothing behind");
}

#[tokio::test]
async fn a_tool_that_breaks_a_limit_is_told_as_an_error_and_harms_no_other() {
    let app = TestApp::with(&[("plugin_cpu_ms", "100")]).await;
    // Its self-test fails: no admin could install it.
    app.keep(&components::bytes("hostile"), "hostile", &releases::nothing()).await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hostile").await;
    let (panicked, looped, fine) = tokio::join!(
        call(&app, &agent, "panic", json!({})),
        call(&app, &agent, "loop", json!({})),
        call(&app, &agent, "count", json!({})),
    );
    assert_eq!((&panicked["isError"], &looped["isError"]), (&json!(true), &json!(true)), "{panicked} {looped}");
    assert_eq!(fine["content"][0]["text"], "0");
    let kept = tool_calls::since(&app.db, agent.id, time::OffsetDateTime::UNIX_EPOCH, 10).await.unwrap();
    let mut outcomes: Vec<_> = kept.iter().map(|call| (call.tool.as_str(), call.outcome.as_str())).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [("count", "ok"), ("loop", "cpu-exceeded"), ("panic", "trapped")]);
}

#[tokio::test]
async fn the_client_that_gateways_use_finds_its_way() {
    use rmcp::ServiceExt as _;
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let config =
        StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", app.url)).auth_header(agent.token.clone());
    let http = openclaw_platform::http::client();
    let client = ().serve(StreamableHttpClientTransport::with_client(http, config)).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>(), ["greet"]);
    let arguments = json!({ "name": "Ana" }).as_object().cloned().unwrap();
    let result = client.call_tool(CallToolRequestParams::new("greet").with_arguments(arguments)).await.unwrap();
    assert_eq!(result.content[0].as_text().unwrap().text, "Olá, Ana!");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn a_closed_or_missing_token_opens_nothing() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    ask(&app, &agent, "tools/list", json!({})).await.ok();
    tokens::close(&mut app.db.acquire().await.unwrap(), agent.id).await.unwrap();
    assert!(eventually(async || ask(&app, &agent, "tools/list", json!({})).await.status == 401).await);
    let refused = ask(&app, &agent, "tools/list", json!({})).await;
    assert_eq!(refused.problem(), (401, "invalid-token", None));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(app.request(Method::POST, "/mcp").send().await.problem(), (401, "invalid-token", None));
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_the_clients_mistake_and_a_page_that_is_not_there_is_the_first() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let unknown = ask(&app, &agent, "tools/call", json!({ "name": "nothing", "arguments": {} })).await.ok();
    assert_eq!(unknown["error"]["code"], -32602);
    assert_eq!(unknown["error"]["message"], "Unknown tool: nothing");
    let listed = ask(&app, &agent, "tools/list", json!({ "cursor": "whatever" })).await.ok();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 14);
    assert!(listed["result"].get("nextCursor").is_none());
}

#[tokio::test]
async fn a_message_that_is_too_large_or_of_a_session_we_did_not_begin_is_refused() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "x": "x".repeat(2 << 20) } });
    assert_eq!(message(&app, &agent, &large).send().await.problem(), (413, "body-too-large", None));
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let foreign = message(&app, &agent, &list).header("mcp-session-id", "of another server").send().await;
    assert_eq!(foreign.problem(), (404, "not-found", None));
    let ours = session(&app, &agent).await;
    message(&app, &agent, &list).header("mcp-session-id", &ours).send().await.ok();
}
