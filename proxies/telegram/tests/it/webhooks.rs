//! Agents with a Telegram bot of their own, when Telegram calls the relay.

use openclaw_platform::{
    agents::{self, AgentState},
    relay,
};
use openclaw_testkit::telegram::TelegramServer;
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::World;

const ANA: i64 = 5_550_002;

#[tokio::test]
async fn telegram_calls_with_the_secret_and_nobody_else_can() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "910000001:webhook";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public = format!("http://{}", listener.local_addr().unwrap());
    let settings = [("TELEGRAM_API_URL", telegram.url()), ("RELAY_PUBLIC_URL", public.as_str())];
    let relay = world.relay_on(listener, &settings).await;

    let registered = telegram.wait_for_calls(token, "setWebhook", 1).await.remove(0);
    assert_eq!(registered["url"], format!("{public}/telegram/{}", agent.number));
    let secret = registered["secret_token"].as_str().unwrap();
    for text in ["um", "dois", "três"] {
        telegram.user_says(token, ANA, text);
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(relay.texts(&agent.token, seen.len() as i64 + 1, 20).await);
    }
    assert_eq!(seen, ["um", "dois", "três"]);
    assert!(telegram.calls(token, "getUpdates").is_empty());

    let forged = json!({ "update_id": 1, "message": { "chat": { "id": ANA }, "text": "forged" } });
    let post = async |secret: Option<&str>, number: i64, body: &serde_json::Value| {
        let mut request = relay.http.post(format!("{public}/telegram/{number}")).json(body);
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let other = world.agent(None, &[]).await;
    let before = relay::waiting(&world.db.pool, agent.id).await.unwrap();
    assert_eq!(post(None, agent.number, &forged).await, 401);
    assert_eq!(post(Some("guess"), agent.number, &forged).await, 401);
    assert_eq!(post(Some(secret), other.number, &forged).await, 401, "each agent has a secret of its own");
    assert_eq!(relay::waiting(&world.db.pool, agent.id).await.unwrap(), before);

    // Telegram repeats what it thinks did not arrive, also after the gateway has confirmed it.
    assert!(relay.texts(&agent.token, 4, 0).await.is_empty());
    let again = json!({ "update_id": 700_000_003, "message": { "chat": { "id": ANA }, "text": "três" } });
    assert_eq!(post(Some(secret), agent.number, &again).await, 200);
    assert_eq!(relay::waiting(&world.db.pool, agent.id).await.unwrap(), 0);

    agents::set_state(&world.db.pool, agent.id, AgentState::Suspended, None).await.unwrap();
    telegram.wait_for_calls(token, "deleteWebhook", 1).await;
    assert_eq!(post(Some(secret), agent.number, &forged).await, 503, "Telegram keeps it for later");
}

#[tokio::test]
async fn without_a_public_address_a_webhook_left_over_is_removed_and_the_bot_is_polled() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "910000002:leftover";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let http = reqwest::Client::new();
    let hook = json!({ "url": "http://127.0.0.1:1/elsewhere", "secret_token": "s" });
    http.post(format!("{}/bot{token}/setWebhook", telegram.url())).json(&hook).send().await.unwrap();
    telegram.user_says(token, ANA, "ainda aqui");
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    assert_eq!(relay.texts(&agent.token, 0, 20).await, ["ainda aqui"]);
    let addressless = relay.http.post(format!("{}/telegram/{}", relay.url, agent.number)).json(&json!({}));
    assert_eq!(addressless.send().await.unwrap().status(), 404);
}
