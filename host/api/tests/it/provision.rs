//! Agents without a checkout, and what may be done with any.

use serde_json::{Value, json};

use crate::app::{ADMIN, TestApp};

fn curl() -> Value {
    json!({
        "customer_email": "user@example.com", "telegram_bot_token": "123456:ABC-DEF", "telegram_user_id": 123456789,
        "tier": "starter", "model": "kimi-coding/k2p5", "niche": "pharmacy"
    })
}

#[tokio::test]
async fn the_curl_of_the_product_page_provisions_an_agent() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let answer = app.post("/internal/provision", curl()).send().await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let accepted = answer.ok();

    let job = app.get(&format!("/internal/jobs/{}", accepted["job"].as_str().unwrap())).send().await.ok();
    assert_eq!((job["kind"].as_str(), job["state"].as_str()), (Some("provision"), Some("queued")));
    assert_eq!(job["agent"], accepted["agent"]);
    let row = app.get("/v1/admin/agents").bearer(ADMIN).send().await.ok()["items"][0].clone();
    assert_eq!(
        (row["customer_email"].as_str(), row["state"].as_str()),
        (Some("user@example.com"), Some("provisioning"))
    );
    assert_eq!(row["token_limit"], 1_000_000);
    let sealed: String = sqlx::query_scalar("SELECT a::text FROM agents a").fetch_one(&app.db).await.unwrap();
    assert!(!sealed.contains("ABC-DEF"));
    let customer = app.get("/v1/admin/customers").send().await.ok()["items"][0].clone();
    assert_eq!((customer["email"].as_str(), customer["agents"].as_i64()), (Some("user@example.com"), Some(1)));
}

#[tokio::test]
async fn the_same_key_makes_one_agent_however_often_it_is_asked() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let ask = || app.post("/internal/provision", curl()).header("idempotency-key", "order-7").send();
    let (a, b) = tokio::join!(ask(), ask());
    assert_eq!(a.ok(), b.ok());
    let agents: i64 = sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(&app.db).await.unwrap();
    assert_eq!(agents, 1);
}

#[tokio::test]
async fn each_field_that_will_not_do_is_named_by_a_stable_type() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    app.install("legal").await;
    for (field, value, code) in [
        ("customer_email", json!("nobody"), "invalid-email"),
        ("niche", json!("nothing"), "unknown-niche"),
        ("niche", json!("legal"), "niche-coming-soon"),
        ("tier", json!("gold"), "unknown-tier"),
        ("tier", json!(1), "invalid-field"),
        ("model", json!("k2p5"), "invalid-model"),
        ("telegram_bot_token", json!("hello"), "invalid-telegram-token"),
        ("telegram_user_id", json!(-1), "invalid-telegram-user"),
        ("locale", json!("fr"), "unknown-locale"),
        ("colour", json!("red"), "unknown-field"),
    ] {
        let mut wanted = curl();
        wanted[field] = value;
        let answer = app.post("/internal/provision", wanted).send().await;
        assert_eq!(answer.problem(), (422, code, Some(field)));
    }
    let not_json = app.request(reqwest::Method::POST, "/internal/provision").header("content-type", "application/json");
    assert_eq!(not_json.bytes("{").await.problem(), (400, "invalid-json", None));
    let large = app.request(reqwest::Method::POST, "/internal/provision").header("content-type", "application/json");
    assert_eq!(large.bytes(vec![b' '; 100_000]).await.problem(), (413, "body-too-large", None));
    let agents: i64 = sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(&app.db).await.unwrap();
    assert_eq!(agents, 0);
}

#[tokio::test]
async fn instructions_become_jobs_and_what_is_gone_takes_none() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let path = |action: &str| format!("/internal/agents/{}/{action}", agent.id);
    for action in ["suspend", "reactivate", "update"] {
        assert_eq!(app.post(&path(action), json!({})).send().await.status, 202, "{action}");
    }
    assert_eq!(app.post(&path("resize"), json!({ "tier": "pro" })).send().await.status, 202);
    let gold = app.post(&path("resize"), json!({ "tier": "gold" })).send().await;
    assert_eq!(gold.problem(), (422, "unknown-tier", Some("tier")));
    let accepted = app.post(&path("destroy"), json!({})).send().await.ok();
    assert_eq!(app.post(&path("polish"), json!({})).send().await.problem(), (404, "no-such-route", None));

    let jobs = app.get(&format!("{}/jobs", agent.path())).as_customer(&owner).send().await.ok();
    let kinds: Vec<_> = jobs["items"].as_array().unwrap().iter().map(|j| j["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["suspend", "reactivate", "update", "resize", "destroy"]);
    let retry = format!("/internal/jobs/{}/retry", accepted["job"].as_str().unwrap());
    assert_eq!(app.post(&retry, json!({})).send().await.problem(), (409, "conflict", None));

    openclaw_platform::erasure::destroy(&app.db, agent.id).await.unwrap();
    assert_eq!(app.post(&path("suspend"), json!({})).send().await.problem(), (409, "agent-destroyed", None));
}

#[tokio::test]
async fn outside_dev_the_internal_routes_need_the_admin_token() {
    let app = TestApp::with(&[
        ("environment", "production"),
        ("smtp_url", "smtp://127.0.0.1:1"),
        ("stripe_secret_key", "sk_test_1"),
    ])
    .await;
    for path in ["/v1/admin/agents", "/v1/admin/releases", "/internal/jobs/x"] {
        assert_eq!(app.get(path).send().await.problem(), (401, "invalid-token", None), "{path}");
        assert_eq!(
            app.get(path).bearer("the-admin-token-of-tesss").send().await.problem(),
            (401, "invalid-token", None)
        );
    }
    app.get("/v1/admin/agents").bearer(ADMIN).send().await.ok();
}

#[tokio::test]
async fn in_dev_another_site_cannot_use_that_no_token_is_needed() {
    let app = TestApp::start().await;
    let foreign = app.get("/v1/admin/agents").header("origin", "https://evil.example").send().await;
    assert_eq!(foreign.problem(), (403, "foreign-origin", None));
}
