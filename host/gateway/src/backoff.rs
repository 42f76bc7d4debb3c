//! Pauses that grow between attempts, with a little chance so that many gateways do not try in step.

use std::time::{Duration, SystemTime};

use crate::environment::Limits;

/// The pauses of one thing that is being tried again.
pub(crate) struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { next: limits.first_pause, first: limits.first_pause, longest: limits.longest_pause }
    }

    /// Waits, at least as long as the other side `asked` for.
    pub(crate) async fn pause(&mut self, asked: Option<Duration>) {
        let own = self.next;
        self.next = (own * 2).min(self.longest);
        let chance = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.subsec_micros() % 256);
        tokio::time::sleep((own + own * chance / 1024).max(asked.unwrap_or_default())).await;
    }

    /// It worked: the next failure starts again with a short pause.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// An error with its causes, and without the address: that may carry a token.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
