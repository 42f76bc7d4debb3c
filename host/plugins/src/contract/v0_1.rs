//! All that it takes to serve openclaw:niche 0.1 beside the newest version: what its niches say is made into the
//! newest, what they ask of the host is asked of the same capabilities, and the answers are made into 0.1's. When
//! 0.1 is no longer served, this file goes.

use wasmtime::component::{HasSelf, Linker};

use super::bindings::exports::openclaw::niche::catalog as new_catalog;
use super::bindings::openclaw::niche as new;
use super::bindings::v0_1::exports::openclaw::niche::catalog as old_catalog;
use super::bindings::v0_1::openclaw::niche as old;
use crate::capabilities::{connections, log, storage};
use crate::sandbox::Call;

/// Answers 0.1's imports.
pub(crate) fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    old::logging::add_to_linker::<_, HasSelf<log::PerCall>>(linker, |call| &mut call.given.log)?;
    old::storage::add_to_linker::<_, HasSelf<storage::PerCall>>(linker, |call| &mut call.given.storage)?;
    old::connections::add_to_linker::<_, HasSelf<connections::PerCall>>(linker, |call| &mut call.given.connections)
}

// === what a niche asks to use ===

impl From<old_catalog::Wishes> for new_catalog::Wishes {
    fn from(wishes: old_catalog::Wishes) -> Self {
        Self { hosts: all(wishes.hosts), connections: all(wishes.connections), storage_bytes: wishes.storage_bytes }
    }
}

impl From<old_catalog::HostWish> for new_catalog::HostWish {
    /// 0.1 names no methods: any may be sent.
    fn from(wish: old_catalog::HostWish) -> Self {
        Self { host: wish.host, methods: vec![], reason: wish.reason }
    }
}

impl From<old_catalog::ConnectionWish> for new_catalog::ConnectionWish {
    fn from(wish: old_catalog::ConnectionWish) -> Self {
        Self { provider: wish.provider, reason: wish.reason, required: wish.required }
    }
}

fn all<Old, New: From<Old>>(items: Vec<Old>) -> Vec<New> {
    items.into_iter().map(Into::into).collect()
}

// === logging ===

impl old::logging::Host for log::PerCall {
    async fn log(&mut self, level: old::logging::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            old::logging::Level::Debug => new::logging::Level::Debug,
            old::logging::Level::Info => new::logging::Level::Info,
            old::logging::Level::Warn => new::logging::Level::Warn,
            old::logging::Level::Error => new::logging::Level::Error,
        };
        new::logging::Host::log(self, level, message).await
    }
}

// === storage ===

type Stored<T> = wasmtime::Result<Result<T, old::storage::StorageError>>;

fn stored<T>(answer: wasmtime::Result<Result<T, new::storage::StorageError>>) -> Stored<T> {
    Ok(answer?.map_err(Into::into))
}

impl old::storage::Host for storage::PerCall {
    async fn get(&mut self, key: String) -> Stored<Option<Vec<u8>>> {
        stored(new::storage::Host::get(self, key).await)
    }

    async fn scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Stored<Vec<old::storage::Pair>> {
        let pairs = new::storage::Host::scan(self, prefix, after, limit).await;
        stored(pairs).map(|pairs| pairs.map(all))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Stored<()> {
        stored(new::storage::Host::set(self, key, value).await)
    }

    async fn remove(&mut self, key: String) -> Stored<()> {
        stored(new::storage::Host::remove(self, key).await)
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Stored<bool> {
        stored(new::storage::Host::compare_and_set(self, key, expected, value).await)
    }

    async fn batch(&mut self, writes: Vec<old::storage::Write>) -> Stored<()> {
        stored(new::storage::Host::batch(self, all(writes)).await)
    }
}

impl From<new::storage::Pair> for old::storage::Pair {
    fn from(pair: new::storage::Pair) -> Self {
        Self { key: pair.key, value: pair.value }
    }
}

impl From<old::storage::Write> for new::storage::Write {
    fn from(write: old::storage::Write) -> Self {
        match write {
            old::storage::Write::Set(pair) => Self::Set(new::storage::Pair { key: pair.key, value: pair.value }),
            old::storage::Write::Remove(key) => Self::Remove(key),
        }
    }
}

impl From<new::storage::StorageError> for old::storage::StorageError {
    fn from(error: new::storage::StorageError) -> Self {
        match error {
            new::storage::StorageError::NotGranted => Self::NotGranted,
            new::storage::StorageError::InvalidKey(key) => Self::InvalidKey(key),
            new::storage::StorageError::ValueTooLarge(bytes) => Self::ValueTooLarge(bytes),
            new::storage::StorageError::QuotaExceeded(bytes) => Self::QuotaExceeded(bytes),
            new::storage::StorageError::Unavailable(why) => Self::Unavailable(why),
            new::storage::StorageError::Other(why) => Self::Other(why),
        }
    }
}

// === connections ===

impl old::connections::Host for connections::PerCall {
    async fn send(
        &mut self,
        request: old::connections::Request,
    ) -> wasmtime::Result<Result<old::connections::Response, old::connections::ConnectionError>> {
        let answer = new::connections::Host::send(self, request.into()).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl From<old::connections::Request> for new::connections::Request {
    fn from(request: old::connections::Request) -> Self {
        let header =
            |header: old::connections::Header| new::connections::Header { name: header.name, value: header.value };
        Self {
            provider: request.provider,
            method: request.method,
            path: request.path,
            headers: request.headers.into_iter().map(header).collect(),
            body: request.body,
        }
    }
}

impl From<new::connections::Response> for old::connections::Response {
    fn from(response: new::connections::Response) -> Self {
        let header =
            |header: new::connections::Header| old::connections::Header { name: header.name, value: header.value };
        Self {
            status: response.status,
            headers: response.headers.into_iter().map(header).collect(),
            body: response.body,
        }
    }
}

impl From<new::connections::ConnectionError> for old::connections::ConnectionError {
    fn from(error: new::connections::ConnectionError) -> Self {
        match error {
            new::connections::ConnectionError::NotGranted => Self::NotGranted,
            new::connections::ConnectionError::NotConnected => Self::NotConnected,
            new::connections::ConnectionError::InvalidRequest(why) => Self::InvalidRequest(why),
            new::connections::ConnectionError::LimitExceeded(why) => Self::LimitExceeded(why),
            new::connections::ConnectionError::Unavailable(why) => Self::Unavailable(why),
            new::connections::ConnectionError::Other(why) => Self::Other(why),
        }
    }
}
