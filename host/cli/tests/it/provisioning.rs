//! Whatever is killed while an agent is being made: in the end it is live, and there is exactly one.

use crate::{
    life::provision,
    platform::{Platform, until},
};

#[tokio::test]
async fn an_agent_is_live_and_alone_whichever_role_was_killed_while_it_was_made() {
    openclaw_platform::http::install_tls();
    let platform = Platform::start().await;
    for role in ["operator", "api", "telegram-relay", "token-proxy", "billing-worker", "web"] {
        let agent = provision(&platform, &format!("{role}@example.com")).await;
        platform.kill(role);
        let number = until(&format!("the agent to be live after {role} was killed"), async || {
            let row = row(&platform, &agent).await?;
            (row["state"] == "live").then(|| row["number"].as_i64().unwrap())
        })
        .await;
        until(&format!("one gateway after {role} was killed"), async || {
            (platform.gateways(number).len() == 1).then_some(())
        })
        .await;
    }
    platform.stop().await;
}

async fn row(platform: &Platform, agent: &str) -> Option<serde_json::Value> {
    let answer = reqwest::Client::new()
        .get(format!("{}/v1/admin/agents", platform.url("api")))
        .bearer_auth(platform.url("admin_token"))
        .send()
        .await
        .ok()?;
    let rows: serde_json::Value = answer.json().await.ok()?;
    rows["items"].as_array()?.iter().find(|a| a["id"] == agent).cloned()
}

#[tokio::test]
async fn the_documented_request_provisions_an_agent() {
    openclaw_platform::http::install_tls();
    let platform = Platform::start().await;
    let answer = reqwest::Client::new()
        .post(format!("{}/internal/provision", platform.url("api")))
        .header("content-type", "application/json")
        .body(
            r#"{"customer_email":"user@example.com","telegram_bot_token":"123456:ABC-DEF","telegram_user_id":123456789,"tier":"starter","model":"kimi-coding/k2p5","niche":"pharmacy"}"#,
        )
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    let accepted: serde_json::Value = answer.json().await.unwrap();
    let agent = accepted["agent"].as_str().unwrap();
    until("the agent to be live", async || (row(&platform, agent).await?["state"] == "live").then_some(())).await;
    // The gateway never sees the real bot token, and nothing writes it in clear.
    assert!(!platform.logs().contains("ABC-DEF"));
    platform.stop().await;
}
