//! What `http` and `connections` share of one call: its grant, its meter, the way out, and what is refused on it.

use std::sync::Arc;

use super::refusals::Refusals;
use crate::grant::Grant;
use crate::net::{Connector, Meter, NetError};

/// One call's way out. Clones are the same.
#[derive(Clone)]
pub(crate) struct Egress {
    pub(crate) grant: Arc<Grant>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) refusals: Refusals,
}

impl Egress {
    /// Notes what `capability` was refused, if anybody refused it.
    pub(super) fn refused(&self, capability: &'static str, error: &NetError) {
        if let Some(by) = error.refused_by() {
            self.refusals.note(capability, by, error);
        }
    }
}
