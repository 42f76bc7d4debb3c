//! The tools of an agent's niche over MCP (streamable HTTP, without sessions): each call in a fresh sandbox, with the
//! customer's storage, kept for the dashboard.

mod call;
mod listing;
mod result;
mod server;

use std::sync::Arc;

use axum::Router;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use self::server::NicheTools;
use crate::{AppState, auth::require_gateway};

/// Largest request, in bytes.
const LARGEST_REQUEST: usize = 1 << 20;

/// `/mcp`, for those with a proxy token.
pub(crate) fn router(state: AppState) -> Router<AppState> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        // The bearer token keeps browsers out; behind a service the host may have any name.
        .disable_allowed_hosts()
        .with_max_request_body_bytes(LARGEST_REQUEST)
        .with_cancellation_token(state.shutdown.clone());
    let server = NicheTools { state: state.clone() };
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), config);
    Router::new().route_service("/mcp", service).layer(axum::middleware::from_fn_with_state(state, require_gateway))
}
