//! The relay: speaks Telegram's Bot API to gateways, and takes their messages from Telegram or the dashboard's chat.
//!
//! A gateway holds a stand-in bot token and knows nothing of what lies behind it. An agent's real bot token is read
//! here alone, never answered and never logged. Updates wait in Postgres until the gateway confirms them, so that
//! either side may restart; what a send that carries a key promises is written in `openclaw_platform::relay::sends`.
//! Strangers are passed on: whom an agent talks to is for its gateway's allow-list to decide.
//!
//! Two gateways that poll for the same agent are told apart within one relay process. Several relay processes may run
//! behind one address as long as an agent's gateway is one; which of them reads which bot is settled by a lock.

mod answer;
mod formatting;
mod forward;
mod pace;
mod params;
mod polling;
mod server;
mod telegram;
mod upstream;
mod web_chat;
mod webhook;

use std::time::Duration;

use openclaw_platform::{config::Settings, http};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take to end at shutdown.
const FAREWELL: Duration = Duration::from_secs(4);

/// Why the relay does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is wrong, or its port is taken.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// The listener broke.
    #[error("the relay stopped listening: {0}")]
    Io(#[from] std::io::Error),
}

/// Runs the relay on `RELAY_LISTEN` until `shutdown`.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = http::bind(settings.relay_listen, "RELAY_LISTEN").await?;
    serve_on(listener, settings, shutdown).await
}

/// The same on a listener that is there already.
pub async fn serve_on(listener: TcpListener, settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    let app = server::App::start(&settings, &shutdown)?;
    let reading = tokio::spawn(upstream::run(app.clone()));
    tracing::info!(address = %listener.local_addr()?, "the relay is serving");
    let serving = axum::serve(listener, server::router(app)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        served = serving => served?,
        () = async { shutdown.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
            tracing::warn!("requests under way were cut off");
        }
    }
    // Ended by the same shutdown; what it has not kept by now Telegram gives again.
    let _ = tokio::time::timeout(Duration::from_millis(500), reading).await;
    Ok(())
}
