//! Installing releases.

use openclaw_testkit::components;
use serde_json::json;

use crate::app::{ADMIN, TestApp};

#[tokio::test]
async fn a_release_is_installed_once_and_its_self_test_is_kept() {
    let app = TestApp::start().await;
    let first = app.upload(components::bytes("hello")).await;
    assert_eq!(first.status, 201);
    insta::assert_json_snapshot!(first.body, { ".digest" => "[digest]", ".installed_at" => "[at]", ".bytes" => "[bytes]" }, @r#"
    {
      "agents": 0,
      "bytes": "[bytes]",
      "digest": "[digest]",
      "exports": [
        "tools",
        "self-test"
      ],
      "imports": [],
      "installed_at": "[at]",
      "installed_by": "admin",
      "niche": "hello",
      "self_test": [
        {
          "error": null,
          "name": "greets by name"
        }
      ],
      "state": "active",
      "version": "0.1.0"
    }
    "#);
    let again = app.upload(components::bytes("hello")).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &first.body));
    let list = app.get("/v1/admin/releases").bearer(ADMIN).send().await.ok();
    assert_eq!(list, json!({ "items": [first.body] }));
}

#[tokio::test]
async fn what_is_no_good_component_is_refused_and_nothing_changes() {
    let app = TestApp::start().await;
    let garbage = app.upload(b"not a component".to_vec()).await;
    assert_eq!(garbage.problem(), (422, "not-a-component", Some("component")));
    let broken = app.upload(b"\0asm\x0d\0\x01\0broken".to_vec()).await;
    assert_eq!(broken.status, 422, "{}", broken.body);
    let failing = app.upload(components::bytes("hostile")).await;
    assert_eq!(failing.problem(), (422, "self-test-failed", Some("component")));
    assert!(failing.body["detail"].as_str().unwrap().contains("expected 1, got 2"), "{}", failing.body);
    assert_eq!(app.get("/v1/admin/releases").bearer(ADMIN).send().await.ok(), json!({ "items": [] }));
    assert_eq!(app.get("/v1/niches").send().await.ok(), json!({ "items": [] }));
}

#[tokio::test]
async fn a_component_over_the_bound_is_not_even_read() {
    let app = TestApp::with(&[("release_mib", "1")]).await;
    let large = app.upload(vec![0; (1 << 20) + 1]).await;
    assert_eq!(large.problem(), (413, "body-too-large", None));
}
