//! Measures the host with one component, for `cargo xtask bench main-job`: prints JSON.

use std::{path::PathBuf, sync::Arc, time::Instant};

use openclaw_plugins::{
    CallScope, Host, HostConfig, Tenant, ToolCall, credentials::NoConnections, grant::Grant, storage::Ephemeral,
};

/// Calls before counting, and calls that count.
const CALLS: (usize, usize) = (200, 2000);
/// How often the cached component is loaded.
const LOADS: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let component: PathBuf = std::env::args().nth(1).ok_or("which component?")?.into();
    let bytes = std::fs::read(component)?;
    let folder = tempfile::tempdir()?;
    let config = || HostConfig {
        cache_dir: folder.path().join("cache"),
        // One tenant makes all the calls.
        tenant_calls_per_minute: u32::MAX,
        ..HostConfig::default()
    };
    Host::new(config())?.load(&bytes).await?;

    let mut loads = Vec::new();
    for _ in 0..LOADS {
        // A host of its own has loaded nothing yet: it finds the compiled code on disk.
        let host = Host::new(config())?;
        let began = Instant::now();
        host.load(&bytes).await?;
        loads.push(began.elapsed().as_secs_f64() * 1000.0);
    }

    let host = Host::new(config())?;
    let release = host.load(&bytes).await?;
    let tool = release.list_tools("pt").await?.into_iter().find(|t| t.read_only).ok_or("it has no read-only tool")?;
    let arguments = std::env::args().nth(2).unwrap_or_else(|| r#"{"medicines":["varfarina","ibuprofeno"]}"#.into());
    let asked = release.asked().await?;
    let scope = CallScope {
        tenant: Tenant(1),
        grant: Arc::new(Grant::new(asked.clone(), asked.clone(), asked)),
        storage: Arc::new(Ephemeral::new()),
        credentials: Arc::new(NoConnections),
    };
    let mut calls = Vec::new();
    for n in 0..CALLS.0 + CALLS.1 {
        let call = ToolCall { name: &tool.name, arguments: &arguments, locale: "pt", profile: &[], now: 1_790_000_000 };
        let began = Instant::now();
        let outcome = release.call_tool(call, scope.clone()).await;
        let took = began.elapsed();
        outcome.result?;
        if n >= CALLS.0 {
            calls.push(took.as_secs_f64() * 1e6);
        }
    }
    println!(
        r#"{{"call_micros":{:.2},"call_p99_micros":{:.2},"load_millis":{:.3}}}"#,
        at(&mut calls, 0.5),
        at(&mut calls, 0.99),
        at(&mut loads, 0.5)
    );
    Ok(())
}

fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}
