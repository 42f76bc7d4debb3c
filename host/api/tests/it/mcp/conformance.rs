//! MCP's own conformance suite, and another's client, against tools in real sandboxes. They run in Node and are installed
//! by `cargo xtask test --all`.

use std::{path::Path, process::Stdio};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::header;
use openclaw_platform::{AgentId, Digest};
use openclaw_testkit::components;
use serde_json::Value;
use sqlx::PgPool;
use tokio::{net::TcpListener, process::Command};

use super::{kept, measured};
use crate::app::{Agent, TestApp};

/// The protocol's newest version with sessions, and the one without.
const WITH_SESSIONS: &str = "2025-11-25";
const WITHOUT: &str = "2026-07-28";
const BOTH: &[&str] = &[WITH_SESSIONS, WITHOUT];

/// The scenarios that a server of tools is tested on, with the versions that have them.
const SCENARIOS: &[(&str, &[&str])] = &[
    ("server-initialize", &[WITH_SESSIONS]),
    ("server-session-lifecycle", &[WITH_SESSIONS]),
    ("server-stateless", &[WITHOUT]),
    ("ping", &[WITH_SESSIONS]),
    ("tools-list", BOTH),
    ("tools-call-simple-text", BOTH),
    ("tools-call-image", BOTH),
    ("tools-call-error", BOTH),
    ("tools-call-with-progress", BOTH),
    ("json-schema-2020-12", BOTH),
    ("server-sse-multiple-streams", BOTH),
    ("caching", &[WITHOUT]),
    ("http-header-validation", &[WITHOUT]),
    ("http-custom-header-server-validation", &[WITHOUT]),
];

/// Scenarios of what this server does not offer, by their beginnings.
const NOT_OFFERED: &[(&str, &str)] = &[
    ("logging-set-level", "what niches log is the operator's, never a client's"),
    ("tools-call-with-logging", "what niches log is the operator's, never a client's"),
    ("completion-complete", "tools' arguments are not completed"),
    ("tools-call-audio", "tools give texts and pictures"),
    ("tools-call-embedded-resource", "tools give texts and pictures"),
    ("tools-call-mixed-content", "tools give texts and pictures"),
    ("tools-call-sampling", "tools ask the client for nothing"),
    ("tools-call-elicitation", "tools ask the client for nothing"),
    ("elicitation-", "tools ask the client for nothing"),
    ("input-required-", "tools ask the client for nothing"),
    ("server-sse-polling", "a call ends with its connection, so there is nothing to come back for"),
    ("resources-", "there are no resources"),
    ("sep-2164-resource-not-found", "there are no resources"),
    ("prompts-", "there are no prompts"),
    ("sep-2640-skills-", "there are no skills"),
    ("tasks-", "a call is answered within seconds: there are no tasks"),
    ("dns-rebinding-protection", "is for servers without authentication, as it says itself; ours wants a token"),
];

/// Checks of what this server does not offer, within scenarios that it is tested on.
const NOT_CHECKED: &[(&str, &str)] = &[
    ("sep-2575-server-rejects-undeclared-capability", "no tool needs a capability of the client's"),
    ("sep-2575-missing-capability-http-400", "no tool needs a capability of the client's"),
    ("sep-2549-prompts-list-caching-hints", "there are no prompts"),
    ("sep-2549-resources-list-caching-hints", "there are no resources"),
    ("sep-2549-resources-templates-list-caching-hints", "there are no resources"),
];

