//! Telegram calling us: one address an agent, guarded by a secret that only Telegram was told.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use hmac::{Hmac, Mac as _};
use openclaw_platform::{config::Settings, relay};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{
    answer::{ApiError, ok},
    server::App,
    upstream,
};

/// Where Telegram sends the secret.
const HEADER: &str = "x-telegram-bot-api-secret-token";

/// How Telegram reaches us.
pub(crate) struct Webhooks {
    public_url: String,
    key: SecretString,
}

impl Webhooks {
    /// None when no public address is set.
    pub(crate) fn new(settings: &Settings) -> Option<Self> {
        let public_url = settings.relay_public_url.trim_end_matches('/').to_owned();
        (!public_url.is_empty()).then(|| Self { public_url, key: settings.platform_key.clone() })
    }

    /// The parameters of `setWebhook` for the agent with this number.
    pub(crate) fn registration(&self, number: i64) -> Value {
        json!({
            "url": format!("{}/telegram/{number}", self.public_url),
            "secret_token": self.secret(number),
            // One at a time keeps the order.
            "max_connections": 1,
            "allowed_updates": upstream::KINDS,
        })
    }

    /// Derived from the platform's key: nothing to store, and another for each agent.
    fn secret(&self, number: i64) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
        mac.update(format!("telegram webhook {number}").as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// `POST /telegram/<agent number>`, from Telegram. It repeats what is not answered with 200.
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((webhooks, number)) = app.webhooks.as_ref().zip(number.parse().ok()) else {
        return ApiError::not_found().into_response();
    };
    let given = headers.get(HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if !bool::from(given.ct_eq(webhooks.secret(number).as_bytes())) {
        return ApiError::unauthorized().into_response();
    }
    match keep(&app, number, &body).await {
        Ok(()) => ok(json!(true)),
        Err(error) => error.into_response(),
    }
}

async fn keep(app: &App, number: i64, body: &[u8]) -> Result<(), ApiError> {
    let update: Value = serde_json::from_slice(body).map_err(|_| ApiError::bad("can't parse the update"))?;
    // Telegram keeps it and asks again, as it keeps what is not polled for.
    let later = |why: &str| ApiError::telegram(503, format!("Service Unavailable: {why}"), None);
    let bot = relay::upstream(&app.db, number).await?.ok_or_else(|| later("the agent does not run"))?;
    if upstream::keep(app, &bot, update).await? { Ok(()) } else { Err(later("the agent's queue is full")) }
}
