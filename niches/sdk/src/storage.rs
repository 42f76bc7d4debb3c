//! A customer's data as JSON values under keys. All of a call's writes are kept, or none when it fails.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ToolError;
use crate::bindings::storage as host;

pub use host::StorageError;

/// How often [`update`] tries again when another call changed the key meanwhile.
const UPDATE_ATTEMPTS: u32 = 8;

/// How many pairs one request for [`scan`] brings: with values as large as they may be, what the host hands over at once.
const SCAN_PAGE: u32 = 60;

/// Why a value could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host did not do it.
    #[error("storage: {0:?}")]
    Host(StorageError),
    /// What is stored is not what this release reads.
    #[error("the value of `{key}` cannot be read: {reason}")]
    Value {
        /// The key.
        key: String,
        /// What the JSON reader said.
        reason: String,
    },
    /// Other calls changed the key again and again.
    #[error("`{0}` kept changing; try again")]
    Contended(String),
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        Self::Host(error)
    }
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::Host(StorageError::Unavailable(_)) | Error::Contended(_) => Self::Unavailable(error.to_string()),
            Error::Host(StorageError::QuotaExceeded(_)) => Self::Refused(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// The value of `key`.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    host::get(key)?.map(|bytes| read(key, &bytes)).transpose()
}

/// Sets `key`.
pub fn set<T: Serialize>(key: &str, value: &T) -> Result<(), Error> {
    Ok(host::set(key, &write(key, value)?)?)
}

/// Removes `key`; removing what is not there is no error.
pub fn remove(key: &str) -> Result<(), Error> {
    Ok(host::remove(key)?)
}

/// All pairs whose key begins with `prefix`, in the order of the keys' bytes.
pub fn scan<T: DeserializeOwned>(prefix: &str) -> Result<Vec<(String, T)>, Error> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = host::scan(prefix, after.as_deref(), SCAN_PAGE)?;
        let last_page = page.len() < SCAN_PAGE as usize;
        for pair in page {
            let value = read(&pair.key, &pair.value)?;
            all.push((pair.key, value));
        }
        after = all.last().map(|(key, _)| key.clone());
        if last_page {
            return Ok(all);
        }
    }
}

/// Changes the value of `key` as `change` says, again if another call was quicker. `change` gets the value, or
/// none, and leaves the new one, or none to remove it; its error leaves everything as it was.
pub fn update<T, R, E>(key: &str, mut change: impl FnMut(&mut Option<T>) -> Result<R, E>) -> Result<R, E>
where
    T: Serialize + DeserializeOwned,
    E: From<Error>,
{
    for _ in 0..UPDATE_ATTEMPTS {
        let before = host::get(key).map_err(Error::from)?;
        let mut value = before.as_deref().map(|bytes| read(key, bytes)).transpose()?;
        let outcome = change(&mut value)?;
        let after = value.as_ref().map(|value| write(key, value)).transpose()?;
        if host::compare_and_set(key, before.as_deref(), after.as_deref()).map_err(Error::from)? {
            return Ok(outcome);
        }
    }
    Err(Error::Contended(key.to_owned()).into())
}

/// Several changes that happen together.
#[derive(Debug, Default)]
pub struct Batch(Vec<host::Write>);

impl Batch {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also sets `key`.
    pub fn set<T: Serialize>(mut self, key: &str, value: &T) -> Result<Self, Error> {
        self.0.push(host::Write::Set(host::Pair { key: key.to_owned(), value: write(key, value)? }));
        Ok(self)
    }

    /// Also removes `key`.
    pub fn remove(mut self, key: &str) -> Self {
        self.0.push(host::Write::Remove(key.to_owned()));
        self
    }

    /// Does all of it, or nothing.
    pub fn apply(self) -> Result<(), Error> {
        Ok(host::batch(&self.0)?)
    }
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Value { key: key.to_owned(), reason: error.to_string() })
}

fn write<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Value { key: key.to_owned(), reason: error.to_string() })
}
