//! `storage`: the customer's space of this niche, in one transaction a call. It opens at the first use, so a
//! call that stores nothing never touches the database; the sandbox commits it when the call succeeded.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::HasSelf;

use super::{Capability, Refusals, Served, Setup};
use crate::Spent;
use crate::contract::bindings::openclaw::niche::storage as wit;
use crate::grant::{Grant, bytes_in_words};
use crate::recording::tape::{Tape, answered, asking};
use crate::recording::{Blob, questions};
use crate::storage::{Pair, Size, Storage, StorageError, Transaction, Write};

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "openclaw:niche", interfaces: &["storage"] }],
    import: "openclaw:niche/storage",
    wished: |wishes| (wishes.storage_bytes > 0).then(|| format!("{} storage", bytes_in_words(wishes.storage_bytes))),
    link: |linker| wit::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.storage),
};

/// The most pairs of one scan.
const SCAN_PAIRS: u32 = 10_000;
/// The longest key, as the contract says.
const KEY_BYTES: usize = 256;

/// One call's storage.
pub(crate) struct PerCall {
    /// None: the call belongs to no tenant.
    scope: Option<(Arc<Grant>, Arc<dyn Storage>)>,
    value_bytes: usize,
    keys: u64,
    scan_bytes: u64,
    /// What the grant said, once it was asked.
    quota_bytes: Option<u64>,
    open: Option<Box<dyn Transaction>>,
    /// What the storage itself failed with. From then on the transaction is worth nothing: a database may take
    /// its commit and keep none of it.
    failed: Option<StorageError>,
    /// The space takes at most this much, as far as this call knows.
    used_at_most: Option<Size>,
    wrote: bool,
    /// What the space takes once the call's writes were kept.
    kept_bytes: Option<u64>,
    refusals: Refusals,
    tape: Option<Tape>,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        Self {
            scope: setup.scope.as_ref().map(|scope| (Arc::clone(&scope.grant), Arc::clone(&scope.storage))),
            value_bytes: setup.limits.value_bytes,
            keys: setup.limits.storage_keys,
            scan_bytes: setup.limits.scan_bytes,
            quota_bytes: None,
            open: None,
            failed: None,
            used_at_most: None,
            wrote: false,
            kept_bytes: None,
            refusals: setup.refusals.clone(),
            tape: setup.tape.clone(),
        }
    }

    pub(crate) fn meter(&self, spent: &mut Spent) {
        spent.storage_bytes = self.kept_bytes;
    }

    /// Keeps what the call wrote, if it wrote. Without this, dropping the transaction rolls back.
    pub(crate) async fn commit(&mut self) -> Result<(), StorageError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let Some(mut transaction) = self.open.take() else { return Ok(()) };
        if !self.wrote {
            return transaction.commit().await;
        }
        let size = transaction.size().await?;
        transaction.commit().await?;
        self.kept_bytes = Some(size.bytes);
        Ok(())
    }

    /// The bytes that the tenant's space may take.
    fn quota(&mut self) -> Result<u64, StorageError> {
        if let Some(quota) = self.quota_bytes {
            return Ok(quota);
        }
        let (grant, _) = self.scope.as_ref().ok_or(StorageError::NotGranted)?;
        let quota = grant.storage().map_err(|refusal| {
            self.refusals.note("storage", refusal.by.as_str(), &refusal);
            StorageError::NotGranted
        })?;
        self.quota_bytes = Some(quota);
        Ok(quota)
    }

    async fn transaction(&mut self) -> Result<&mut dyn Transaction, StorageError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        self.quota()?;
        if let (None, Some((_, space))) = (&self.open, &self.scope) {
            self.open = Some(space.begin().await?);
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
        let (quota, keys, value_bytes) = (self.quota()?, self.keys, self.value_bytes);
        // What each key takes afterwards, nothing when it is gone; the last write of a key counts.
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
            after.insert(key, value.map(|value| (key.len() + value.len()) as u64));
        }
        let grows =
            Size { bytes: after.values().flatten().sum(), keys: after.values().filter(|kept| kept.is_some()).count() as u64 };
        let fits = |size: Size| size.bytes <= quota && size.keys <= keys;
        let grown = |used: Size| Size { bytes: used.bytes + grows.bytes, keys: used.keys + grows.keys };
        // As long as it fits even if nothing is replaced, what is there need not be read.
        if let Some(most) = self.used_at_most.map(grown).filter(|most| fits(*most)) {
            self.used_at_most = Some(most);
            return Ok(());
        }
        let used = self.transaction().await?.size().await;
        let used = self.noted(used)?;
        let mut replaced = Size::default();
        if !fits(grown(used)) {
            for key in after.keys() {
                if let Some(old) = self.stored(key).await? {
                    replaced.bytes += (key.len() + old.len()) as u64;
                    replaced.keys += 1;
                }
            }
        }
        let most = grown(used);
        let most = Size {
            bytes: most.bytes.saturating_sub(replaced.bytes),
            keys: most.keys.saturating_sub(replaced.keys),
        };
        // A space that is over its quota already (the quota was lowered) may still shrink.
        if most.bytes > quota && grows.bytes > replaced.bytes {
            return Err(StorageError::QuotaExceeded(quota));
        }
        if most.keys > keys && grows.keys > replaced.keys {
            return Err(StorageError::TooManyKeys(keys));
        }
        self.used_at_most = Some(most);
        Ok(())
    }

    async fn write(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        self.admit(&writes).await?;
        self.wrote = true;
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
        let most_bytes = self.scan_bytes;
        let pairs = self.transaction().await?.scan(prefix, after, limit.min(SCAN_PAIRS), most_bytes).await;
        match pairs {
            // The storage is well, and the niche may ask for less.
            Err(StorageError::ScanTooLarge(bytes)) => Err(StorageError::ScanTooLarge(bytes)),
            pairs => self.noted(pairs),
        }
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
        self.wrote = true;
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
        let asking = asking(self.tape.as_ref(), || questions::Get { key: key.clone() });
        let value = answered(asking, async { self.read(&key).await.map(|value| value.map(Blob)) }).await?;
        Ok(value.map(|value| value.map(|blob| blob.0)).map_err(Into::into))
    }

    async fn scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Answer<Vec<wit::Pair>> {
        let question = || questions::Scan { prefix: prefix.clone(), after: after.clone(), limit };
        let asking = asking(self.tape.as_ref(), question);
        let pairs = answered(asking, self.list(&prefix, after.as_deref(), limit)).await?;
        let pair = |pair: Pair| wit::Pair { key: pair.key, value: pair.value };
        Ok(pairs.map(|pairs| pairs.into_iter().map(pair).collect()).map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Answer<()> {
        let question = || questions::Set { key: key.clone(), value: value.clone() };
        let asking = asking(self.tape.as_ref(), question);
        let done = answered(asking, self.write(vec![Write::Set(Pair { key, value })])).await?;
        Ok(done.map_err(Into::into))
    }

    async fn remove(&mut self, key: String) -> Answer<()> {
        let asking = asking(self.tape.as_ref(), || questions::Remove { key: key.clone() });
        let done = answered(asking, self.write(vec![Write::Remove(key)])).await?;
        Ok(done.map_err(Into::into))
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Answer<bool> {
        let question = || questions::CompareAndSet {
            key: key.clone(),
            expected: expected.clone().map(Blob),
            value: value.clone().map(Blob),
        };
        let asking = asking(self.tape.as_ref(), question);
        let done = answered(asking, self.compare(key, expected, value)).await?;
        Ok(done.map_err(Into::into))
    }

    async fn batch(&mut self, writes: Vec<wit::Write>) -> Answer<()> {
        let write = |write| match write {
            wit::Write::Set(pair) => Write::Set(Pair { key: pair.key, value: pair.value }),
            wit::Write::Remove(key) => Write::Remove(key),
        };
        let writes: Vec<Write> = writes.into_iter().map(write).collect();
        let asking = asking(self.tape.as_ref(), || questions::Batch { writes: writes.clone() });
        let done = answered(asking, self.write(writes)).await?;
        Ok(done.map_err(Into::into))
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
            // The contract has no words of its own for these.
            StorageError::TooManyKeys(_) | StorageError::ScanTooLarge(_) | StorageError::LeftIdle(_) => Self::Other(error.to_string()),
        }
    }
}
