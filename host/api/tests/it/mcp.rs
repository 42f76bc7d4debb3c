//! A niche's tools, as a gateway calls them.

use openclaw_platform::{
    releases::{self, NewRelease},
    tokens, tool_calls,
};
use openclaw_testkit::components;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Agent, Reply, TestApp, eventually};

async fn ask(app: &TestApp, agent: &Agent, method: &str, params: Value) -> Reply {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    app.request(Method::POST, "/mcp")
        .bearer(&agent.token)
        .header("accept", "application/json, text/event-stream")
        .json(&request)
        .send()
        .await
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
    let info =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let greeted = ask(&app, &agent, "initialize", info).await.ok();
    assert_eq!(greeted["result"]["serverInfo"]["name"], "openclaw-cloud");

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
        ("nothing", json!({})),
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
    sqlx::query("UPDATE grants SET storage_bytes = 10").execute(&app.db).await.unwrap();
    let received = json!({ "product": "Dipirona 500 mg", "batch": "L1", "expires": "2099-12", "quantity": 3 });
    assert_eq!(call(&app, &agent, "receive_stock", received).await["isError"], true);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM niche_storage").fetch_one(&app.db).await.unwrap();
    assert_eq!(kept, 0, "a call that fails leaves nothing behind");
}

#[tokio::test]
async fn a_tool_that_breaks_a_limit_is_told_as_an_error_and_harms_no_other() {
    let app = TestApp::with(&[("plugin_cpu_ms", "100")]).await;
    // Its self-test fails: no admin could install it.
    let release = NewRelease {
        component: &components::bytes("hostile"),
        niche: "hostile",
        version: "0.1.0",
        exports: &[],
        imports: &[],
        self_test: &[],
        storage_bytes: 0,
        by: "a test",
    };
    releases::install(&app.db, release).await.unwrap();
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
    use rmcp::{
        ServiceExt as _,
        model::CallToolRequestParams,
        transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
    };
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
