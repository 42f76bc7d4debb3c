//! Whose turn it is. Before a call may take a place in the pool it has one of its tenant's own few places, so that
//! no tenant fills the pool for the others; and each tenant has a number of calls a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{HostConfig, PluginError, Tenant};

/// A minute: what [`HostConfig::tenant_calls_per_minute`] counts in.
const MINUTE: Duration = Duration::from_secs(60);
/// From this many tenants on, those with nothing to remember are looked for.
const SWEEP_FROM: usize = 1024;

/// The pool, and what is known of the tenants.
pub(crate) struct Turns {
    pool: Arc<Semaphore>,
    tenants: Mutex<Tenants>,
    config: Arc<HostConfig>,
}

/// A place in the pool, until it is dropped.
pub(crate) struct Turn {
    _own: Own,
    _pool: OwnedSemaphorePermit,
}

/// One of a tenant's own places, or of a release's, until it is dropped: who has one may wait for the pool.
pub(crate) struct Own {
    _place: OwnedSemaphorePermit,
    /// How long it waits for both.
    until: tokio::time::Instant,
}

struct Tenants {
    known: HashMap<Tenant, Known>,
    sweep_at: usize,
}

struct Known {
    places: Arc<Semaphore>,
    bucket: Bucket,
}

impl Turns {
    pub(crate) fn new(config: Arc<HostConfig>) -> Self {
        let pool = Arc::new(Semaphore::new(config.pool_size.max(1) as usize));
        let tenants = Mutex::new(Tenants { known: HashMap::new(), sweep_at: SWEEP_FROM });
        Self { pool, tenants, config }
    }

    /// One of the tenant's own places for a call of its, which is counted. With the place in the pool, it is waited for
    /// for [`HostConfig::queue_timeout`] at most.
    pub(crate) async fn own(&self, tenant: Tenant) -> Result<Own, PluginError> {
        let places = self.admit(tenant, Instant::now())?;
        let limit = self.config.tenant_calls.max(1);
        self.wait(places, || PluginError::TooManyCalls { limit }).await
    }

    /// The place in the pool that goes with `own`.
    pub(crate) async fn pool(&self, own: Own) -> Result<Turn, PluginError> {
        let pool = place(Arc::clone(&self.pool), own.until).await.ok_or_else(|| {
            refused("pool");
            PluginError::PoolExhausted
        })?;
        Ok(Turn { _own: own, _pool: pool })
    }

    /// A turn for one of a release's own questions, which belong to no tenant; `places` are the release's.
    pub(crate) async fn among(&self, places: &Arc<Semaphore>) -> Result<Turn, PluginError> {
        let own = self.wait(Arc::clone(places), || PluginError::PoolExhausted).await?;
        self.pool(own).await
    }

    /// How many of a release's own questions run at once: no release fills the pool with them.
    pub(crate) fn share(&self) -> usize {
        (self.config.pool_size as usize / 2).max(1)
    }

    /// Counts the call, and gives the tenant's places.
    fn admit(&self, tenant: Tenant, now: Instant) -> Result<Arc<Semaphore>, PluginError> {
        let per_minute = self.config.tenant_calls_per_minute.max(1);
        // Nothing is left half done under this lock, so a panic elsewhere has spoilt nothing.
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.sweep(now, per_minute);
        let known = tenants.known.entry(tenant).or_insert_with(|| Known {
            places: Arc::new(Semaphore::new(self.config.tenant_calls.max(1) as usize)),
            bucket: Bucket { calls: f64::from(per_minute), at: now },
        });
        match known.bucket.take(now, per_minute) {
            Ok(()) => Ok(Arc::clone(&known.places)),
            Err(retry_after) => {
                refused("rate");
                Err(PluginError::RateLimited { per_minute, retry_after })
            }
        }
    }

    /// Both queues are fair: those who wait are served in order.
    async fn wait(&self, places: Arc<Semaphore>, none: impl FnOnce() -> PluginError) -> Result<Own, PluginError> {
        let until = tokio::time::Instant::now() + self.config.queue_timeout;
        let place = place(places, until).await.ok_or_else(|| {
            refused("own");
            none()
        })?;
        Ok(Own { _place: place, until })
    }
}

fn refused(reason: &'static str) {
    metrics::counter!("plugin_turns_refused_total", "reason" => reason).increment(1);
}

