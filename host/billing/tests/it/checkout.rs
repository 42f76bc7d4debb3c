//! What a signed-in customer does with money, over the demo checkout.

use openclaw_billing::apply_waiting;
use openclaw_platform::{CustomerId, OnboardingId, accounts};
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::Duration;

use crate::TestBilling;

/// A customer's browser.
pub(crate) struct Browser<'a> {
    billing: &'a TestBilling,
    pub(crate) customer: CustomerId,
    session: SecretString,
}

impl<'a> Browser<'a> {
    pub(crate) async fn of(billing: &'a TestBilling, email: &str) -> Self {
        let (db, hour) = (&billing.database.pool, Duration::hours(1));
        let link = accounts::begin_sign_in(db, email, "pt", "/pt", hour).await.unwrap().unwrap();
        let signed_in = accounts::sign_in(db, link.expose_secret(), hour).await.unwrap().unwrap();
        Self { billing, customer: signed_in.customer.id, session: signed_in.session }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = openclaw_platform::http::client()
            .post(format!("{}{path}", self.billing.url))
            .header("cookie", format!("{}={}", accounts::SESSION_COOKIE, self.session.expose_secret()))
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    pub(crate) async fn begin(&self, onboarding: OnboardingId, tier: &str) -> (StatusCode, Value) {
        self.post("/v1/checkout", json!({ "onboarding": onboarding.to_string(), "tier": tier })).await
    }
}

#[tokio::test]
async fn only_ones_own_finished_interview_can_be_paid_for() {
    let billing = TestBilling::start().await;
    let ana = Browser::of(&billing, "ana@example.com").await;
    let rui = Browser::of(&billing, "rui@example.com").await;
    let interview = billing.interview(ana.customer).await;
    let unfinished = billing.interview(ana.customer).await;
    sqlx::query("UPDATE onboarding_sessions SET done = false WHERE id = $1")
        .bind(unfinished.0)
        .execute(&billing.database.pool)
        .await
        .unwrap();

    for (browser, onboarding, tier, field) in [
        (&rui, interview, "pro", "onboarding"),
        (&ana, unfinished, "pro", "onboarding"),
        (&ana, interview, "x", "tier"),
    ] {
        let (status, problem) = browser.begin(onboarding, tier).await;
        assert_eq!((status.as_u16(), problem["field"].as_str()), (422, Some(field)), "{problem}");
    }
    assert_eq!(billing.count("checkouts").await, 0);
}

#[tokio::test]
async fn a_demo_payment_makes_the_agent_once_and_its_end_destroys_it() {
    let billing = TestBilling::start().await;
    let ana = Browser::of(&billing, "ana@example.com").await;
    let rui = Browser::of(&billing, "rui@example.com").await;
    let interview = billing.interview(ana.customer).await;
    let (status, begun) = ana.begin(interview, "pro").await;
    assert_eq!(status, 201, "{begun}");
    let pay = format!("/v1/checkout/{}/demo-pay", begun["id"].as_str().unwrap());
    assert_eq!(rui.post(&pay, json!({})).await.0, 404);
    for _ in 0..2 {
        assert_eq!(ana.post(&pay, json!({})).await.0, 202);
        apply_waiting(&billing.applier).await.unwrap();
    }
    assert_eq!(billing.jobs().await, ["provision"]);
    // What is paid for is not sold again.
    let (status, problem) = ana.begin(interview, "pro").await;
    assert_eq!(status, 409);
    assert!(problem["type"].as_str().unwrap().ends_with("/already-paid"), "{problem}");

    let agent: String =
        sqlx::query_scalar("SELECT id::text FROM agents").fetch_one(&billing.database.pool).await.unwrap();
    let cancel = format!("/v1/agents/{agent}/cancel");
    assert_eq!(rui.post(&cancel, json!({})).await.0, 404);
    assert_eq!(ana.post(&cancel, json!({})).await.0, 202);
    apply_waiting(&billing.applier).await.unwrap();
    assert_eq!(billing.jobs().await, ["provision", "destroy"]);
}

#[tokio::test]
async fn what_is_paid_for_is_the_interview_as_it_was_when_the_checkout_began() {
    let billing = TestBilling::start().await;
    let ana = Browser::of(&billing, "ana@example.com").await;
    let interview = billing.interview(ana.customer).await;
    let change = async |answers: Value, done: bool| {
        sqlx::query("UPDATE onboarding_sessions SET answers = $2, done = $3 WHERE id = $1")
            .bind(interview.0)
            .bind(answers)
            .bind(done)
            .execute(&billing.database.pool)
            .await
            .unwrap();
    };
    let said = json!([{ "question": "name", "value": "Flores da Ana" }]);
    change(said.clone(), true).await;
    let (_, begun) = ana.begin(interview, "pro").await;
    // A second tab goes back to a question while the first one pays.
    change(json!([]), false).await;

    let (status, _) = ana.post(&format!("/v1/checkout/{}/demo-pay", begun["id"].as_str().unwrap()), json!({})).await;
    assert_eq!(status, 202);
    apply_waiting(&billing.applier).await.unwrap();
    let profile: Value =
        sqlx::query_scalar("SELECT profile FROM agents").fetch_one(&billing.database.pool).await.unwrap();
    assert_eq!(profile, said);
}
