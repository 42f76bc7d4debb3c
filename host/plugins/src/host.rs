//! The host: one engine, one pool and the releases loaded into it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, Semaphore};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::Cache;
use crate::engine::{self, Ticker};
use crate::net::Connector;
use crate::release::Shared;
use crate::sandbox::Call;
use crate::turns::Turns;
use crate::{Digest, HostConfig, PluginError, Release, capabilities, inspection};

/// The plugin host. Clones are cheap and are the same host; the engine and its clock end with the last of them
/// and of its releases.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<Call>,
    cache: Arc<Cache>,
    config: Arc<HostConfig>,
    turns: Arc<Turns>,
    connector: Arc<Connector>,
    /// One compilation at a time: it takes every core, and a flood of uploads must not stop the calls.
    compiling: Arc<Semaphore>,
    loaded: Mutex<HashMap<Digest, Slot>>,
    ticker: Arc<Ticker>,
}

/// Filled once: of several who load the same bytes at the same time, one does the work.
type Slot = Arc<OnceCell<Release>>;

impl Host {
    /// Starts an engine and its clock, and opens the cache of compiled code.
    pub fn new(config: HostConfig) -> Result<Self, PluginError> {
        let engine = engine::engine(&config)?;
        let config = Arc::new(config);
        Ok(Self(Arc::new(Inner {
            linker: capabilities::linker(&engine)?,
            cache: Arc::new(Cache::open(&config.cache_dir, &engine)?),
            connector: Arc::new(Connector::new(config.network.clone())?),
            turns: Arc::new(Turns::new(Arc::clone(&config))),
            compiling: Arc::new(Semaphore::new(1)),
            loaded: Mutex::default(),
            ticker: Arc::new(Ticker::start(&engine)?),
            config,
            engine,
        })))
    }

    /// Makes `bytes` ready to answer: compiled, or loaded from the cache, and held against the contract. The
    /// same bytes again give the same release at once.
    pub async fn load(&self, bytes: &[u8]) -> Result<Release, PluginError> {
        let limit = self.0.config.limits.component_bytes;
        if bytes.len() > limit {
            return Err(PluginError::TooLarge { bytes: bytes.len(), limit });
        }
        is_component(bytes)?;
        let digest = Digest::of(bytes);
        let slot = Arc::clone(self.loaded().entry(digest).or_default());
        let release = slot.get_or_try_init(|| self.prepare(digest, bytes)).await.cloned();
        drop(slot);
        if release.is_err() {
            // Empty slots go, but for those that someone else is filling right now.
            self.loaded().retain(|_, slot| slot.initialized() || Arc::strong_count(slot) > 1);
        }
        release
    }

    /// The engine that components run on: for measuring against it.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// A release that is loaded already.
    pub fn get(&self, digest: &Digest) -> Option<Release> {
        self.loaded().get(digest).and_then(|slot| slot.get().cloned())
    }

    /// Lets go of a release: calls in flight end as they began, its memory is free afterwards.
    pub fn unload(&self, digest: &Digest) {
        self.loaded().remove(digest);
    }

    async fn prepare(&self, digest: Digest, bytes: &[u8]) -> Result<Release, PluginError> {
        let began = std::time::Instant::now();
        let cache = Arc::clone(&self.0.cache);
        let kept = blocking(move || Ok(cache.kept(&digest))).await?;
        let was_kept = kept.is_some();
        let component = match kept {
            Some(component) => component,
            None => self.compile(digest, bytes).await?,
        };
        let inspection = inspection::inspect(&self.0.engine, &component)?;
        let pre =
            self.0.linker.instantiate_pre(&component).map_err(|error| PluginError::Compile(format!("{error:#}")))?;
        let shared = Shared {
            questions: Arc::new(Semaphore::new(self.0.turns.share())),
            turns: Arc::clone(&self.0.turns),
            config: Arc::clone(&self.0.config),
            connector: Arc::clone(&self.0.connector),
            _ticker: Arc::clone(&self.0.ticker),
        };
        let release = Release::new(digest, inspection, pre, shared)?;
        tracing::info!(%digest, was_kept, took = ?began.elapsed(), "a release is loaded");
        Ok(release)
    }

    /// Compiles what was not kept, once those before it are compiled.
    async fn compile(&self, digest: Digest, bytes: &[u8]) -> Result<Component, PluginError> {
        let turn = Arc::clone(&self.0.compiling).acquire_owned().await;
        let (cache, bytes) = (Arc::clone(&self.0.cache), bytes.to_vec());
        blocking(move || {
            let _one_at_a_time = turn;
            cache.compile(&digest, &bytes)
        })
        .await
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<Digest, Slot>> {
        // Nothing is left half done under this lock, so a panic elsewhere has spoilt nothing.
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// Does `work` on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PluginError> + Send + 'static,
) -> Result<T, PluginError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| PluginError::Compile(format!("the compiler stopped: {error}")))?
}

/// Looks at the preamble: `\0asm`, then the version and whether it is a module or a component.
fn is_component(bytes: &[u8]) -> Result<(), PluginError> {
    let not = |why: &str| Err(PluginError::NotAComponent(why.to_owned()));
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', _, _, 0, 0, ..] => not("it is a core module; build it for wasm32-wasip2"),
        _ => not("it does not begin like WebAssembly"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A component that does nothing: it loads as far as it is found to be no niche.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[tokio::test]
    async fn what_was_compiled_before_loads_while_something_else_is_compiled() {
        let dir = tempfile::tempdir().unwrap();
        let config = HostConfig { cache_dir: dir.path().join("compiled"), pool_size: 1, ..HostConfig::default() };
        let host = Host::new(config).unwrap();
        let first = host.load(EMPTY).await.err();
        assert!(matches!(first, Some(PluginError::MissingExport(_))), "{first:?}");
        let _compiling = host.0.compiling.acquire().await.unwrap();
        let again = timeout(Duration::from_secs(10), host.load(EMPTY)).await;
        assert_eq!(again.expect("it waits for nobody").err(), first);
    }
}
