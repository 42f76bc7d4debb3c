//! What a niche's key-value storage is, as the host needs it. Postgres' implementation lives in the platform;
//! [`Ephemeral`] is the one for self-tests and try-outs.
//!
//! A [`Storage`] is one customer's space of one niche. A tool call that touches it opens one [`Transaction`] at
//! its first use; the host commits it when the call succeeded and drops it otherwise. The host has checked
//! keys, sizes and the quota before an implementation sees a write.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Why the storage did not do it. The niche is told the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum StorageError {
    /// The release was granted no storage.
    #[error("this niche was granted no storage")]
    NotGranted,
    /// A key that may not be.
    #[error("a key has 1 to 256 bytes without control characters; this one does not: {0}")]
    InvalidKey(String),
    /// A value over the limit, in bytes.
    #[error("a value may have {0} bytes at most")]
    ValueTooLarge(u64),
    /// The space is full; its size in bytes.
    #[error("the customer's data may take {0} bytes in all, and this would be more")]
    QuotaExceeded(u64),
    /// The space has as many keys as it may.
    #[error("the customer's data may have {0} keys at most, and this would be more")]
    TooManyKeys(u64),
    /// What a scan found is more than is handed over at once, in bytes.
    #[error("one scan brings {0} bytes at most, and this would be more: ask for fewer pairs at a time")]
    ScanTooLarge(u64),
    /// The call left its transaction alone for longer than one may, and lost it.
    #[error(
        "the call did nothing with its storage for {0:?} and lost it: read what you need, be done with other hosts, then write"
    )]
    LeftIdle(Duration),
    /// Away for now: a connection lost, a conflict that a repetition may solve.
    #[error("the storage is away for now: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("the storage failed: {0}")]
    Other(String),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The key: 1 to 256 bytes of UTF-8 without control characters.
    pub key: String,
    /// The value.
    #[serde(with = "crate::recording::bytes")]
    pub value: Vec<u8>,
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Sets it.
    Set(Pair),
    /// Removes it; removing what is not there is no error.
    Remove(String),
}

/// What a space takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Of all keys and values together.
    pub bytes: u64,
    /// How many keys there are.
    pub keys: u64,
}

/// One customer's space of one niche.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Opens a transaction. Transactions of one space behave as if they ran one after the other.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError>;
}

/// All that one call reads and writes. Dropping it rolls back.
#[async_trait]
pub trait Transaction: Send {
    /// The value of `key`.
    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// At most `limit` pairs whose key begins with `prefix` and lies after `after`, in the order of the keys'
    /// bytes (in Postgres: `collate "C"`). When their keys and values have more than `most_bytes` together it is
    /// [`StorageError::ScanTooLarge`], found out before much more than that is held in memory.
    async fn scan(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        most_bytes: u64,
    ) -> Result<Vec<Pair>, StorageError>;

    /// Does all of `writes`, in order, or none.
    async fn apply(&mut self, writes: Vec<Write>) -> Result<(), StorageError>;

