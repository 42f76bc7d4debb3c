//! The life of a release: decided upon, signed, compared, retired, and written down.

use openclaw_api_types::Rights;
use openclaw_platform::{
    Digest,
    releases::{audit::Actor, life, nothing, publishers::SigningKey},
};
use openclaw_testkit::{components, oci::OciRegistry};
use serde_json::{Value, json};

use crate::app::{ADMIN, Reply, TestApp, new_release};

async fn signed(app: &TestApp, component: Vec<u8>, line: &str) -> Reply {
    let request = app.request(reqwest::Method::POST, "/v1/admin/releases").bearer(ADMIN);
    request.header("openclaw-signature", line).bytes(component).await
}

async fn register(app: &TestApp, name: &str, key: &SigningKey, niches: &[&str]) -> Reply {
    let line = key.sign(Digest::of(b"")).to_string();
    let key = line.split(':').next().unwrap();
    app.post("/v1/admin/publishers", json!({ "name": name, "key": key, "niches": niches })).bearer(ADMIN).send().await
}

async fn trail(app: &TestApp, path: &str) -> Vec<(String, String)> {
    let rows = app.admin(path).await;
    let told = |row: &Value| (row["who"].as_str().unwrap().to_owned(), row["action"].as_str().unwrap().to_owned());
    rows["items"].as_array().unwrap().iter().rev().map(told).collect()
}

#[tokio::test]
async fn a_release_whose_own_tests_take_too_long_is_refused_and_leaves_nothing() {
    let app = TestApp::with(&[("release_test_seconds", "0")]).await;
    let refused = app.upload(components::bytes("pharmacy")).await;
    assert_eq!(refused.problem(), (422, "self-test-failed", Some("component")));
    let kept = app.admin("releases").await;
    assert_eq!(kept["items"], json!([]));
}

#[tokio::test]
async fn every_step_is_written_down_with_who_and_why() {
    let app = TestApp::start().await;
    let page = app.upload(components::bytes("hello")).await.ok();
    let digest = page["digest"].as_str().unwrap();
    let path = format!("/v1/admin/releases/{digest}/reject");
    let no_reason = app.post(&path, json!({ "reason": " " })).bearer(ADMIN).send().await;
    assert_eq!(no_reason.problem(), (422, "invalid-field", Some("reason")));
    let because = json!({ "reason": "too rude" });
    let rejected = app.post(&path, because.clone()).bearer(ADMIN).header("openclaw-admin", "Ana").send().await.ok();
    assert_eq!((&rejected["state"], &rejected["decided_by"]), (&json!("rejected"), &json!("Ana")));
    assert_eq!(app.step(digest, "reject", because).await.problem(), (409, "wrong-state", None));
    assert_eq!(app.step(digest, "complete", json!({})).await.problem(), (409, "wrong-state", None));

    // The same bytes are pending again when they come again.
    let again = app.upload(components::bytes("hello")).await;
    assert_eq!((again.status.as_u16(), &again.body["state"]), (201, &json!("pending")));
    app.step(digest, "approve", json!({ "reason": "better" })).await.ok();
    app.step(digest, "complete", json!({})).await.ok();
    let retired = app.step(digest, "retire", json!({ "reason": "no longer for sale" })).await.ok();
    assert_eq!(retired["state"], "retired");
    assert_eq!(app.get("/v1/niches").send().await.ok(), json!({ "items": [] }));

    let steps = trail(&app, "audit?niche=hello").await;
    let steps: Vec<_> = steps.iter().map(|(who, action)| (who.as_str(), action.as_str())).collect();
    assert_eq!(
        steps,
        [
            ("admin", "upload"),
            ("Ana", "reject"),
            ("admin", "upload"),
            ("admin", "approve"),
            ("admin", "complete"),
            ("admin", "retire")
        ]
    );
    let rows = app.admin(&format!("audit?digest={digest}")).await;
    assert_eq!(
        (&rows["items"][0]["reason"], &rows["items"][4]["reason"]),
        (&json!("no longer for sale"), &json!("too rude"))
    );
    let last = rows["items"][0]["id"].as_i64().unwrap();
    assert_eq!(app.admin(&format!("audit?before={last}")).await["items"].as_array().unwrap().len(), 5);
    for change in ["UPDATE release_audit SET who = 'x'", "DELETE FROM release_audit", "TRUNCATE release_audit"] {
        sqlx::query(change).execute(&app.db).await.expect_err("rows of the trail are never changed");
    }
}

