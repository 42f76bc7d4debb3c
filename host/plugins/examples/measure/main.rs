//! Measures the host, for `cargo xtask bench`: each subcommand takes components and prints JSON. A process of its own
//! for each, so that none finds what another left in memory.

mod bare;
mod call;
mod crowd;
mod releases;
mod tenants;

use std::path::Path;
use std::sync::Arc;

use openclaw_plugins::credentials::NoConnections;
use openclaw_plugins::grant::{Grant, Rights};
use openclaw_plugins::storage::Storage;
use openclaw_plugins::{CallScope, HostConfig, Tenant, ToolCall};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A component, and the tool of it to call: `FILE TOOL ARGUMENTS` on the command line.
struct Subject {
    bytes: Vec<u8>,
    tool: Tool,
}

#[derive(Clone)]
struct Tool {
    name: String,
    arguments: String,
}

impl Tool {
    fn call(&self) -> ToolCall<'_> {
        ToolCall { name: &self.name, arguments: &self.arguments, locale: "pt", profile: &[], now: 1_790_000_000 }
    }
}

/// A host that limits its tenants' calls by the pool alone, with its compiled code in `folder`.
fn config(folder: &Path) -> HostConfig {
    HostConfig {
        cache_dir: folder.join("cache"),
        tenant_calls: 64,
        tenant_calls_per_minute: u32::MAX,
        ..HostConfig::default()
    }
}

/// What `tenant` may use: whatever the release asks for, and `storage`.
fn scope(tenant: u128, asked: &Rights, storage: impl Storage + 'static) -> CallScope {
    let everything = || Rights::everything(1 << 20);
    CallScope {
        tenant: Tenant(tenant),
        grant: Arc::new(Grant::new(asked.clone(), everything(), everything())),
        storage: Arc::new(storage),
        credentials: Arc::new(NoConnections),
    }
}

/// The value at `share` of the sorted values.
fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

fn main() -> Result<(), Failure> {
    // As in production: a recorder that keeps what is counted.
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().ok_or("what is to be measured?")?;
    let rest: Vec<String> = arguments.collect();
    let subjects = rest.chunks_exact(3).map(|chunk| {
        let [file, tool, arguments] = chunk else { return Err("FILE TOOL ARGUMENTS".into()) };
        let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        Ok::<_, Failure>(Subject { bytes, tool: Tool { name: tool.clone(), arguments: arguments.clone() } })
    });
    let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
    let subject = subjects.first().ok_or("which component? FILE TOOL ARGUMENTS")?;
    let measured = match what.as_str() {
        "call" => call::measure(subject)?,
        "releases" => releases::measure(&subjects)?,
        "tenants" => tenants::measure(&subjects)?,
        "crowd" => crowd::measure(subject, subjects.get(1).ok_or("which component waits for its storage?")?)?,
        other => return Err(format!("`{other}` is nothing that is measured here").into()),
    };
    println!("{measured}");
    Ok(())
}
