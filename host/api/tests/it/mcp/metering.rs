//! What calls took: a row a day for each customer, niche, release and tool, and metrics that name no customer.

use openclaw_platform::{
    Digest, telemetry,
    tool_calls::{Fault, Took},
};
use serde_json::json;

use super::{call, measured};
use crate::app::{Customer, TestApp};

/// A row of what a tool took.
#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Used {
    tool: String,
    calls: i64,
    failures: i64,
    cpu_micros: i64,
    peak_memory_bytes: i64,
    requests: i64,
    egress_bytes: i64,
    ingress_bytes: i64,
    storage_bytes: i64,
    refusals: i64,
}

/// Today's rows of `customer` and `release`, by tool.
async fn used(app: &TestApp, customer: &Customer, niche: &str, release: &str) -> Vec<Used> {
    let release: Digest = release.parse().unwrap();
    sqlx::query_as(
        "SELECT * FROM plugin_usage
         WHERE day = (now() AT TIME ZONE 'UTC')::date AND customer_id = $1 AND niche = $2 AND digest = $3 ORDER BY tool",
    )
    .bind(customer.id.0)
    .bind(niche)
    .bind(release.0.as_slice())
    .fetch_all(&app.db)
    .await
    .unwrap()
}

/// The tests' niche as a release that no other test of this process has: its metrics are this test's own.
async fn release(app: &TestApp, mark: &str) -> String {
    telemetry::start(false);
    let digest = app.approved("conformance", mark).await;
    app.step(&digest, "complete", json!({})).await.ok();
    digest
}

/// What the API's metrics have under `name` for `tool` of `release`, all outcomes together; none if nothing was counted.
async fn metric(app: &TestApp, name: &str, release: &str, tool: &str) -> Option<f64> {
    let metrics = app.get("/metrics").send().await.ok();
    let (release, tool) = (format!("release=\"{}\"", &release[..19]), format!("tool=\"{tool}\""));
    let of_tool = metrics.as_str().unwrap().lines().filter(|line| {
        line.starts_with(&format!("{name}{{niche=\"conformance\"")) && line.contains(&release) && line.contains(&tool)
    });
    of_tool.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).reduce(|a, b| a + b)
}

#[tokio::test]
async fn each_customers_calls_are_rows_of_their_own_and_the_metrics_name_none_of_them() {
    let app = TestApp::start().await;
    let digest = release(&app, "metered").await;
    let (ana, rui) = (app.customer("ana@example.com").await, app.customer("rui@example.com").await);
    let (of_ana, of_rui) = (app.agent(&ana, "conformance").await, app.agent(&rui, "conformance").await);
    for n in [7, 8, 100] {
        call(&app, &of_ana, "keep", json!({ "n": n })).await;
    }
    call(&app, &of_ana, "test_error_handling", json!({})).await;
    call(&app, &of_rui, "keep", json!({ "n": 9 })).await;

    let rows = used(&app, &ana, "conformance", &digest).await;
    let (keep, failing) = (&rows[0], &rows[1]);
    assert_eq!((keep.tool.as_str(), keep.calls, keep.failures, keep.refusals), ("keep", 3, 1, 0));
    assert_eq!((failing.tool.as_str(), failing.calls, failing.failures), ("test_error_handling", 1, 1));
    assert!(keep.cpu_micros > 0 && keep.peak_memory_bytes >= 1 << 16 && keep.storage_bytes > 0, "{keep:?}");
    assert!(failing.cpu_micros > 0 && failing.peak_memory_bytes >= 1 << 16, "a call that fails took what it took");
    assert_eq!((failing.storage_bytes, keep.requests, keep.egress_bytes, keep.ingress_bytes), (0, 0, 0, 0));
    let other = used(&app, &rui, "conformance", &digest).await;
    assert_eq!((other.len(), other[0].calls, other[0].failures), (1, 1, 0));

    let of_keep = async |name: &str| metric(&app, name, &digest, "keep").await;
    assert_eq!(of_keep("niche_tool_calls_total").await, Some(4.0));
    let cpu = (keep.cpu_micros + other[0].cpu_micros) as f64;
    assert_eq!(of_keep("niche_tool_cpu_microseconds_total").await, Some(cpu));
    assert_eq!(of_keep("niche_tool_memory_bytes_count").await, Some(3.0), "one never had any");
    assert_eq!(of_keep("niche_tool_storage_bytes_count").await, Some(3.0));
    for name in ["requests", "egress_bytes", "ingress_bytes", "refusals"] {
        assert_eq!(of_keep(&format!("niche_tool_{name}_total")).await, Some(0.0));
    }
    let metrics = app.get("/metrics").send().await.ok().as_str().unwrap().to_owned();
    for name in [ana.id.to_string(), rui.id.to_string(), of_ana.id.to_string(), of_rui.id.to_string()] {
        assert!(!metrics.contains(&name));
    }
}

