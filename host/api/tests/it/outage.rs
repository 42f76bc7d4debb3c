//! Postgres goes and comes back under load.

use std::time::Duration;

use openclaw_testkit::postgres::Postgres;
use serde_json::json;

use crate::app::{TestApp, eventually};

#[tokio::test]
async fn while_postgres_is_away_requests_fail_clearly_and_then_work_again() {
    let mut postgres = Postgres::temporary().await.unwrap();
    let database = postgres.database().await.unwrap();
    let app = TestApp::on(&database.url, &[]).await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;

    let (sender, load) = tokio::sync::watch::channel(true);
    let working = async {
        let mut seen = std::collections::BTreeSet::new();
        while *load.borrow() {
            let answer = app.get(&agent.path()).as_customer(&owner).send().await;
            if answer.status == 503 {
                assert_eq!(answer.problem(), (503, "database-away", None));
                assert_eq!(answer.header("retry-after"), "1");
            }
            seen.insert(answer.status.as_u16());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seen
    };
    let trouble = async {
        postgres.stop().await.unwrap();
        assert!(eventually(async || app.get("/v1/tiers").send().await.status == 503).await);
        // What is in memory goes on: the marketplace, and tools of agents whose token is known.
        assert_eq!(app.get("/v1/niches").send().await.ok()["items"][0]["id"], "hello");
        postgres.start().await.unwrap();
        assert!(eventually(async || app.get("/v1/tiers").send().await.status == 200).await);
        sender.send(false).unwrap();
    };
    let (seen, ()) = tokio::join!(working, trouble);
    assert!(seen.iter().all(|status| [200, 503].contains(status)), "{seen:?}");

    // Listening goes on too.
    let mut events = app.get(&format!("{}/chat/events", agent.path())).as_customer(&owner).stream().await;
    let say = app.post(&format!("{}/chat", agent.path()), json!({ "text": "Oi" })).as_customer(&owner);
    say.send().await.ok();
    let chunk = tokio::time::timeout(Duration::from_secs(10), events.chunk()).await.unwrap().unwrap().unwrap();
    assert!(String::from_utf8_lossy(&chunk).contains("event: chat"), "{chunk:?}");
    postgres.stop().await.unwrap();
}
