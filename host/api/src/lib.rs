//! HTTP: the marketplace, sign-in, the interview, agents and their chat, releases, and what gateways need of us (their
//! state, their niche's tools over MCP).
//!
//! One file a resource in `routes/`, each handler with its entry in `GET /openapi.json`. What money is about (checkout,
//! portal, Stripe's webhook) comes from the billing crate as a router that the executable hands to [`serve`].

mod auth;
mod body;
mod chat;
mod error;
mod events;
mod housekeeping;
mod interview;
mod limits;
mod locale;
mod mcp;
mod niches;
mod openapi;
mod progress;
mod releases;
mod responses;
mod routes;
mod sentences;
mod state;
mod storage;
mod telegram;
mod views;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Json, Router, middleware, routing::get};
use openclaw_platform::{config::Settings, db, http};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

pub use error::ApiError;
pub use state::AppState;

/// How long to wait for the active releases before serving without them.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// How long requests may go on after the role was told to stop.
const GRACE: Duration = Duration::from_secs(4);

/// Why the role cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting, the port, or Postgres.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// The plugin host.
    #[error("niches cannot be run: {0}")]
    Plugins(#[from] openclaw_plugins::PluginError),
    /// The listener broke.
    #[error("the API stopped listening: {0}")]
    Listener(#[from] std::io::Error),
}

/// Every route of the API, and of `extra` beside them.
pub fn router(state: AppState, extra: Router) -> Router {
    let release_bytes = state.settings.release_mib as usize * (1 << 20);
    let (routes, document) =
        OpenApiRouter::with_openapi(openapi::base()).merge(routes::router(release_bytes)).split_for_parts();
    let document = Arc::new(openapi::complete(document));
    Router::new()
        .merge(routes)
        .merge(mcp::router())
        .merge(http::health("api"))
        .route("/openapi.json", get(move || async move { Json((*document).clone()) }))
        .with_state(state.clone())
        .merge(extra)
        .method_not_allowed_fallback(responses::method_not_allowed)
        .fallback(responses::no_route)
        .layer(middleware::map_response(responses::as_problem))
        .layer(CatchPanicLayer::custom(responses::panicked))
        .layer(middleware::from_fn_with_state(state, auth::refuse_forged))
        .layer(middleware::from_fn(responses::measured))
}

/// Serves the API at `API_LISTEN` until `shutdown`. `extra` is what others serve at the same address.
pub async fn serve(settings: Settings, extra: Router, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = http::bind(settings.api_listen, "API_LISTEN").await?;
    serve_on(listener, settings, extra, shutdown).await
}

/// The same on a listener that is there already.
pub async fn serve_on(
    listener: TcpListener,
    settings: Settings,
    extra: Router,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let db = db::pool(&settings.database_url, settings.database_connections)?;
    tokio::spawn(housekeeping::keep(db.clone(), shutdown.clone()));
    tokio::spawn(releases::evaluator::judge(db.clone(), shutdown.clone()));
    let state = AppState::new(Arc::new(settings), db, shutdown.clone())?;
    // An empty marketplace would be a lie; with Postgres away there is nothing to wait for.
    if let Ok(Err(error)) = tokio::time::timeout(FIRST_LOOK, state.niches.look()).await {
        tracing::warn!(%error, "serving before the active releases could be read");
    }
    let address = listener.local_addr()?;
    tracing::info!(%address, "the API serves");
    let stopped = shutdown.clone().cancelled_owned();
    let service = router(state, extra).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stopped).into_future();
    tokio::select! {
        ended = serving => ended?,
        // Whatever still goes on after this would hold up the whole platform.
        () = async { shutdown.cancelled().await; tokio::time::sleep(GRACE).await } => {}
    }
    Ok(())
}
