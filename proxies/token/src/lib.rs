//! The token proxy: agents reach their language model through it, and hold no key of a provider.
//!
//! A request is authenticated by the agent's proxy token, held to the customer's rate, set against the agent's quota
//! before it is forwarded, and metered exactly once after. Redis holds what must be quick (rates, reservations, usage
//! on its way), Postgres what must last.

mod completions;
mod flush;
mod metering;
mod models;
mod notices;
mod problem;
mod provider;
mod proxy;
mod quota;
mod rate;
mod request;
mod scripts;
mod sentences;
mod sse;
mod streaming;
mod usage;

use std::{future::IntoFuture as _, net::SocketAddr, time::Duration};

use openclaw_platform::{config::Settings, http as platform_http};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::proxy::Proxy;

/// How long answers that are under way may go on after the role was told to stop.
const GRACE: Duration = Duration::from_millis(2_500);
/// How long metering what was cut off may take after that.
const LAST_WORDS: Duration = Duration::from_millis(1_500);

/// Why the token proxy could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is wrong, or the address is taken.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// Listening broke off.
    #[error("the token proxy stopped serving: {0}")]
    Serve(#[from] std::io::Error),
}

/// Serves on `TOKEN_PROXY_LISTEN` until `shutdown`.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = platform_http::bind(settings.token_proxy_listen, "TOKEN_PROXY_LISTEN").await?;
    serve_on(listener, settings, shutdown).await
}

/// Serves on a listener of the caller's until `shutdown`; Postgres and Redis may come later.
pub async fn serve_on(listener: TcpListener, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let proxy = Proxy::new(settings)?;
    let address: Option<SocketAddr> = listener.local_addr().ok();
    tracing::info!(?address, provider = proxy.provider_name(), "the token proxy is serving");
    let flusher = tokio::spawn(flush::run(proxy.meter.clone(), shutdown.clone()));
    let server = axum::serve(listener, proxy::router(proxy.clone()))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let served = tokio::select! {
        served = server => served,
        () = overdue => Ok(()),
    };
    shutdown.cancel();
    proxy.closing.cancel();
    proxy.meter.tasks.close();
    // What is not metered by now stays reserved until the reservation expires.
    if tokio::time::timeout(LAST_WORDS, proxy.meter.tasks.wait()).await.is_err() {
        tracing::error!("stopping with requests that could not be metered: Redis and Postgres are away");
    }
    let _ = flusher.await;
    Ok(served?)
}
