//! The operator over a cluster: a real control plane whose pods are kwok's, so that what is measured is the operator's and
//! Kubernetes' part, and no gateway's.

use std::{ffi::OsString, process::Command};

use anyhow::{Context as _, ensure};

use super::{Figure, at_most};
use crate::{
    build, machine,
    shell::{cargo, run, target},
};

/// Measures with an optimised build.
pub(crate) fn measure() -> anyhow::Result<Vec<Figure>> {
    machine::for_tests()?;
    build::niches()?;
    build::cluster_programs()?;
    // In one go: apart they would choose other features of what they share.
    let mut command = cargo(&["build", "--release", "--package", "openclaw-cloud", "--bin", "openclaw-cloud"]);
    command.args(["--package", "openclaw-operator", "--example", "fleet"]);
    run("building for release (the first time takes ten minutes)", &mut command)?;
    let release = target().join("release");
    let arguments: [OsString; 2] = [release.join("openclaw-cloud").into(), build::component("hello").into()];
    let output = Command::new(release.join("examples/fleet")).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fleet: Fleet = serde_json::from_slice(&output.stdout).context("host/operator's fleet prints something else")?;
    println!(
        "\n1,000 Agents, most of them suspended: applied and said to be as they should after {:.0} s; after a kill -9 \
         another operator leads after {:.0} s",
        fleet.fleet_seconds, fleet.lead_seconds
    );
    Ok(vec![
        at_most("job to Deployment, p50 of 20", fleet.deployment_millis, "ms", 150.0, 100.0),
        at_most("Agent to all its children, p50 of 20", fleet.children_millis, "ms", 500.0, 200.0),
        at_most("200 provisions at once, all live", fleet.crowd_seconds, "s", 120.0, 30.0),
        at_most("200 provisions at once, not exactly one", fleet.twice, "", 0.0, 0.0),
        at_most("1,000 Agents, all looked at", fleet.resync_seconds, "s", 10.0, 5.0),
        at_most("1,000 Agents, writes of a restart", fleet.restart_writes, "", 0.0, 0.0),
        at_most("1,000 Agents, quiet: processor", fleet.quiet_cpu_percent, "% of a core", 1.0, 0.5),
        at_most("1,000 Agents, quiet: resident", fleet.quiet_rss_mb, "MB", 150.0, 100.0),
    ])
}

#[derive(serde::Deserialize)]
struct Fleet {
    deployment_millis: f64,
    children_millis: f64,
    crowd_seconds: f64,
    twice: f64,
    fleet_seconds: f64,
    lead_seconds: f64,
    resync_seconds: f64,
    restart_writes: f64,
    quiet_cpu_percent: f64,
    quiet_rss_mb: f64,
}