#[tokio::test]
async fn what_is_wanted_and_not_granted_is_counted() {
    let app = TestApp::start().await;
    let digest = release(&app, "refused").await;
    let nothing = json!({ "rights": { "hosts": {}, "connections": [], "storage_bytes": 0 } });
    app.step(&digest, "approve", nothing).await.ok();
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "conformance").await;
    call(&app, &agent, "keep", json!({ "n": 7 })).await;
    let rows = used(&app, &owner, "conformance", &digest).await;
    assert!(rows[0].refusals > 0, "{rows:?}");
    assert_eq!(rows[0].storage_bytes, 0);
    let counted = metric(&app, "niche_tool_refusals_total", &digest, "keep").await;
    assert_eq!(counted, Some(rows[0].refusals as f64));
}

#[tokio::test]
async fn a_tool_that_no_release_lists_makes_no_row_and_no_metric_of_its_name() {
    let app = TestApp::start().await;
    telemetry::start(false);
    let agent = measured(&app).await;
    call(&app, &agent, "made_up_by_the_model", json!({})).await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM plugin_usage").fetch_one(&app.db).await.unwrap();
    assert_eq!(rows, 0);
    let metrics = app.get("/metrics").send().await.ok();
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("niche_tool_calls_unserved_total{reason=\"unknown-tool\"}"), "{metrics}");
    assert!(!metrics.contains("made_up_by_the_model"));
}

#[tokio::test]
async fn what_calls_took_is_added_up_and_shown_to_admins() {
    let app = TestApp::start().await;
    let digest = app.install("hello").await["digest"].as_str().unwrap().to_owned();
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let took = Took {
        cpu_micros: 5_000,
        peak_memory_bytes: 7,
        requests: 2,
        egress_bytes: 11,
        ingress_bytes: 17,
        storage_bytes: Some(13),
        refusals: 1,
        ungranted: 0,
    };
    app.called(agent.id, &digest, 1_000, None, took).await;
    let trapped = Took { storage_bytes: None, peak_memory_bytes: 9, ..took };
    app.called(agent.id, &digest, 1_000, Some(Fault::Trap), trapped).await;
    let row = Used {
        tool: "greet".into(),
        calls: 2,
        failures: 1,
        cpu_micros: 10_000,
        peak_memory_bytes: 9,
        requests: 4,
        egress_bytes: 22,
        ingress_bytes: 34,
        storage_bytes: 13,
        refusals: 2,
    };
    assert_eq!(used(&app, &owner, "hello", &digest).await, [row]);
    let page = app.admin(&format!("releases/{digest}")).await;
    let shown = json!([{
        "tool": "greet", "calls": 2, "failures": 1, "cpu_millis": 10, "peak_memory_bytes": 9, "requests": 4,
        "egress_bytes": 22, "ingress_bytes": 34, "storage_bytes": 13, "refusals": 2,
    }]);
    assert_eq!(page["usage"], shown);
}
