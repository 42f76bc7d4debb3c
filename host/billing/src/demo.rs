//! The demo checkout of `dev`: no money moves, and the events are as Stripe's, signed, to the same webhook.

use axum::extract::{Path, State};
use http::StatusCode;
use openclaw_platform::{billing::Subscription, http::client};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use stripe_webhook::Webhook;
use time::{Duration, OffsetDateTime};

use crate::{
    Billing, BillingError,
    checkout::{SignedIn, of_customer},
    event::Prices,
};

/// What the ids of demo customers begin with.
pub(crate) const CUSTOMER: &str = "cus_demo_";

/// `POST /v1/checkout/{id}/demo-pay`
pub(crate) async fn pay(
    State(state): State<Billing>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, BillingError> {
    let id = id.parse().map_err(|_| BillingError::NotFound("checkout"))?;
    let checkout = of_customer(&state, &customer, id).await?;
    // Paying twice is one payment: the ids are made from the checkout's.
    let (reference, simple) = (checkout.id.to_string(), checkout.id.0.simple());
    let session = json!({
        "id": format!("cs_demo_{simple}"), "object": "checkout.session", "mode": "subscription",
        "payment_status": "paid", "client_reference_id": reference,
        "customer": format!("{CUSTOMER}{}", customer.id.0.simple()), "subscription": format!("sub_demo_{simple}"),
    });
    send(&state, "checkout.session.completed", &format!("evt_demo_paid_{simple}"), &session).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Ends the demo subscription as Stripe would.
pub(crate) async fn cancel(state: &Billing, subscription: &Subscription) -> Result<(), BillingError> {
    let prices = Prices::new(&state.settings);
    let object = json!({
        "id": subscription.id, "object": "subscription", "status": "canceled",
        "items": { "data": [{ "price": { "id": prices.price(&subscription.tier) },
                              "current_period_end": (OffsetDateTime::now_utc() + Duration::days(1)).unix_timestamp() }] },
    });
    send(state, "customer.subscription.deleted", &format!("evt_demo_end_{}", subscription.id), &object).await
}

async fn send(state: &Billing, kind: &str, id: &str, object: &Value) -> Result<(), BillingError> {
    let event = json!({
        "id": id, "object": "event", "type": kind, "created": OffsetDateTime::now_utc().unix_timestamp(),
        "livemode": false, "pending_webhooks": 1, "data": { "object": object },
    })
    .to_string();
    let signature = Webhook::generate_test_header(&event, state.webhook_secret.expose_secret(), None);
    let answer = client()
        .post(format!("{}/webhooks/stripe", state.settings.api_url))
        .header("stripe-signature", signature)
        .header("content-type", "application/json")
        .timeout(std::time::Duration::from_secs(10))
        .body(event)
        .send()
        .await
        .map_err(|e| BillingError::Stripe(format!("the demo event did not arrive: {e}")))?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(BillingError::Stripe(format!("the demo event was answered {status}"))),
    }
}