#[tokio::test]
async fn an_admin_sees_what_is_new_and_approves_at_most_that() {
    let app = TestApp::start().await;
    let rights = |json: Value| serde_json::from_value::<Rights>(json).unwrap();
    let old = rights(json!({ "hosts": { "a.test": ["GET"] }, "connections": [], "storage_bytes": 1_000_000 }));
    app.keep(&components::bytes("hello"), "hello", &old).await;
    let more = rights(
        json!({ "hosts": { "api.example.com": ["POST"] }, "connections": ["google"], "storage_bytes": 6_000_000 }),
    );
    let component = components::variant("hello", "more");
    let actor = Actor { who: "a test", why: None };
    life::upload(&app.db, new_release(&component, "hello", &more), |_| false, actor).await.unwrap();
    let digest = Digest::of(&component).to_string();
    let page = app.admin(&format!("releases/{digest}")).await;
    assert_eq!(
        page["difference"]["words"],
        "wants in addition: POST to api.example.com, the connection to google, 5 MB more storage, 6 MB in all"
    );
    assert_eq!(page["asks_more"], 3);
    assert_eq!(page["difference"]["no_longer"], json!([{ "kind": "host", "host": "a.test", "methods": ["GET"] }]));

    let too_much = json!({ "rights": { "hosts": { "*": null }, "connections": [], "storage_bytes": 0 } });
    assert_eq!(app.step(&digest, "approve", too_much).await.problem(), (422, "invalid-field", Some("rights")));
    let less = json!({ "hosts": {}, "connections": ["google"], "storage_bytes": 10 });
    let approved = app.step(&digest, "approve", json!({ "rights": less })).await.ok();
    assert_eq!((&approved["approved"], &approved["effective"]), (&less, &less));
}

#[tokio::test]
async fn the_ceiling_is_shown_and_holds() {
    let app = TestApp::with(&[("plugin_hosts", "*.example.com"), ("plugin_storage_mib", "1")]).await;
    let asked: Rights = serde_json::from_value(
        json!({ "hosts": { "api.example.com": null, "b.test": null }, "connections": [], "storage_bytes": 5 << 20 }),
    )
    .unwrap();
    let digest = app.keep(&components::bytes("hello"), "hello", &asked).await;
    let page = app.admin(&format!("releases/{digest}")).await;
    let over = page["over_ceiling"].as_array().unwrap();
    assert_eq!((over.len(), &over[0]["host"]), (2, &json!("b.test")), "{page}");
    assert_eq!(
        page["effective"],
        json!({ "hosts": { "api.example.com": null }, "connections": [], "storage_bytes": 1 << 20 })
    );
}

#[tokio::test]
async fn what_asks_no_more_is_approved_by_rule_if_an_admin_set_it() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let put = |on: bool| {
        let body = json!({ "auto_approve_same_or_fewer": on });
        app.request(reqwest::Method::PUT, "/v1/admin/registry-settings").bearer(ADMIN).json(&body).send()
    };
    let first = app.upload(components::variant("pharmacy", "1")).await.ok();
    assert_eq!(first["state"], "pending");
    put(true).await.ok();
    let second = app.upload(components::variant("pharmacy", "2")).await.ok();
    assert_eq!((&second["state"], &second["decided_by"]), (&json!("approved"), &json!("rule")));

    // It asks for more than was approved.
    let active = app.admin("registry/pharmacy").await["active"]["digest"].as_str().unwrap().to_owned();
    app.step(&active, "approve", json!({ "rights": nothing() })).await.ok();
    let third = app.upload(components::variant("pharmacy", "3")).await.ok();
    assert_eq!((&third["state"], &third["asks_more"]), (&json!("pending"), &json!(1)));
    // A niche's first release that asks for anything is a person's to decide.
    let other = app.upload(components::bytes("real-estate")).await.ok();
    assert_eq!(other["state"] == "approved", other["asks_more"] == 0, "{other}");
}

