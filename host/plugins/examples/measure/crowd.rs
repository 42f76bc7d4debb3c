//! Many at once: whether calls go with the cores, and what becomes of those that find the pool full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use openclaw_plugins::storage::{Ephemeral, Storage, StorageError, Transaction};
use openclaw_plugins::{Host, HostConfig, Release};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::{Failure, Subject, Tool, at, config, scope};

/// How long is measured, and how long before.
const MEASURED: Duration = Duration::from_secs(3);
const WARM: Duration = Duration::from_millis(500);
/// Tenants that call without a pause while the pool has a place for each.
const FEW: u128 = 16;
/// The small pool, and how many tenants want it, each with two calls at once.
const POOL: u32 = 8;
const MANY: u128 = 200;
/// How far away the storage is of those that fill the pool: a call holds its place meanwhile.
const AWAY: Duration = Duration::from_millis(1);

/// `computes` waits for nothing, `stores` opens its storage.
pub(crate) fn measure(computes: &Subject, stores: &Subject) -> Result<Value, Failure> {
    let folder = tempfile::tempdir()?;
    let one = crowd(1, computes, FEW, 1, config(folder.path()))?;
    let two = crowd(2, computes, FEW, 1, config(folder.path()))?;
    let full = HostConfig { pool_size: POOL, tenant_calls: 2, ..config(folder.path()) };
    let mut past = crowd(2, stores, MANY, 2, full)?;
    let (least, most) = (past.served.iter().min().unwrap_or(&0), past.served.iter().max().unwrap_or(&1));
    Ok(json!({
        "one_worker_per_second": one.per_second(),
        "two_workers_per_second": two.per_second(),
        "past_the_pool_per_second": past.per_second(),
        "past_the_pool_failures": past.failures,
        "past_the_pool_p99_millis": at(&mut past.millis, 0.99),
        "past_the_pool_least_share": *least as f64 / *most as f64,
    }))
}

/// A space whose transactions take as long to open as a database's.
struct Away(Ephemeral);

#[async_trait]
impl Storage for Away {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        tokio::time::sleep(AWAY).await;
        self.0.begin().await
    }
}

/// What a crowd saw.
struct Seen {
    served: Vec<u64>,
    failures: u64,
    millis: Vec<f64>,
}

impl Seen {
    fn per_second(&self) -> f64 {
        self.served.iter().sum::<u64>() as f64 / MEASURED.as_secs_f64()
    }
}

/// `tenants` that each keep `at_once` calls under way, on as many `workers`.
fn crowd(
    workers: usize,
    subject: &Subject,
    tenants: u128,
    at_once: usize,
    config: HostConfig,
) -> Result<Seen, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    runtime.block_on(async {
        let release = Host::new(config)?.load(&subject.bytes).await?;
        let asked = release.asked().await?;
        let failures = Arc::new(AtomicU64::new(0));
        let from = Instant::now() + WARM;
        let mut callers = tokio::task::JoinSet::new();
        for tenant in 0..tenants {
            for _ in 0..at_once {
                let caller = Caller { release: release.clone(), tool: subject.tool.clone() };
                let scope = scope(tenant, &asked, Away(Ephemeral::new()));
                let failures = Arc::clone(&failures);
                callers.spawn(async move { (tenant, caller.call(scope, from, &failures).await) });
            }
        }
        let mut seen = Seen { served: vec![0; tenants as usize], failures: 0, millis: vec![] };
        while let Some(called) = callers.join_next().await {
            let (tenant, millis) = called?;
            seen.served[tenant as usize] += millis.len() as u64;
            seen.millis.extend(millis);
        }
        seen.failures = failures.load(Ordering::Relaxed);
        Ok(seen)
    })
}

struct Caller {
    release: Release,
    tool: Tool,
}

impl Caller {
    /// Calls until the time is over; gives the milliseconds of the calls that ended within it.
    async fn call(&self, scope: openclaw_plugins::CallScope, from: Instant, failures: &AtomicU64) -> Vec<f64> {
        let mut millis = Vec::new();
        loop {
            let began = Instant::now();
            let outcome = self.release.call_tool(self.tool.call(), scope.clone()).await;
            let ended = Instant::now();
            if outcome.result.is_err() {
                failures.fetch_add(1, Ordering::Relaxed);
            }
            if ended >= from + MEASURED {
                return millis;
            }
            if ended >= from {
                millis.push((ended - began).as_secs_f64() * 1000.0);
            }
            // As a server would between two requests: whoever waits gets its turn.
            tokio::task::yield_now().await;
        }
    }
}
