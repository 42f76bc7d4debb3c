//! A niche's storage over Postgres: joins what the plugin host asks for with what the platform keeps.

use async_trait::async_trait;
use openclaw_platform::{Error, niche_storage};
use openclaw_plugins::storage::{Pair, Size, Storage, StorageError, Transaction, Write};

/// One customer's space of one niche.
pub(crate) struct Space(pub(crate) niche_storage::Space);

struct Open(niche_storage::Transaction);

/// What the niche is told, and what is counted: a host that is too small is told from a niche that is too slow.
fn failed(error: Error) -> StorageError {
    let (reason, told) = match &error {
        Error::SpaceInUse(_) => ("space", StorageError::Unavailable(error.to_string())),
        Error::NoStorageConnection(_) => ("connections", StorageError::Unavailable(error.to_string())),
        Error::StorageLeftIdle(idle) => ("idle", StorageError::LeftIdle(*idle)),
        // 40xxx: the transaction lost against another.
        Error::Database(sqlx::Error::Database(e)) if e.code().is_some_and(|c| c.starts_with("40")) => {
            ("conflict", StorageError::Unavailable("another call came first; try again in a moment".into()))
        }
        error if error.is_transient() => {
            ("away", StorageError::Unavailable("the platform's database does not answer; try again in a moment".into()))
        }
        error => {
            tracing::error!(%error, "a niche's storage failed");
            ("other", StorageError::Other("the platform's log says more".into()))
        }
    };
    metrics::counter!("niche_storage_failures_total", "reason" => reason).increment(1);
    told
}

#[async_trait]
impl Storage for Space {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        Ok(Box::new(Open(self.0.begin().await.map_err(failed)?)))
    }
}

#[async_trait]
impl Transaction for Open {
    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(key).await.map_err(failed)
    }

    async fn scan(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        most_bytes: u64,
    ) -> Result<Vec<Pair>, StorageError> {
        let pairs = self.0.scan(prefix, after, limit, most_bytes).await.map_err(failed)?;
        let pairs = pairs.ok_or(StorageError::ScanTooLarge(most_bytes))?;
        Ok(pairs.into_iter().map(|(key, value)| Pair { key, value }).collect())
    }

    async fn apply(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        for write in writes {
            match write {
                Write::Set(pair) => {
                    self.0.set(&pair.key, &pair.value).await.map_err(failed)?;
                }
                Write::Remove(key) => self.0.remove(&key).await.map_err(failed)?,
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
        // The transaction has its space to itself: what is read now is still there when it is written.
        if self.0.get(key).await.map_err(failed)?.as_deref() != expected {
            return Ok(false);
        }
        match value {
            Some(value) => {
                self.0.set(key, value).await.map_err(failed)?;
            }
            None => self.0.remove(key).await.map_err(failed)?,
        }
        Ok(true)
    }

    async fn size(&mut self) -> Result<Size, StorageError> {
        let (bytes, keys) = self.0.size().await.map_err(failed)?;
        Ok(Size { bytes, keys })
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.0.commit().await.map_err(failed)
    }
}
