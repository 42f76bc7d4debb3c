//! Pauses between attempts: they double up to a longest, with jitter so that many do not try in step.

use std::time::Duration;

use rand::Rng as _;

/// Most attempts of a job that may fail before it is given up.
pub const ATTEMPT_LIMIT: i32 = 8;
/// Between the attempts of a job.
pub const JOBS: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };
/// Between the starts of a gateway that dies.
pub const GATEWAYS: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(60) };

/// Between attempts at what a right is for that was just given: the API server knows of it a moment later, and nothing
/// tells when.
pub const RIGHTS: Backoff = Backoff { first: Duration::from_millis(20), longest: Duration::from_secs(1) };
/// How many of those there are before it is taken for a right that is not there.
pub const RIGHTS_ATTEMPTS: u32 = 8;

/// How much a pause varies around its length, as a part of it.
const JITTER: f64 = 0.25;

/// A growing pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// However many failures there were.
    pub longest: Duration,
}

impl Backoff {
    /// The pause after `failures` in a row, of which the last is counted.
    pub fn pause(&self, failures: u32) -> Duration {
        self.pause_with(failures, rand::rng().random_range(-1.0..=1.0))
    }

    /// The same where `chance`, from -1 to 1, decides the jitter.
    pub fn pause_with(&self, failures: u32, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
        doubled.min(self.longest).mul_f64(1.0 + JITTER * chance.clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = [0, 1, 2, 3, 6, 7, 100].map(|n| JOBS.pause_with(n, 0.0).as_secs());
        assert_eq!(pauses, [1, 1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn chance_moves_a_pause_by_a_quarter_at_most() {
        assert_eq!(JOBS.pause_with(3, -1.0), Duration::from_secs(3));
        assert_eq!(JOBS.pause_with(3, 1.0), Duration::from_secs(5));
        let pause = JOBS.pause(3);
        assert!(pause >= Duration::from_secs(3) && pause <= Duration::from_secs(5), "{pause:?}");
    }
}
