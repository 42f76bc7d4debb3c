//! What a thousand tenants take in memory beside one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{Host, HostConfig, Release};
use serde_json::{Value, json};

use crate::releases::distinct;
use crate::{Failure, Subject, Tool, config, scope};

const TENANTS: u128 = 1000;
/// Releases that each of them calls.
const NICHES: usize = 4;
/// Calls of the one tenant before the first look: as many as fill what a host keeps ready.
const BEFORE: usize = 500;

#[tokio::main]
pub(crate) async fn measure(subjects: &[Subject]) -> Result<Value, Failure> {
    let folder = tempfile::tempdir()?;
    let patient = HostConfig { queue_timeout: Duration::from_secs(60), ..config(folder.path()) };
    let host = Host::new(patient)?;
    let mut releases = Vec::new();
    for number in 0..NICHES {
        let subject = &subjects[number % subjects.len()];
        let release = host.load(&distinct(&subject.bytes, number)).await?;
        let called = Called { release, tool: subject.tool.clone() };
        for _ in 0..BEFORE / NICHES {
            called.by(1).await?;
        }
        releases.push(Arc::new(called));
    }
    let one = resident_mb()?;

    let all = Arc::new(AtomicBool::new(false));
    let watching = Arc::clone(&all);
    // While they call, not only afterwards.
    let most = std::thread::spawn(move || {
        let mut most = one;
        while !watching.load(Ordering::Relaxed) {
            most = resident_mb().unwrap_or(most).max(most);
            std::thread::sleep(Duration::from_millis(2));
        }
        most
    });
    let mut calls = tokio::task::JoinSet::new();
    for tenant in 1..=TENANTS {
        for called in &releases {
            let called = Arc::clone(called);
            calls.spawn(async move { called.by(tenant).await });
        }
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    all.store(true, Ordering::Relaxed);
    let most = most.join().map_err(|_| "the watcher stopped")?.max(resident_mb()?);
    Ok(json!({ "one_tenant_mb": one, "tenants_mb": most, "more_mb": most - one }))
}

struct Called {
    release: Release,
    tool: Tool,
}

impl Called {
    async fn by(&self, tenant: u128) -> Result<(), Failure> {
        let scope = scope(tenant, &self.release.asked().await?, Ephemeral::new());
        self.release.call_tool(self.tool.call(), scope).await.result?;
        Ok(())
    }
}

/// What this process has in memory now, in megabytes.
fn resident_mb() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1000.0)
}
