//! `POST /webhooks/stripe`: verify, keep, answer. What follows is the worker's.

use ::stripe_webhook::{Webhook, WebhookError};
use axum::{body::Bytes, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use openclaw_platform::billing;
use secrecy::ExposeSecret as _;

use crate::{Billing, BillingError, event::Envelope};

/// Takes an event whose signature over the raw body is right and not older than five minutes.
pub(crate) async fn receive(
    State(state): State<Billing>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, BillingError> {
    let bad = |why: &str| BillingError::BadWebhook(why.to_owned());
    let signature = headers
        .get("stripe-signature")
        .and_then(|v| v.to_str().ok())
        .ok_or_else(|| bad("the header Stripe-Signature is missing"))?;
    let text = std::str::from_utf8(&body).map_err(|_| bad("the body is not UTF-8"))?;
    match Webhook::construct_event(text, signature, state.webhook_secret.expose_secret()) {
        // The signature comes first; that the library's types do not know this API version is no fault of the event's.
        Ok(_) | Err(WebhookError::BadParse(_)) => {}
        Err(error) => {
            metrics::counter!("billing_webhooks_total", "outcome" => "refused").increment(1);
            return Err(BillingError::BadWebhook(format!(
                "the signature is not right: {error}. Is STRIPE_WEBHOOK_SECRET this endpoint's?"
            )));
        }
    }
    let event: Envelope = serde_json::from_str(text).map_err(|e| BillingError::BadWebhook(format!("no event: {e}")))?;
    let whole: serde_json::Value = serde_json::from_str(text).map_err(|e| BillingError::BadWebhook(e.to_string()))?;
    let new = billing::keep_event(&state.db, &event.id, &event.kind, event.created, &whole).await?;
    metrics::counter!("billing_webhooks_total", "outcome" => if new { "kept" } else { "known" }).increment(1);
    Ok(StatusCode::OK)
}
