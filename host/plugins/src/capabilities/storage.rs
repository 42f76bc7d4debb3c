//! `storage`: the customer's space of this niche, in one transaction a call. It opens at the first use, so a
//! call that stores nothing never touches the database; the sandbox commits it when the call succeeded.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::HasSelf;

use super::Capability;
use crate::contract::bindings::openclaw::niche::storage as wit;
use crate::storage::{Pair, Storage, StorageError, Transaction, Write};

pub(crate) const CAPABILITY: Capability = Capability {
    interface: "storage",
    link: |linker| wit::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.storage),
};

/// The most pairs of one scan. The quota bounds their bytes.
const SCAN_PAIRS: u32 = 10_000;
/// The longest key, as the contract says.
const KEY_BYTES: usize = 256;

/// What a call may use.
pub(crate) struct Grant {
    pub(crate) space: Arc<dyn Storage>,
    pub(crate) quota_bytes: u64,
    pub(crate) value_bytes: usize,
}

/// One call's storage.
#[derive(Default)]
pub(crate) struct PerCall {
    /// None: nothing is granted.
    grant: Option<Grant>,
    open: Option<Box<dyn Transaction>>,
    /// What the storage itself failed with. From then on the transaction is worth nothing: a database may take
    /// its commit and keep none of it.
    failed: Option<StorageError>,
    /// The space takes at most this much, as far as this call knows.
    used_at_most: Option<u64>,
}

impl PerCall {
    pub(crate) fn new(grant: Option<Grant>) -> Self {
        Self { grant, ..Self::default() }
    }

    /// Keeps what the call wrote, if it wrote. Without this, dropping the transaction rolls back.
    pub(crate) async fn commit(&mut self) -> Result<(), StorageError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        match self.open.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }

    fn grant(&self) -> Result<&Grant, StorageError> {
        self.grant.as_ref().ok_or(StorageError::NotGranted)
    }

    async fn transaction(&mut self) -> Result<&mut dyn Transaction, StorageError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if self.open.is_none() {
            self.open = Some(self.grant()?.space.begin().await?);
        }
        match self.open.as_deref_mut() {
            Some(open) => Ok(open),
            None => Err(StorageError::Other("the transaction is gone".into())),
        }
    }

    /// Remembers a failure of the storage itself.
    fn noted<T>(&mut self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    async fn stored(&mut self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let value = self.transaction().await?.get(key).await;
        self.noted(value)
    }

    /// Checks keys, values and the quota before a write reaches the storage.
    async fn admit(&mut self, writes: &[Write]) -> Result<(), StorageError> {
        let (quota, value_bytes) = {
            let grant = self.grant()?;
            (grant.quota_bytes, grant.value_bytes)
        };
        // What each key takes afterwards; the last write of a key counts.
        let mut after = HashMap::new();
        for write in writes {
            let (key, value) = match write {
                Write::Set(pair) => (&pair.key, Some(&pair.value)),
                Write::Remove(key) => (key, None),
            };
            check_key(key)?;
            if value.is_some_and(|value| value.len() > value_bytes) {
                return Err(StorageError::ValueTooLarge(value_bytes as u64));
            }
            after.insert(key, value.map_or(0, |value| (key.len() + value.len()) as u64));
        }
        let grows: u64 = after.values().sum();
        // As long as it fits even if nothing is replaced, what is there need not be read.
        if let Some(used) = self.used_at_most
            && used + grows <= quota
        {
            self.used_at_most = Some(used + grows);
            return Ok(());
        }
        let used = self.transaction().await?.size_bytes().await;
        let used = self.noted(used)?;
        let mut replaced = 0;
        if used + grows > quota {
            for key in after.keys() {
                let old = self.stored(key).await?;
                replaced += old.map_or(0, |value| (key.len() + value.len()) as u64);
            }
        }
        let used_after = (used + grows).saturating_sub(replaced);
        // A space that is over its quota already (the quota was lowered) may still shrink.
        if used_after > quota && grows > replaced {
            return Err(StorageError::QuotaExceeded(quota));
        }
        self.used_at_most = Some(used_after);
        Ok(())
    }

    async fn write(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        self.admit(&writes).await?;
        let applied = self.transaction().await?.apply(writes).await;
        self.noted(applied)
    }

    async fn read(&mut self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        check_key(key)?;
        self.stored(key).await
    }

    async fn list(&mut self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Pair>, StorageError> {
        if !prefix.is_empty() {
            check_key(prefix)?;
        }
        let pairs = self.transaction().await?.scan(prefix, after, limit.min(SCAN_PAIRS)).await;
        self.noted(pairs)
    }

    async fn compare(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, StorageError> {
        let write = match &value {
            Some(value) => Write::Set(Pair { key: key.clone(), value: value.clone() }),
            None => Write::Remove(key.clone()),
        };
        self.admit(std::slice::from_ref(&write)).await?;
        let transaction = self.transaction().await?;
        let done = transaction.compare_and_set(&key, expected.as_deref(), value.as_deref()).await;
        self.noted(done)
    }
}

fn check_key(key: &str) -> Result<(), StorageError> {
    if (1..=KEY_BYTES).contains(&key.len()) && !key.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(StorageError::InvalidKey(key.chars().take(64).collect()))
    }
}

type Answer<T> = wasmtime::Result<Result<T, wit::StorageError>>;

impl wit::Host for PerCall {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(self.read(&key).await.map_err(Into::into))
    }

    async fn scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Answer<Vec<wit::Pair>> {
        let pairs = self.list(&prefix, after.as_deref(), limit).await;
        let pair = |pair: Pair| wit::Pair { key: pair.key, value: pair.value };
        Ok(pairs.map(|pairs| pairs.into_iter().map(pair).collect()).map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Answer<()> {
        Ok(self.write(vec![Write::Set(Pair { key, value })]).await.map_err(Into::into))
    }

    async fn remove(&mut self, key: String) -> Answer<()> {
        Ok(self.write(vec![Write::Remove(key)]).await.map_err(Into::into))
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Answer<bool> {
        Ok(self.compare(key, expected, value).await.map_err(Into::into))
    }

    async fn batch(&mut self, writes: Vec<wit::Write>) -> Answer<()> {
        let write = |write| match write {
            wit::Write::Set(pair) => Write::Set(Pair { key: pair.key, value: pair.value }),
            wit::Write::Remove(key) => Write::Remove(key),
        };
        Ok(self.write(writes.into_iter().map(write).collect()).await.map_err(Into::into))
    }
}

impl From<StorageError> for wit::StorageError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotGranted => Self::NotGranted,
            StorageError::InvalidKey(key) => Self::InvalidKey(key),
            StorageError::ValueTooLarge(bytes) => Self::ValueTooLarge(bytes),
            StorageError::QuotaExceeded(bytes) => Self::QuotaExceeded(bytes),
            StorageError::Unavailable(why) => Self::Unavailable(why),
            StorageError::Other(why) => Self::Other(why),
        }
    }
}