#[tokio::test]
async fn a_niches_publisher_must_sign_and_strangers_are_marked() {
    let app = TestApp::start().await;
    let (hers, strangers) = (SigningKey::random(), SigningKey::random());
    let component = components::bytes("hello");
    let line = |key: &SigningKey, component: &[u8]| key.sign(Digest::of(component)).to_string();
    let unknown = signed(&app, component.clone(), &line(&strangers, &component)).await.ok();
    assert_eq!(unknown["publisher"]["trust"], "unknown");

    let publisher = register(&app, "Ana", &hers, &["hello"]).await;
    assert_eq!(publisher.status, 201, "{}", publisher.body);
    assert_eq!(register(&app, "Ana", &SigningKey::random(), &[]).await.problem(), (409, "conflict", None));
    let next = components::variant("hello", "next");
    assert_eq!(app.upload(next.clone()).await.problem(), (422, "untrusted", Some("component")));
    let refused = signed(&app, next.clone(), &line(&strangers, &next)).await;
    assert_eq!(refused.problem(), (422, "untrusted", Some("component")));
    let of_another = signed(&app, next.clone(), &line(&hers, &component)).await;
    assert_eq!(of_another.problem(), (422, "invalid-signature", Some("openclaw-signature")));
    let taken = signed(&app, next.clone(), &line(&hers, &next)).await.ok();
    assert_eq!((&taken["publisher"]["trust"], &taken["publisher"]["name"]), (&json!("verified"), &json!("Ana")));

    let path = format!("/v1/admin/publishers/{}/revoke", publisher.body["id"].as_str().unwrap());
    app.post(&path, json!({ "reason": "her laptop was stolen" })).bearer(ADMIN).send().await.ok();
    let page = app.admin(&format!("releases/{}", taken["digest"].as_str().unwrap())).await;
    assert_eq!(page["publisher"]["trust"], "revoked");
    let last = components::variant("hello", "last");
    let revoked = signed(&app, last.clone(), &line(&hers, &last)).await;
    assert_eq!(revoked.problem(), (422, "untrusted", Some("component")));
    assert_eq!(register(&app, "Ana", &hers, &[]).await.problem(), (409, "conflict", None), "a revoked key stays so");
}

#[tokio::test]
async fn a_release_is_pulled_from_a_registry_that_the_settings_allow() {
    let registry = OciRegistry::temporary().await.unwrap();
    let address = registry.address();
    let app = TestApp::with(&[("release_registries", &address)]).await;
    let component = components::bytes("hello");
    let reference = format!("{address}/niches/hello:0.1.0");
    let key = SigningKey::random();
    let line = key.sign(Digest::of(&component)).to_string();
    let login = openclaw_oci::Login::Anonymous;
    openclaw_oci::publish(&reference.parse().unwrap(), component, Some(line), &login).await.unwrap();

    let pull = |reference: &str| app.post("/v1/admin/releases", json!({ "reference": reference })).bearer(ADMIN).send();
    let pulled = pull(&format!("oci://{reference}")).await;
    assert_eq!(pulled.status, 201, "{}", pulled.body);
    assert_eq!(pulled.body["reference"], reference);
    assert_eq!(pulled.body["publisher"]["trust"], "unknown");
    let elsewhere = pull("registry.example.com/niches/hello:0.1.0").await;
    assert_eq!(elsewhere.problem(), (422, "registry-not-allowed", Some("reference")));
    assert_eq!(pull("hello").await.problem(), (422, "invalid-reference", Some("reference")));
    let missing = pull(&format!("{address}/niches/nothing:1")).await;
    assert_eq!(missing.problem(), (502, "registry-failed", Some("reference")));
}
