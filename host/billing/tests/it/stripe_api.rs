//! What is asked of Stripe itself, against stripe-mock, which checks every parameter with Stripe's own description.

use std::process::Stdio;

use openclaw_platform::http::client;
use openclaw_testkit::server::free_port;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::{TestBilling, checkout::Browser, paid};

/// stripe-mock on ports of its own.
struct StripeMock {
    _child: Child,
    url: String,
}

impl StripeMock {
    async fn start() -> Self {
        let (http, https) = (free_port(), free_port());
        let child = Command::new("stripe-mock")
            .args(["-http-addr", &format!("127.0.0.1:{http}"), "-https-addr", &format!("127.0.0.1:{https}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("stripe-mock is installed: cargo xtask test --all sees to it");
        let url = format!("http://127.0.0.1:{http}");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while client().get(&url).send().await.is_err() {
            assert!(std::time::Instant::now() < deadline, "stripe-mock does not answer");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { _child: child, url }
    }
}

#[tokio::test]
#[ignore = "needs stripe-mock: cargo xtask test --all"]
async fn stripe_takes_our_checkout_portal_and_cancellation() {
    let stripe = StripeMock::start().await;
    let billing = TestBilling::with(&[
        ("STRIPE_SECRET_KEY", "sk_test_123".into()),
        ("STRIPE_API_URL", stripe.url.clone()),
        ("STRIPE_PRICE_PRO", "price_123".into()),
    ])
    .await;
    let ana = Browser::of(&billing, "ana@example.com").await;
    let interview = billing.interview(ana.customer).await;

    let (status, begun) = ana.begin(interview, "pro").await;
    assert_eq!(status, 201, "{begun}");
    assert!(begun["url"].as_str().unwrap().starts_with("https://"), "{begun}");

    billing.apply(&[paid(begun["id"].as_str().unwrap().parse().unwrap())]).await;
    let (status, portal) = ana.post("/v1/portal", json!({})).await;
    assert_eq!(status, 200, "{portal}");
    assert!(portal["url"].as_str().unwrap().starts_with("https://"), "{portal}");

    let agent: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM agents").fetch_one(&billing.database.pool).await.unwrap();
    let (status, answer) = ana.post(&format!("/v1/agents/{agent}/cancel"), json!({})).await;
    assert_eq!(status, 202, "{answer}");
    // Stripe tells of the end by an event; until then nothing is destroyed.
    assert_eq!(billing.jobs().await, ["provision"]);

    // A second agent is paid for by the customer whom Stripe knows already.
    let (status, again) = ana.begin(billing.interview(ana.customer).await, "pro").await;
    assert_eq!(status, 201, "{again}");
}
