//! What visitors see.

use std::time::{Duration, Instant};

use openclaw_platform::releases;
use openclaw_testkit::components;
use serde_json::json;
use tokio::time::timeout;

use crate::app::{TestApp, eventually};

#[tokio::test]
async fn a_niche_shows_within_a_second_of_its_installation_without_a_restart() {
    let app = TestApp::start().await;
    // Another process: it only hears of the installation.
    let other = TestApp::on(&database_url(&app), &[]).await;
    assert_eq!(app.get("/v1/niches").send().await.ok(), json!({ "items": [] }));
    app.install("hello").await;
    let installed = Instant::now();
    assert!(eventually(async || other.get("/v1/niches/hello").send().await.status == 200).await);
    assert!(installed.elapsed() < Duration::from_secs(1), "{:?}", installed.elapsed());

    let list = other.get("/v1/niches?locale=en").send().await.ok();
    insta::assert_json_snapshot!(list, @r##"
    {
      "items": [
        {
          "accent": "#2f6fde",
          "highlights": [
            "Says hello by name"
          ],
          "icon": "👋",
          "id": "hello",
          "name": "Hello",
          "status": "active",
          "tagline": "Greets whoever comes in."
        }
      ]
    }
    "##);
}

fn database_url(app: &TestApp) -> String {
    use secrecy::ExposeSecret as _;
    app.settings.database_url.expose_secret().to_owned()
}

#[tokio::test]
async fn what_is_for_sale_comes_first_and_in_the_language_asked_for() {
    let app = TestApp::start().await;
    for name in ["accounting", "legal", "pharmacy"] {
        app.install(name).await;
    }
    let list = app.get("/v1/niches").send().await.ok();
    let shown: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|n| (n["id"].as_str(), n["status"].as_str())).collect();
    assert_eq!(shown[0], (Some("pharmacy"), Some("active")));
    assert!(shown[1..].iter().all(|(_, status)| *status == Some("coming-soon")), "{shown:?}");

    let page = app.get("/v1/niches/pharmacy?locale=pt").send().await.ok();
    assert_eq!(page["name"], "Farmácia");
    assert!(page["tools"].as_array().unwrap().iter().any(|t| t["name"] == "check_interactions"), "{page}");
    assert_eq!(
        page["digest"].as_str(),
        Some(openclaw_platform::Digest::of(&components::bytes("pharmacy")).to_string().as_str())
    );
}

#[tokio::test]
async fn an_unknown_niche_or_language_or_route_is_a_problem_that_says_which() {
    let app = TestApp::start().await;
    let unknown = app.get("/v1/niches/nothing").send().await;
    assert_eq!(unknown.problem(), (404, "unknown-niche", Some("niche")));
    insta::assert_json_snapshot!(unknown.body, @r#"
    {
      "detail": "There is no niche \"nothing\": GET /v1/niches lists those there are.",
      "field": "niche",
      "status": 404,
      "title": "Unknown niche",
      "type": "https://openclaw.cloud/problems/unknown-niche"
    }
    "#);
    assert_eq!(app.get("/v1/niches?locale=fr").send().await.problem(), (422, "unknown-locale", Some("locale")));
    assert_eq!(app.get("/v1/nothing").send().await.problem(), (404, "no-such-route", None));
    assert_eq!(app.post("/v1/tiers", json!({})).send().await.problem(), (405, "method-not-allowed", None));
}

#[tokio::test]
async fn the_tiers_are_listed_the_cheapest_first() {
    let app = TestApp::start().await;
    let tiers = app.get("/v1/tiers").send().await.ok();
    assert_eq!(
        tiers["items"][0],
        json!({ "id": "starter", "price_cents": 1900, "monthly_tokens": 1_000_000, "telegram_users": 1, "thinking": "medium" })
    );
    assert_eq!(tiers["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_release_that_takes_long_to_describe_itself_delays_no_other_and_its_niche_stays() {
    let app = TestApp::start().await;
    app.install("hello").await;
    app.install("conformance").await;
    let shown = async || {
        let list = app.get("/v1/niches").send().await.ok();
        let ids = list["items"].as_array().unwrap().iter().map(|niche| niche["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(shown().await, ["conformance", "hello"]);
    let slow = components::with_text(components::bytes("conformance"), "describes soon", "describes late");
    let digest = app.keep(&slow, "conformance", &releases::nothing()).await.to_string();
    // It is what is offered: its own page waits for it.
    let offered = async || app.get("/v1/niches/conformance").send().await.ok()["digest"] == json!(digest);
    assert!(eventually(async || timeout(Duration::from_millis(500), offered()).await.is_err()).await);
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(shown().await, ["conformance", "hello"]);
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}
