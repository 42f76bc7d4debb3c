//! The bytes of a request and its answer on their way: counted, bounded, and never waited for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::NetError;
use super::meter::{Meter, Running};

/// A stream under a call's meter.
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
    between_bytes: Duration,
    /// The other side has begun to answer. How long that may take is the connector's to say, since the request's body is
    /// still on its way meanwhile.
    heard: bool,
    /// Runs while more of the answer is waited for.
    waiting: Option<Pin<Box<Sleep>>>,
    _running: Running,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>, between_bytes: Duration, running: Running) -> Self {
        Self { stream, meter, between_bytes, heard: false, waiting: None, _running: running }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.waiting = None;
                read?;
                let received = buffer.filled().len() - before;
                self.heard |= received > 0;
                self.meter.receive(received)?;
                Poll::Ready(Ok(()))
            }
            Poll::Pending if !self.heard => Poll::Pending,
            Poll::Pending => {
                let between_bytes = self.between_bytes;
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(between_bytes)));
                ready!(waiting.as_mut().poll(context));
                Poll::Ready(Err(NetError::Late("the other side was silent for too long").into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let most = self.meter.may_send()?.min(bytes.len());
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..most]))?;
        self.meter.sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
