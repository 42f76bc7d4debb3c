//! Locks by name within one process. Whoever waits for one waits in order, and one that nobody holds or waits for takes
//! no memory.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

type Known<K> = Arc<Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>>;

/// A lock for each `K`. Clones are the same locks.
pub struct Locks<K>(Known<K>);

/// A lock that is held, until it is dropped.
pub struct Lock<K: Eq + Hash> {
    // Let go of first: the place looks who else is there.
    _held: OwnedMutexGuard<()>,
    _place: Place<K>,
}

/// Somebody's interest in a lock: they hold it, or wait for it.
struct Place<K: Eq + Hash> {
    known: Known<K>,
    key: K,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<K: Clone + Eq + Hash> Locks<K> {
    /// Waits for the lock of `key`, behind those who waited before.
    pub async fn lock(&self, key: K) -> Lock<K> {
        let place = self.place(key);
        Lock { _held: Arc::clone(&place.lock).lock_owned().await, _place: place }
    }

    /// The lock of `key`, if it is free.
    pub fn try_lock(&self, key: K) -> Option<Lock<K>> {
        let place = self.place(key);
        Some(Lock { _held: Arc::clone(&place.lock).try_lock_owned().ok()?, _place: place })
    }

    fn place(&self, key: K) -> Place<K> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = Arc::clone(known.entry(key.clone()).or_default());
        Place { known: Arc::clone(&self.0), key, lock }
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one: references are only made under this lock, so nobody else comes in between.
        if Arc::strong_count(&self.lock) == 2 {
            known.remove(&self.key);
        }
    }
}

impl<K> Clone for Locks<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> fmt::Debug for Locks<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locks")
    }
}

impl<K: Eq + Hash> fmt::Debug for Lock<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_in_order_and_others_beside_it() {
        let locks = Locks::default();
        let first = locks.lock("a").await;
        let beside = timeout(Duration::from_secs(5), locks.lock("b")).await.unwrap();
        assert!(locks.try_lock("a").is_none());
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for n in 0..3 {
            let (locks, order) = (locks.clone(), Arc::clone(&order));
            waiting.push(tokio::spawn(async move {
                let _held = locks.lock("a").await;
                order.lock().unwrap().push(n);
            }));
            // Until it stands in the queue: the map's reference, the holder's, and those of each that waits.
            tokio::task::yield_now().await;
        }
        drop(first);
        for waiter in waiting {
            waiter.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
        drop(beside);
        assert!(locks.try_lock("a").is_some() && locks.try_lock("b").is_some());
    }

    #[tokio::test]
    async fn nothing_is_remembered_of_a_lock_that_nobody_holds_or_waits_for() {
        let locks = Locks::default();
        let held = locks.lock(7).await;
        assert!(timeout(Duration::from_millis(1), locks.lock(7)).await.is_err());
        assert!(locks.try_lock(7).is_none());
        assert_eq!(locks.0.lock().unwrap().len(), 1);
        drop(held);
        for key in 0..100 {
            drop(locks.lock(key).await);
        }
        assert_eq!(locks.0.lock().unwrap().len(), 0);
    }
}