    /// Sets `key` to `value` (removes it for none) if its value is `expected` (none: absent). Says whether it did.
    async fn compare_and_set(
        &mut self,
        key: &str,
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<bool, StorageError>;

    /// What the space takes now, this transaction's writes included.
    async fn size(&mut self) -> Result<Size, StorageError>;

    /// Keeps what was written.
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

/// A space in memory that ends with its owner. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ephemeral {
    kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Ephemeral {
    /// An empty space.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is kept now.
    pub async fn pairs(&self) -> Vec<Pair> {
        let kept = self.kept.lock().await;
        kept.iter().map(|(key, value)| Pair { key: key.clone(), value: value.clone() }).collect()
    }
}

#[async_trait]
impl Storage for Ephemeral {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        // The guard lives as long as the transaction: one at a time, so they are serial by construction.
        let kept = Arc::clone(&self.kept).lock_owned().await;
        let pairs = kept.clone();
        Ok(Box::new(EphemeralTransaction { kept, pairs }))
    }
}

/// The guard over what is kept, and the copy that the call works on.
struct EphemeralTransaction {
    kept: OwnedMutexGuard<BTreeMap<String, Vec<u8>>>,
    pairs: BTreeMap<String, Vec<u8>>,
}

#[async_trait]
impl Transaction for EphemeralTransaction {
    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.pairs.get(key).cloned())
    }

    async fn scan(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        most_bytes: u64,
    ) -> Result<Vec<Pair>, StorageError> {
        // Whichever begins later: the prefix itself, or what follows `after`.
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let (mut pairs, mut bytes) = (Vec::new(), 0);
        let found = self.pairs.range::<str, _>((start, Bound::Unbounded));
        for (key, value) in found.take_while(|(key, _)| key.starts_with(prefix)).take(limit as usize) {
            bytes += (key.len() + value.len()) as u64;
            if bytes > most_bytes {
                return Err(StorageError::ScanTooLarge(most_bytes));
            }
            pairs.push(Pair { key: key.clone(), value: value.clone() });
        }
        Ok(pairs)
    }

    async fn apply(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        for write in writes {
            match write {
                Write::Set(pair) => {
                    self.pairs.insert(pair.key, pair.value);
                }
                Write::Remove(key) => {
                    self.pairs.remove(&key);
                }
            }
        }
        Ok(())
    }

    async fn compare_and_set(
        &mut self,
        key: &str,
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<bool, StorageError> {
        if self.pairs.get(key).map(Vec::as_slice) != expected {
            return Ok(false);
        }
        match value {
            Some(value) => self.pairs.insert(key.to_owned(), value.to_owned()),
            None => self.pairs.remove(key),
        };
        Ok(true)
    }

    async fn size(&mut self) -> Result<Size, StorageError> {
        let bytes = self.pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        Ok(Size { bytes, keys: self.pairs.len() as u64 })
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        *self.kept = self.pairs;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Write {
        Write::Set(Pair { key: key.into(), value: value.into() })
    }

    #[tokio::test]
    async fn a_dropped_transaction_leaves_nothing_and_a_committed_one_stays() {
        let space = Ephemeral::new();
        let mut dropped = space.begin().await.unwrap();
        dropped.apply(vec![set("a", "1")]).await.unwrap();
        drop(dropped);
        assert!(space.pairs().await.is_empty());

        let mut kept = space.begin().await.unwrap();
        kept.apply(vec![set("a", "1"), set("b", "22"), Write::Remove("a".into())]).await.unwrap();
        assert_eq!(kept.size().await.unwrap(), Size { bytes: 3, keys: 1 });
        kept.commit().await.unwrap();
        assert_eq!(space.pairs().await, [Pair { key: "b".into(), value: b"22".to_vec() }]);
    }

    #[tokio::test]
    async fn a_scan_keeps_to_its_prefix_its_start_and_its_limit() {
        let space = Ephemeral::new();
        let mut tx = space.begin().await.unwrap();
        tx.apply(["a/1", "b/1", "b/2", "b/3", "c/1"].iter().map(|key| set(key, "")).collect()).await.unwrap();
        let mut keys = async |prefix: &str, after: Option<&str>, limit| {
            let pairs = tx.scan(prefix, after, limit, 100).await.unwrap();
            pairs.into_iter().map(|pair| pair.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("b/", None, 10).await, ["b/1", "b/2", "b/3"]);
        assert_eq!(keys("b/", Some("b/1"), 1).await, ["b/2"]);
        assert_eq!(keys("b/", Some("a/9"), 2).await, ["b/1", "b/2"]);
        assert_eq!(keys("b/", Some("c"), 2).await, Vec::<String>::new());
        assert_eq!(tx.scan("b/", None, 3, 8).await, Err(StorageError::ScanTooLarge(8)));
    }

    #[tokio::test]
    async fn compare_and_set_acts_only_on_what_it_expected() {
        let space = Ephemeral::new();
        let mut tx = space.begin().await.unwrap();
        assert!(tx.compare_and_set("a", None, Some(b"1")).await.unwrap());
        assert!(!tx.compare_and_set("a", None, Some(b"2")).await.unwrap());
        assert!(tx.compare_and_set("a", Some(b"1"), None).await.unwrap());
        assert_eq!(tx.get("a").await.unwrap(), None);
    }
}
