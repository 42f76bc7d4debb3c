//! A provider that sends the same bytes to everyone, for shapes that the scripted one does not speak.

use axum::{Router, response::IntoResponse as _};
use http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs until it is dropped.
pub(crate) struct Canned {
    /// Its base, ending in `/v1`.
    pub(crate) url: String,
    _running: DropGuard,
}

impl Canned {
    pub(crate) async fn start(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
        let router = Router::new().fallback(move || async move {
            (status, [(header::CONTENT_TYPE, content_type), (header::RETRY_AFTER, "7")], body).into_response()
        });
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped => {}
                _ = axum::serve(listener, router) => {}
            }
        });
        Self { url, _running: shutdown.drop_guard() }
    }

    /// Chunks as server-sent events.
    pub(crate) async fn events(chunks: &[serde_json::Value]) -> Self {
        let events: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        Self::start(200, "text/event-stream", events + "data: [DONE]\n\n").await
    }
}
