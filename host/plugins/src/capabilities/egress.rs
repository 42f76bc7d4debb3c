//! What `http` and `connections` share of one call: its grant, its meter and the way out.

use std::sync::Arc;

use crate::grant::Grant;
use crate::net::{Connector, Meter};

/// One call's way out. Clones are the same.
#[derive(Clone)]
pub(crate) struct Egress {
    pub(crate) grant: Arc<Grant>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) meter: Arc<Meter>,
}
