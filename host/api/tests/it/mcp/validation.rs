//! Arguments are held against a tool's schema before the niche sees them, results after.

use openclaw_testkit::components;
use serde_json::json;

use super::{call, kept, measured, outcomes};
use crate::app::TestApp;

#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_the_tool_and_the_model_is_told_what_would_fit() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    for (arguments, expected) in [
        (json!({ "n": 100 }), "at `/n`: it is greater than the maximum of 99"),
        (json!({ "n": "7" }), "at `/n`: it is not of type \"integer\""),
        (json!({}), "at `/`: \"n\" is a required property"),
    ] {
        let refused = call(&app, &agent, "keep", arguments).await;
        assert_eq!(refused["isError"], true);
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert_eq!(text, format!("The arguments do not fit the tool's schema: {expected}."));
    }
    let unknown = call(&app, &agent, "kept", json!({ "n": 1 })).await;
    assert!(unknown["content"][0]["text"].as_str().unwrap().contains("'n' was unexpected"), "{unknown}");
    assert_eq!(outcomes(&app, &agent, "keep").await, ["invalid-arguments"; 3]);
    assert_eq!(kept(&app, &agent).await, "Ok(None)");
}

#[tokio::test]
async fn a_result_that_breaks_its_promise_is_an_error_and_nothing_of_the_call_is_kept() {
    let app = TestApp::start().await;
    let agent = measured(&app).await;
    let good = call(&app, &agent, "keep", json!({ "n": 7 })).await;
    assert_eq!((&good["isError"], &good["structuredContent"]), (&json!(false), &json!({ "n": 7 })));
    for (tool, expected) in [
        ("keep_and_break_promise", "at `/n`: it is greater than the maximum of 99"),
        ("keep_and_forget_promise", "`structured` is missing"),
    ] {
        let broken = call(&app, &agent, tool, json!({ "n": 8 })).await;
        assert_eq!((&broken["isError"], broken.get("structuredContent")), (&json!(true), None));
        let text = broken["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(expected) && text.ends_with("Nothing was changed."), "{text}");
        assert_eq!(outcomes(&app, &agent, tool).await, ["invalid-output"]);
    }
    assert_eq!(kept(&app, &agent).await, r#"{"n":7}"#);
}

#[tokio::test]
async fn a_release_whose_schema_does_not_compile_is_refused_at_upload() {
    let app = TestApp::start().await;
    let spoilt = components::with_text(components::bytes("conformance"), r#""maximum":99"#, r#""maximum":[]"#);
    let refused = app.upload(spoilt).await;
    assert_eq!(refused.problem(), (422, "invalid-output", Some("component")));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("the input schema of `keep` cannot be used: at `/properties/n/maximum`"), "{detail}");
}
