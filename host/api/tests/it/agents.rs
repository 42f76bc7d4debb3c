//! What a customer sees of their agents, and a stranger does not.

use openclaw_platform::{PeriodId, RequestId, usage};
use serde_json::json;
use time::OffsetDateTime;

use crate::app::TestApp;

#[tokio::test]
async fn a_stranger_is_not_told_that_an_agent_exists() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let stranger = app.customer("stranger@example.com").await;
    for path in ["", "/chat", "/chat/events", "/usage", "/jobs"] {
        let path = format!("{}{path}", agent.path());
        assert_eq!(app.get(&path).as_customer(&stranger).send().await.problem(), (404, "not-found", None), "{path}");
        assert_eq!(app.get(&path).send().await.problem(), (401, "not-signed-in", None), "{path}");
    }
    let say = app.post(&format!("{}/chat", agent.path()), json!({ "text": "Oi" })).as_customer(&stranger);
    let told = say.send().await;
    insta::assert_json_snapshot!(told.body, @r#"
    {
      "detail": "There is no such agent.",
      "status": 404,
      "title": "Not found",
      "type": "https://openclaw.cloud/problems/not-found"
    }
    "#);
    assert_eq!(app.get("/v1/agents").as_customer(&stranger).send().await.ok(), json!({ "items": [] }));
}

#[tokio::test]
async fn a_customer_sees_their_agent_and_what_it_used() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "pharmacy").await;
    let period: uuid::Uuid = sqlx::query_scalar("SELECT id FROM usage_periods").fetch_one(&app.db).await.unwrap();
    let event = usage::Event {
        request: RequestId::new(),
        agent: agent.id,
        period: PeriodId(period),
        model: "k2p5".into(),
        prompt: 300,
        completion: 45,
        cached: 0,
        estimated: false,
        occurred_at: OffsetDateTime::now_utc(),
    };
    usage::record(&app.db, &[event]).await.unwrap();

    let seen = app.get(&format!("{}?locale=en", agent.path())).as_customer(&owner).send().await.ok();
    insta::assert_json_snapshot!(seen, {
        ".id" => "[id]", ".created_at" => "[at]", ".live_at" => "[at]", ".niche" => "[niche]",
        ".suggestions" => "[suggestions]", ".usage" => "[usage]"
    }, @r#"
    {
      "created_at": "[at]",
      "demo_model": true,
      "heartbeat_at": null,
      "id": "[id]",
      "live_at": "[at]",
      "model": "kimi-coding/k2p5",
      "niche": "[niche]",
      "profile": [
        {
          "label": "pharmacy name",
          "question": "pharmacy-name",
          "value": "Boa Viagem"
        }
      ],
      "reason": null,
      "state": "live",
      "subscription": null,
      "suggestions": "[suggestions]",
      "telegram_error": null,
      "telegram_url": null,
      "tier": {
        "id": "starter",
        "monthly_tokens": 1000000,
        "price_cents": 1900,
        "telegram_users": 1,
        "thinking": "medium"
      },
      "usage": "[usage]"
    }
    "#);
    let used = app.get(&format!("{}/usage", agent.path())).as_customer(&owner).send().await.ok();
    assert_eq!((used["used"].as_i64(), used["limit"].as_i64()), (Some(345), Some(1_000_000)));
    assert_eq!(used["days"][0]["tokens"], 345);
    assert_eq!(seen["usage"], used);
    assert_eq!(app.get("/v1/agents?locale=en").as_customer(&owner).send().await.ok()["items"][0], seen);
}
