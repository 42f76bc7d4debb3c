//! A niche's storage over Postgres: joins what the plugin host asks for with what the platform keeps.

use async_trait::async_trait;
use openclaw_platform::{Error, niche_storage};
use openclaw_plugins::storage::{Pair, Size, Storage, StorageError, Transaction, Write};

/// One customer's space of one niche.
pub(crate) struct Space(pub(crate) niche_storage::Space);

struct Open(niche_storage::Transaction);

fn failed(error: Error) -> StorageError {
    let transient = match &error {
        // 55P03: the space was in use for too long; 40xxx: the transaction lost against another.
        Error::Database(sqlx::Error::Database(e)) => e.code().is_some_and(|c| c == "55P03" || c.starts_with("40")),
        other => other.is_transient(),
    };
    if transient {
        StorageError::Unavailable("try again in a moment".into())
    } else {
        tracing::error!(%error, "a niche's storage failed");
        StorageError::Other("the platform's log says more".into())
    }
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
