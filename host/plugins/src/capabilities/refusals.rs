//! What one call was refused, whichever capability refused it: counted, and the first of it kept in words, so that a
//! niche's author and an admin can read who said no.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::log::beginning;
use crate::Spent;

/// Characters of the words that are kept.
const KEPT: usize = 300;

/// One call's refusals. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU32,
    first: OnceLock<String>,
}

impl Refusals {
    /// Notes that `capability` was refused `what`, and by whom in one word.
    pub(crate) fn note(&self, capability: &'static str, by: &'static str, what: &impl Display) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
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
    }
}
