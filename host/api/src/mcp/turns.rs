//! Whose turn it is, customer by customer.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use openclaw_platform::CustomerId;
use tokio::sync::Semaphore;

/// Calls that one customer's agents run at once. One that waits for its storage holds a connection to Postgres.
const CALLS_PER_CUSTOMER: usize = 4;
/// How long the turns of a customer who calls nothing are remembered.
const IDLE: Duration = Duration::from_secs(600);

/// Whose turn it is, customer by customer.
#[derive(Clone)]
pub(crate) struct Turns(Cache<CustomerId, Arc<Semaphore>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Cache::builder().time_to_idle(IDLE).build())
    }
}

impl Turns {
    pub(super) fn of(&self, customer: CustomerId) -> Arc<Semaphore> {
        self.0.get_with(customer, || Arc::new(Semaphore::new(CALLS_PER_CUSTOMER)))
    }
}