/// One of `places`, at once if there is one; none when there was none until then.
async fn place(places: Arc<Semaphore>, until: tokio::time::Instant) -> Option<OwnedSemaphorePermit> {
    match Arc::clone(&places).try_acquire_owned() {
        Ok(place) => Some(place),
        Err(_) => tokio::time::timeout_at(until, places.acquire_owned()).await.ok()?.ok(),
    }
}

impl Tenants {
    /// Forgets the tenants of whom nothing need be remembered: no call is under way, and the minute's calls are all
    /// there again. Each sweep is paid for by the tenants that came since the last.
    fn sweep(&mut self, now: Instant, per_minute: u32) {
        if self.known.len() < self.sweep_at {
            return;
        }
        self.known.retain(|_, known| Arc::strong_count(&known.places) > 1 || !known.bucket.is_full(now, per_minute));
        self.known.shrink_to(SWEEP_FROM);
        self.sweep_at = (2 * self.known.len()).max(SWEEP_FROM);
    }
}

/// Calls that may still be made: as many as a minute has at most, and they come back evenly.
struct Bucket {
    calls: f64,
    at: Instant,
}

impl Bucket {
    fn filled(&self, now: Instant, per_minute: u32) -> f64 {
        let back = now.saturating_duration_since(self.at).as_secs_f64() / MINUTE.as_secs_f64() * f64::from(per_minute);
        (self.calls + back).min(f64::from(per_minute))
    }

    fn is_full(&self, now: Instant, per_minute: u32) -> bool {
        self.filled(now, per_minute) >= f64::from(per_minute)
    }

    /// Takes one, or says when there is one again.
    fn take(&mut self, now: Instant, per_minute: u32) -> Result<(), Duration> {
        let calls = self.filled(now, per_minute);
        if calls < 1.0 {
            return Err(MINUTE.mul_f64((1.0 - calls) / f64::from(per_minute)));
        }
        *self = Self { calls: calls - 1.0, at: now };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(change: impl FnOnce(&mut HostConfig)) -> Turns {
        let mut config = HostConfig { queue_timeout: Duration::from_millis(20), ..HostConfig::default() };
        change(&mut config);
        Turns::new(Arc::new(config))
    }

    #[tokio::test]
    async fn a_tenant_that_waits_for_its_own_places_leaves_the_pool_to_others() {
        let turns = turns(|config| (config.pool_size, config.tenant_calls) = (2, 1));
        let turn = async |tenant| turns.pool(turns.own(Tenant(tenant)).await?).await;
        let _first = turn(1).await.unwrap();
        assert_eq!(turn(1).await.err(), Some(PluginError::TooManyCalls { limit: 1 }));
        let _second = turn(2).await.unwrap();
        assert_eq!(turn(3).await.err(), Some(PluginError::PoolExhausted));
    }

    #[test]
    fn a_minutes_calls_come_back_evenly_and_the_refusal_says_when() {
        let turns = turns(|config| config.tenant_calls_per_minute = 6);
        let now = Instant::now();
        for _ in 0..6 {
            turns.admit(Tenant(1), now).unwrap();
        }
        let retry_after = Duration::from_secs(10);
        assert_eq!(turns.admit(Tenant(1), now).err(), Some(PluginError::RateLimited { per_minute: 6, retry_after }));
        turns.admit(Tenant(2), now).unwrap();
        turns.admit(Tenant(1), now + retry_after).unwrap();
        turns.admit(Tenant(1), now + retry_after).unwrap_err();
    }

    #[test]
    fn tenants_are_forgotten_once_there_is_nothing_to_remember() {
        let turns = turns(|_| ());
        let now = Instant::now();
        for tenant in 0..10_000 {
            turns.admit(Tenant(tenant), now).unwrap();
        }
        let held = turns.admit(Tenant(77), now).unwrap();
        // Their last call is a minute ago: all of them but the one with a call under way go.
        for tenant in 10_000..20_000 {
            turns.admit(Tenant(tenant), now + MINUTE).unwrap();
        }
        let tenants = turns.tenants.lock().unwrap();
        assert!(tenants.known.len() <= 10_001, "{}", tenants.known.len());
        assert!(tenants.known.contains_key(&Tenant(77)));
        drop(held);
    }
}