/// Runs a program that was installed, and gives what it said.
async fn node(script: &str, arguments: &[&str]) -> String {
    let folder = components::target().join("mcp-clients/node_modules");
    let mut command = Command::new(folder.join("node/bin/node"));
    command.arg(folder.join(script)).args(arguments).stdin(Stdio::null());
    let output = command.output().await.unwrap_or_else(|error| {
        panic!("{}: {error}. Install the clients first: cargo xtask test --all", folder.display())
    });
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What stands between the suite and the API.
#[derive(Clone)]
struct Between {
    url: String,
    token: String,
    db: PgPool,
    agent: AgentId,
    releases: [Digest; 2],
}

/// Adds the agent's token, which the suite cannot send; and when the suite calls the tool that shall change the list of
/// tools, gives the agent another release, as a roll-out does.
async fn between(app: &TestApp, agent: &Agent) -> String {
    let first = components::bytes("conformance");
    let second = components::with_text(first.clone(), "test_streaming_elicitation", "test_streaming_elicitatiom");
    let releases = [Digest::of(&first), Digest::of(&second)];
    assert!(app.upload(second).await.status.is_success());
    let state =
        Between { url: app.url.clone(), token: agent.token.clone(), db: app.db.clone(), agent: agent.id, releases };
    let router = Router::new().fallback(pass_on).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn pass_on(State(state): State<Between>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    if parts.headers.get("mcp-name").is_some_and(|name| name == "test_trigger_tool_change") {
        let other = "UPDATE agents SET digest = CASE digest WHEN $2 THEN $3 ELSE $2 END WHERE id = $1";
        let [first, second] = state.releases.map(|release| release.0.to_vec());
        sqlx::query(other).bind(state.agent.0).bind(first).bind(second).execute(&state.db).await.unwrap();
    }
    parts.headers.remove(header::HOST);
    parts.headers.insert(header::AUTHORIZATION, format!("Bearer {}", state.token).parse().unwrap());
    let asked = openclaw_platform::http::client().request(parts.method, format!("{}{}", state.url, parts.uri.path()));
    let answer: http::Response<reqwest::Body> = asked.headers(parts.headers).body(body).send().await.unwrap().into();
    answer.map(Body::new)
}

/// What a scenario found: each check with its status and, if it is not well, why.
fn checks(folder: &Path) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(file) = std::fs::read(entry.unwrap().path().join("checks.json")) else { continue };
        let list: Vec<Value> = serde_json::from_slice(&file).unwrap();
        let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
        found.extend(list.iter().map(|check| (text(check, "id"), text(check, "status"), text(check, "errorMessage"))));
    }
    found
}

#[tokio::test]
#[ignore = "long: cargo xtask test --all"]
async fn the_official_suite_passes_for_what_a_server_of_tools_is_tested_on() {
    const SUITE: &str = "@modelcontextprotocol/conformance/dist/index.js";
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let url = between(&app, &agent).await;

    let listed = node(SUITE, &["list", "--server"]).await;
    let names = listed.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(' ').next());
    let undecided: Vec<_> = names
        .filter(|name| !SCENARIOS.iter().any(|(known, _)| name == known))
        .filter(|name| !NOT_OFFERED.iter().any(|(beginning, _)| name.starts_with(beginning)))
        .collect();
    assert!(undecided.is_empty() && listed.contains("tools-list"), "{undecided:?} {listed}");

    let mut failed = Vec::new();
    for (scenario, versions) in SCENARIOS {
        for version in *versions {
            let results = tempfile::tempdir().unwrap();
            let into = results.path().to_str().unwrap();
            let arguments =
                ["server", "--url", &url, "--scenario", scenario, "--spec-version", version, "--output-dir", into];
            let said = node(SUITE, &arguments).await;
            let checks = checks(results.path());
            assert!(!checks.is_empty(), "{scenario} checked nothing: {said}");
            let mut passed = 0;
            for (id, status, why) in checks {
                match status.as_str() {
                    "SUCCESS" => passed += 1,
                    "INFO" | "SKIPPED" => println!("{scenario} {version}: {status} {id} {why}"),
                    _ if NOT_CHECKED.iter().any(|(known, _)| *known == id) => {
                        println!("{scenario} {version}: not offered {id}");
                    }
                    _ => failed.push(format!("{scenario} {version}: {status} {id}: {why}")),
                }
            }
            println!("{scenario} {version}: {passed} passed");
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
#[ignore = "long: cargo xtask test --all"]
async fn mcporter_lists_and_calls_the_tools() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let (url, token) = (format!("{}/mcp", app.url), format!("Authorization=Bearer {}", agent.token));
    let server = ["--http-url", &url, "--allow-http", "--header", &token, "--name", "niche", "--no-oauth"];
    let mcporter = async |arguments: &[&str]| node("mcporter/dist/cli.js", &[arguments, &server].concat()).await;

    let listed = mcporter(&["list", "--schema"]).await;
    assert!(listed.contains("test_simple_text") && listed.contains("keep_and_break_promise"), "{listed}");
    let said = mcporter(&["call", "niche.test_simple_text", "--output", "text"]).await;
    assert_eq!(said.trim(), "This is a simple text response for testing.");
    let said = mcporter(&["call", "niche.keep", "n=42", "--output", "json"]).await;
    assert!(said.contains("42"), "{said}");
    assert_eq!(kept(&app, &agent).await, r#"{"n":42}"#);
    let refused = mcporter(&["call", "niche.keep", "n=100", "--output", "text"]).await;
    assert!(refused.contains("greater than the maximum of 99"), "{refused}");
}
