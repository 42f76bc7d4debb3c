//! From payment to a live agent, as it is watched.

use openclaw_platform::{
    OnboardingId,
    agents::{self, AgentState},
    billing,
    jobs::{self, Instruction},
    onboarding::{self, BotToken, Change},
    vault::Vault,
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::app::{Customer, TestApp};

#[tokio::test]
async fn the_progress_is_streamed_until_the_agent_is_live() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let stranger = app.customer("stranger@example.com").await;
    let interview = interview(&app, &owner).await;
    let checkout = billing::begin_checkout(&app.db, owner.id, interview, "starter").await.unwrap();
    let path = format!("/v1/checkout/{checkout}");

    let before = app.get(&format!("{path}/progress")).as_customer(&owner).send().await.ok();
    let names: Vec<_> = before["steps"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["payment", "prepare", "persona", "tokens", "gateway", "answering"]);
    assert_eq!(app.get(&format!("{path}/progress")).as_customer(&stranger).send().await.status, 404);

    let mut stream = app.get(&format!("{path}/events")).as_customer(&owner).stream().await;
    let agent = app.agent(&owner, "hello").await;
    agents::set_state(&app.db, agent.id, AgentState::Provisioning, None).await.unwrap();
    let mut tx = app.db.begin().await.unwrap();
    billing::checkout_paid(&mut tx, checkout, agent.id, OffsetDateTime::now_utc()).await.unwrap();
    jobs::enqueue(&mut tx, owner.id, agent.id, &Instruction::Provision, None).await.unwrap();
    tx.commit().await.unwrap();
    agents::set_state(&app.db, agent.id, AgentState::Live, None).await.unwrap();

    // The stream ends by itself, and its last word is that the agent is live.
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!((last["state"].as_str(), last["agent"].as_str()), (Some("live"), Some(agent.id.to_string().as_str())));
    assert!(last["steps"][0]["millis"].is_u64(), "{last}");
}

async fn interview(app: &TestApp, owner: &Customer) -> OnboardingId {
    let digest = openclaw_platform::releases::active(&app.db).await.unwrap()[0].1;
    let begun = onboarding::begin(&app.db, "hello", digest, "pt", Some(owner.id)).await.unwrap();
    let vault = Vault::new(&app.settings.platform_key).unwrap();
    let finished = Change { answers: &[], bot_token: BotToken::Keep, telegram_user: None, done: true };
    onboarding::save(&app.db, &vault, &begun, finished).await.unwrap();
    begun.id
}
