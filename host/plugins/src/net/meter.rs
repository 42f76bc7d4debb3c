//! What one call sends and receives, counted and bounded, whichever capability does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::NetError;
use crate::Spent;
use crate::limits::EgressLimits;

/// One call's traffic. Shared with the connections it opened, which may outlive a moment of it.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: EgressLimits,
    requests: AtomicU32,
    at_once: AtomicU32,
    sent: AtomicU64,
    received: AtomicU64,
}

/// One of the requests that may run at once, until it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Arc<Meter>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Meter {
    pub(crate) fn new(limits: EgressLimits) -> Self {
        Self {
            limits,
            requests: AtomicU32::new(0),
            at_once: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    pub(crate) fn limits(&self) -> &EgressLimits {
        &self.limits
    }

    /// Counts a request that is about to be sent.
    pub(super) fn begin(self: &Arc<Self>) -> Result<Running, NetError> {
        // Counted first and held by the guard: what is refused below gives it back.
        let at_once = self.at_once.fetch_add(1, Ordering::Relaxed);
        let running = Running(Arc::clone(self));
        if at_once >= self.limits.at_once {
            return Err(NetError::Limit("too many requests at once"));
        }
        if self.requests.fetch_add(1, Ordering::Relaxed) >= self.limits.requests {
            self.requests.fetch_sub(1, Ordering::Relaxed);
            return Err(NetError::Limit("more requests than a call may send"));
        }
        Ok(running)
    }

    /// How many bytes more may be sent: some.
    pub(super) fn may_send(&self) -> Result<usize, NetError> {
        match self.limits.sent_bytes.saturating_sub(self.sent.load(Ordering::Relaxed)) {
            0 => Err(NetError::Limit("more bytes than a call may send")),
            left => Ok(usize::try_from(left).unwrap_or(usize::MAX)),
        }
    }

    /// Counts what was sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts what was received, if it was not too much.
    pub(super) fn receive(&self, bytes: usize) -> Result<(), NetError> {
        let before = self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 > self.limits.received_bytes {
            return Err(NetError::Limit("more bytes than a call may receive"));
        }
        Ok(())
    }

    /// Adds what was counted.
    pub(crate) fn meter(&self, spent: &mut Spent) {
        spent.requests += self.requests.load(Ordering::Relaxed);
        spent.egress_bytes += self.sent.load(Ordering::Relaxed);
        spent.ingress_bytes += self.received.load(Ordering::Relaxed);
    }
}
