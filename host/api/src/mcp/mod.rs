//! The tools of an agent's niche over MCP (streamable HTTP): each call in a fresh sandbox, with the customer's storage,
//! kept for the dashboard.
//!
//! No replica keeps anything for a client: any of them answers any request. A client of the protocol's versions with
//! sessions is given a name for its own, which tells its requests from others' when it cancels one.

mod call;
mod cancellation;
mod changes;
mod listing;
mod metering;
mod pin;
mod progress;
mod result;
mod server;
mod session;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::StatusCode;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde::Deserialize;

pub(crate) use self::{
    cancellation::{CHANNEL as CANCELLATIONS, Calls},
    changes::Listeners,
};
use self::{server::NicheTools, session::Session};
use crate::{
    AppState,
    auth::Gateway,
    error::{ApiError, Result},
};

/// Largest request, in bytes.
const LARGEST_REQUEST: usize = 1 << 20;

/// `/mcp`, for those with a proxy token.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/mcp", post(answer).get(changes::stream))
}

/// What is looked at of a message before the protocol's own server reads it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    method: String,
    params: serde_json::Value,
}

/// Answers one message of a client.
async fn answer(State(state): State<AppState>, Gateway(caller): Gateway, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let session = session::named(&parts.headers)?;
    let body = to_bytes(body, LARGEST_REQUEST).await.map_err(|_| ApiError::TooLarge(LARGEST_REQUEST))?;
    // What is no message at all is the protocol's server to refuse.
    let message: Message = serde_json::from_slice(&body).unwrap_or_default();
    match message.method.as_str() {
        "notifications/cancelled" => {
            cancellation::hear(&state, caller.agent, session, &message.params).await;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        method => {
            let begins = method == "initialize";
            let tools = NicheTools::new(&state, caller, session, &message).await;
            let mut response = serve(&state, tools, Request::from_parts(parts, Body::from(body))).await;
            if begins && response.status().is_success() {
                session::give(response.headers_mut());
            }
            Ok(response)
        }
    }
}

/// Hands one message to the protocol's server, which lives for it alone.
async fn serve(state: &AppState, tools: NicheTools, request: Request) -> Response {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        // The bearer token keeps browsers out; behind a service the host may have any name.
        .disable_allowed_hosts()
        .with_max_request_body_bytes(LARGEST_REQUEST)
        .with_cancellation_token(state.shutdown.clone());
    let service =
        StreamableHttpService::new(move || Ok(tools.clone()), Arc::new(NeverSessionManager::default()), config);
    service.handle(request).await.map(Body::new)
}
