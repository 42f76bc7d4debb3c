//! What gateways tell of themselves.

use axum::extract::State;
use http::StatusCode;
use openclaw_platform::agents;
use serde::{Deserialize, Serialize};

use crate::{AppState, auth::Gateway, body::Body, error::Result};

/// How a gateway is.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Heartbeat {
    /// What it does.
    phase: Phase,
    /// Whether the relay answers it.
    telegram_ok: bool,
    /// When the LLM last answered it, in RFC 3339.
    last_llm_at: Option<String>,
    /// What is wrong.
    error: Option<String>,
}

/// What a gateway does.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Waits for messages.
    Ready,
    /// Answers one.
    Working,
    /// Cannot work.
    Error,
}

/// Keeps how the gateway is. The operator waits for the first one to call the agent live.
#[utoipa::path(
    post, path = "/v1/agent/heartbeat", tag = "gateways", request_body = Heartbeat, responses((status = 204))
)]
pub(crate) async fn beat(
    State(state): State<AppState>,
    Gateway(caller): Gateway,
    Body(beat): Body<Heartbeat>,
) -> Result<StatusCode> {
    let told = serde_json::to_value(&beat).map_err(|e| openclaw_platform::Error::Corrupt(e.to_string()))?;
    agents::heartbeat(&state.db, caller.agent, &told).await?;
    Ok(StatusCode::NO_CONTENT)
}
