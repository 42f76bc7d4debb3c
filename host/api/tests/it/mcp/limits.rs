//! How much one customer may call is a setting, and holds up nobody else.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    call,
    cancellation::{long_call, under_way},
    message, outcomes,
};
use crate::app::{Agent, TestApp};

/// Two customers with an agent each.
async fn two(app: &TestApp) -> [Agent; 2] {
    app.install("conformance").await;
    let (ana, rui) = (app.customer("ana@example.com").await, app.customer("rui@example.com").await);
    [app.agent(&ana, "conformance").await, app.agent(&rui, "conformance").await]
}

#[tokio::test]
async fn calls_a_minute_are_counted_for_each_customer_and_the_model_is_told_when_to_try_again() {
    let app = TestApp::with(&[("plugin_customer_calls_per_minute", "2")]).await;
    let [first, other] = two(&app).await;
    for _ in 0..3 {
        call(&app, &first, "kept", json!({})).await;
    }
    assert_eq!(outcomes(&app, &first, "kept").await, ["ok", "ok", "rate-limited"]);
    let refused = call(&app, &first, "kept", json!({})).await;
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("made 2 calls within a minute; try again in"), "{text}");
    assert_eq!(call(&app, &other, "kept", json!({})).await["isError"], false);
}

#[tokio::test]
async fn a_customer_with_all_its_calls_under_way_waits_as_long_as_is_set_and_others_do_not() {
    let app = TestApp::with(&[("plugin_customer_calls", "1"), ("plugin_queue_ms", "50")]).await;
    let [first, other] = two(&app).await;
    let slow = under_way(message(&app, &first, &long_call("keep_slowly", json!({ "n": 1 })))).await;
    let refused = call(&app, &first, "kept", json!({})).await;
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("already run 1 calls at once"), "{text}");
    assert_eq!(outcomes(&app, &first, "kept").await, ["too-many-calls"]);
    assert_eq!(call(&app, &other, "kept", json!({})).await["isError"], false);
    drop(slow);
}

#[tokio::test]
async fn calls_that_sleep_over_their_storage_leave_a_connection_for_other_customers() {
    let app = TestApp::with(&[("database_connections", "3"), ("plugin_storage_connections", "3")]).await;
    let [first, second] = two(&app).await;
    let other = app.customer("eva@example.com").await;
    let other = app.agent(&other, "conformance").await;
    let mut sleeping = Vec::new();
    for agent in [&first, &second].repeat(4) {
        sleeping.push(under_way(message(&app, agent, &long_call("keep_slowly", json!({ "n": 1 })))).await);
    }
    let began = Instant::now();
    assert_eq!(call(&app, &other, "keep", json!({ "n": 2 })).await["isError"], false);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
