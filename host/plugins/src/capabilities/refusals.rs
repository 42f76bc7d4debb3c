//! What one call was refused, whichever capability refused it: counted, and the first of it kept in words, so that a
//! niche's author and an admin can read who said no.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::log::beginning;
use crate::Spent;

/// Characters of the words that are kept.
const KEPT: usize = 300;

/// Who says no to what a release should not have wanted. The others, which are bounds of traffic and what another host is
/// or answers, say no to the moment.
const OF_THE_RELEASE: [&str; 4] = ["release", "admin", "platform", "rule"];

/// One call's refusals. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU32,
    /// Those of them that say something of the release.
    of_the_release: AtomicU32,
    first: OnceLock<String>,
}

impl Refusals {
    /// Notes that `capability` was refused `what`, and by whom in one word.
    pub(crate) fn note(&self, capability: &'static str, by: &'static str, what: &impl Display) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
        if OF_THE_RELEASE.contains(&by) {
            self.0.of_the_release.fetch_add(1, Ordering::Relaxed);
        }
        // A guest may be refused as often as it likes: more than the first would be its way to fill memory.
        self.0.first.get_or_init(|| beginning(&what.to_string(), KEPT));
        metrics::counter!("plugin_refusals_total", "capability" => capability, "by" => by).increment(1);
    }

    /// What was refused first.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.first.get().map(String::as_str)
    }

    /// Adds what was counted.
    pub(crate) fn meter(&self, spent: &mut Spent) {
        spent.refusals += self.0.count.load(Ordering::Relaxed);
        spent.ungranted += self.0.of_the_release.load(Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_or_a_bound_refuses_is_no_fault_of_the_release() {
        let refusals = Refusals::default();
        for by in ["release", "admin", "platform", "rule", "address", "limit", "secret"] {
            refusals.note("http", by, &"no");
        }
        let mut spent = Spent::default();
        refusals.meter(&mut spent);
        assert_eq!((spent.refusals, spent.ungranted), (7, 4));
    }
}
