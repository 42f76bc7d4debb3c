//! What Kubernetes asks of a gateway.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use openclaw_testkit::server::free_port;

use crate::world::World;

/// What is answered at `path`, once anything is.
async fn asked(address: SocketAddr, path: &str) -> (u16, String) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match reqwest::get(format!("http://{address}{path}")).await {
            Ok(answer) => return (answer.status().as_u16(), answer.text().await.unwrap()),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a gateway whose bot token is `token` answers that it is ready, or not, with `status` and `words`.
async fn until_ready_says(status: u16, words: &str, token: Option<&str>) -> String {
    let mut world = World::start().await;
    let address: SocketAddr = format!("127.0.0.1:{}", free_port()).parse().unwrap();
    world.variables.insert("OPENCLAW_PROBES_LISTEN", address.to_string());
    if let Some(token) = token {
        world.variables.insert("TELEGRAM_BOT_TOKEN", token.to_owned());
    }
    let _gateway = world.gateway();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (said, why) = asked(address, "/readyz").await;
        assert_eq!(asked(address, "/healthz").await.0, 200, "a new process would help nobody");
        assert_eq!(asked(address, "/startupz").await.0, 200);
        if said == status && why.contains(words) {
            return why;
        }
        assert!(Instant::now() < deadline, "{said}: {why}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_gateway_that_messages_reach_is_ready() {
    until_ready_says(200, "ready", None).await;
}

#[tokio::test]
async fn a_gateway_whose_bot_token_is_refused_is_alive_and_not_ready_and_says_why() {
    let why = until_ready_says(503, "Telegram refused (401)", Some("7:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB")).await;
    assert!(!why.contains("BBBBBBBB"), "{why}");
}
