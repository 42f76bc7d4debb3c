//! Server-sent events: a stream fed by a task that ends with its listener or with the API.

use std::{convert::Infallible, future::Future, time::Duration};

use axum::response::{
    Sse,
    sse::{Event, KeepAlive},
};
use openclaw_platform::db::Notice;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::AppState;

/// Events that wait for a slow listener.
const WAITING: usize = 64;
/// How often a stream without events shows that it lives, so that proxies keep it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An answer of server-sent events.
pub(crate) type Events = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// Where a task puts its events.
pub(crate) struct Sink(mpsc::Sender<Result<Event, Infallible>>);

impl Sink {
    /// Sends an event; false once nobody listens.
    pub(crate) async fn send(&self, event: Event) -> bool {
        self.0.send(Ok(event)).await.is_ok()
    }
}

/// Streams what `feed` sends. It is dropped when the listener goes or the API stops.
pub(crate) fn stream<F, R>(state: &AppState, feed: F) -> Events
where
    F: FnOnce(Sink) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let (gone, shutdown) = (sender.clone(), state.shutdown.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = feed(Sink(sender)) => {}
            () = gone.closed() => {}
            () = shutdown.cancelled() => {}
        }
    });
    Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// The next notice; `Resumed` when some may have been missed.
pub(crate) async fn next(notices: &mut broadcast::Receiver<Notice>) -> Notice {
    match notices.recv().await {
        Ok(notice) => notice,
        Err(broadcast::error::RecvError::Lagged(_)) => Notice::Resumed,
        Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
    }
}
