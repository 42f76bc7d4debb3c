//! The plugin host alone: what it adds to a bare call of the same component, and how it stands many at once.

use std::{ffi::OsString, process::Command};

use anyhow::{Context as _, ensure};

use super::{Figure, at_least, at_most, main_job, replicas};
use crate::{build, machine, shell::target};

/// The smallest call, where the host weighs the most, and a large niche's: component, tool and arguments.
const SMALL: [&str; 3] = ["hello", "greet", r#"{"name":"Ana"}"#];
const LARGE: [&str; 3] = ["pharmacy", "check_interactions", r#"{"medicines":["varfarina","ibuprofeno"]}"#];
/// One that waits for its storage.
const STORES: [&str; 3] = ["pharmacy", "find_stock", r#"{"query":"dipirona"}"#];

/// Measures with an optimised build.
pub(crate) fn measure() -> anyhow::Result<Vec<Figure>> {
    machine::for_up()?;
    build::niches()?;
    let executable = main_job::executable()?;
    let small: Call = example("call", &[SMALL])?;
    let large: Call = example("call", &[LARGE])?;
    let releases: Releases = example("releases", &[SMALL, LARGE])?;
    let tenants: Tenants = example("tenants", &[SMALL, LARGE])?;
    let active = replicas::measure(&executable)?;
    let crowd: Crowd = example("crowd", &[SMALL, STORES])?;
    println!(
        "\nbare calls: {:.1} µs small, {:.1} µs large; one tenant {:.0} MB, a thousand {:.0} MB; calls a second: {:.0} with one worker, {:.0} with two, {:.0} past \
         the pool",
        small.bare_micros,
        large.bare_micros,
        tenants.one_tenant_mb,
        tenants.tenants_mb,
        crowd.one_worker_per_second,
        crowd.two_workers_per_second,
        crowd.past_the_pool_per_second,
    );
    Ok(vec![
        at_most("a small niche's call through the host, p50", small.call_micros, "µs", 100.0, 30.0),
        at_most("a small niche's call through the host, p99", small.call_p99_micros, "µs", 1000.0, 100.0),
        at_most("a small niche's call against bare, p50", small.call_micros / small.bare_micros, "×", 1.5, 1.2),
        at_most("a small niche's call against bare, p99", small.call_p99_micros / small.bare_p99_micros, "×", 1.5, 1.2),
        at_most("a large niche's call through the host, p50", large.call_micros, "µs", 100.0, 60.0),
        at_most("a large niche's call against bare, p50", large.call_micros / large.bare_micros, "×", 1.5, 1.1),
        at_most("1,000 tenants × 4 niches more than one", tenants.more_mb, "MB", 60.0, 30.0),
        at_most("loading a large niche from the cache", large.load_millis, "ms", 5.0, 2.0),
        at_most("100 releases at start", releases.releases_seconds, "s", 2.0, 0.5),
        at_most("active on every replica, slowest of eight", active, "ms", 1000.0, 100.0),
        at_least("two workers against one", crowd.two_workers_per_second / crowd.one_worker_per_second, "×", 1.5, 1.9),
        at_most("failures past the pool", crowd.past_the_pool_failures, "", 0.0, 0.0),
        at_most("past the pool, p99", crowd.past_the_pool_p99_millis, "ms", 200.0, 50.0),
        at_least("past the pool, least served against most", crowd.past_the_pool_least_share, "", 0.5, 0.9),
    ])
}

/// One call after the other.
#[derive(serde::Deserialize)]
pub(super) struct Call {
    pub(super) call_micros: f64,
    call_p99_micros: f64,
    bare_micros: f64,
    bare_p99_micros: f64,
    pub(super) load_millis: f64,
}

impl Call {
    /// Of a large niche's tool.
    pub(super) fn large() -> anyhow::Result<Self> {
        example("call", &[LARGE])
    }
}

#[derive(serde::Deserialize)]
struct Releases {
    releases_seconds: f64,
}

#[derive(serde::Deserialize)]
struct Tenants {
    one_tenant_mb: f64,
    tenants_mb: f64,
    more_mb: f64,
}

#[derive(serde::Deserialize)]
struct Crowd {
    one_worker_per_second: f64,
    two_workers_per_second: f64,
    past_the_pool_per_second: f64,
    past_the_pool_failures: f64,
    past_the_pool_p99_millis: f64,
    past_the_pool_least_share: f64,
}

/// Runs host/plugins' own program.
fn example<T: serde::de::DeserializeOwned>(what: &str, subjects: &[[&str; 3]]) -> anyhow::Result<T> {
    println!("· measuring: {what} of {}", subjects.iter().map(|subject| subject[0]).collect::<Vec<_>>().join(", "));
    let arguments = subjects.iter().flat_map(|[name, tool, arguments]| {
        [build::component(name).into_os_string(), OsString::from(tool), arguments.into()]
    });
    let output = Command::new(target().join("release/examples/measure")).arg(what).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("host/plugins' measure prints something else")
}
