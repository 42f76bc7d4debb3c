//! Answers whoever asks how the gateway is, at the paths that OpenClaw answers too: Kubernetes' probes.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::{GatewayError, agent::Agent};

/// Answers on `address` until what it returns is dropped.
pub(crate) async fn answer(address: SocketAddr, agent: Arc<Agent>) -> Result<AbortOnDropHandle<()>, GatewayError> {
    let listener = TcpListener::bind(address).await.map_err(|source| GatewayError::Probes { address, source })?;
    let routes = Router::new()
        // Alive as long as its one thread comes round to answering. What is away is waited for: to be started anew
        // would only take longer.
        .route("/healthz", get(async || "alive"))
        .route("/startupz", get(async || "started"))
        .route("/readyz", get(ready))
        .with_state(agent);
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "probes are no longer answered");
        }
    })))
}

/// Whether messages reach it.
async fn ready(State(agent): State<Arc<Agent>>) -> (StatusCode, String) {
    match agent.health.hears() {
        Ok(()) => (StatusCode::OK, "ready".into()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}
