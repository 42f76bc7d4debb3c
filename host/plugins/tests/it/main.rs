//! The plugin host against real components: the niches of this repository, `tests/hostile`, which does what a
//! sandbox must survive, and a few written as text that no compiler would make.

mod aftermath;
mod answers;
mod connected;
mod hostile;
mod internet;
mod loading;
mod niches;
mod reaching;
mod recorded;
mod schemas;
mod speed;
mod stored;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_plugins::credentials::NoConnections;
use openclaw_plugins::grant::{Grant, Rights};
use openclaw_plugins::storage::{Ephemeral, Storage};
use openclaw_plugins::{
    CallError, CallScope, Content, Host, HostConfig, Limits, PluginError, Release, Tenant, ToolCall, ToolError,
    ToolOutcome,
};
use openclaw_testkit::components;

/// A host with limits that a test can wait for.
struct TestHost {
    host: Host,
    config: HostConfig,
    _folder: Option<tempfile::TempDir>,
}

impl TestHost {
    fn start() -> Self {
        Self::with(|_| ())
    }

    /// A host with `change` made to its settings. It keeps compiled code with the other build products, so that
    /// not every test compiles the same component.
    fn with(change: impl FnOnce(&mut HostConfig)) -> Self {
        Self::of(concat!(env!("CARGO_TARGET_TMPDIR"), "/plugins-compiled").into(), None, change)
    }

    /// A host that has compiled nothing yet, with a folder of its own.
    fn blank() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::of(folder.path().join("compiled"), Some(folder), |_| ())
    }

    fn of(cache_dir: PathBuf, folder: Option<tempfile::TempDir>, change: impl FnOnce(&mut HostConfig)) -> Self {
        let mut config = HostConfig {
            cache_dir,
            pool_size: 8,
            tenant_calls: 8,
            tenant_calls_per_minute: 100_000,
            limits: Limits { memory_bytes: 32 << 20, cpu_budget: Duration::from_millis(150), ..Limits::default() },
            ..HostConfig::default()
        };
        change(&mut config);
        Self { host: Host::new(config.clone()).unwrap(), config, _folder: folder }
    }

    async fn hostile(&self) -> Release {
        self.component("hostile").await
    }

    async fn component(&self, name: &str) -> Release {
        self.host.load(&components::bytes(name)).await.unwrap()
    }
}

/// What a call of tenant 1 may use: `storage`, as much of it as the release asks for.
async fn scope(release: &Release, storage: Arc<dyn Storage>) -> CallScope {
    let asked = release.asked().await.unwrap();
    let all = Rights::everything(u64::MAX);
    let grant = Arc::new(Grant::new(asked, all.clone(), all));
    CallScope { tenant: Tenant(1), grant, storage, credentials: Arc::new(NoConnections) }
}

async fn call_in(release: &Release, name: &str, arguments: &str, scope: CallScope) -> ToolOutcome {
    let call = ToolCall { name, arguments, locale: "pt", profile: &[], now: 1_800_000_000 };
    release.call_tool(call, scope).await
}

async fn call_with(release: &Release, name: &str, arguments: &str, storage: Arc<dyn Storage>) -> ToolOutcome {
    call_in(release, name, arguments, scope(release, storage).await).await
}

async fn call(release: &Release, name: &str) -> ToolOutcome {
    call_with(release, name, "{}", Arc::new(Ephemeral::new())).await
}

/// The text of a result.
fn text(outcome: ToolOutcome) -> String {
    match outcome.result.unwrap().content.as_slice() {
        [Content::Text { text }] => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// What the tool said no with.
fn refusal(outcome: ToolOutcome) -> ToolError {
    match outcome.result.unwrap_err() {
        CallError::Tool(error) => error,
        other => panic!("{other:?}"),
    }
}

/// What the call broke off with.
fn broken(outcome: ToolOutcome) -> PluginError {
    match outcome.result.unwrap_err() {
        CallError::Plugin(error) => error,
        other => panic!("{other:?}"),
    }
}

/// The host lives, calls are served, and none sees what another left: a counter in memory is at nought.
async fn unharmed(release: &Release) {
    for _ in 0..3 {
        assert_eq!(text(call(release, "count").await), "0");
    }
}
