//! The main job of the whole platform, and the parts that have a figure of their own.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use super::{Figure, at_most, dev::Dev, gateway, median, plugins};
use crate::{
    build, machine,
    shell::{cargo, run, target},
    smoke,
};

/// How often the main job is driven; the middle one counts.
const RUNS: usize = 5;
/// How often a gateway is started alone.
const GATEWAYS: usize = 5;

/// Measures with an optimised build.
pub(crate) fn measure() -> anyhow::Result<Vec<Figure>> {
    machine::for_up()?;
    build::niches()?;
    build::bundle(true)?;
    let executable = executable()?;
    let plugins = plugins::Call::large()?;

    let folder = std::env::temp_dir().join(format!("openclaw-bench-{}", std::process::id()));
    let first = Dev::start(&executable, &folder)?;
    let first_seconds = first.serving.as_secs_f64();
    drop(first);
    let again = Dev::start(&executable, &folder)?;
    let mut answered = Vec::new();
    for _ in 0..RUNS {
        let steps = smoke::drive(&smoke::Arguments { dev: folder.join("dev.json"), keep: false })?;
        let from = |name| steps.iter().position(|s| s.name == name).context("a step is missing");
        answered.push(steps[from("payment")?..=from("answer")?].iter().map(|s| s.millis).sum::<f64>() / 1000.0);
    }
    let again_seconds = again.serving.as_secs_f64();
    drop(again);
    let _ = std::fs::remove_dir_all(&folder);

    let (mut polls, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..GATEWAYS {
        let (millis, mib) = gateway::measure(&executable)?;
        polls.push(millis);
        resident.push(mib);
    }
    Ok(vec![
        at_most("payment event to the agent's answer", median(answered), "s", 2.0, 1.0),
        at_most("tool call in a fresh sandbox, p50", plugins.call_micros, "µs", 100.0, 30.0),
        at_most("loading a cached component", plugins.load_millis, "ms", 10.0, 5.0),
        at_most("`up` on an empty folder, serving", first_seconds, "s", 10.0, 5.0),
        at_most("`up` with its data, serving", again_seconds, "s", 10.0, 3.0),
        at_most("native gateway, first poll", median(polls), "ms", 500.0, 100.0),
        at_most("native gateway, resident", median(resident), "MiB", 30.0, 15.0),
        at_most("browser bundle, compressed WASM", compressed_wasm_kb()?, "kB", 300.0, 150.0),
    ])
}

/// The executable and the plugin host's measure, in one go: apart they would choose other features of what they share.
pub(super) fn executable() -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--release", "--package", "openclaw-cloud", "--bin", "openclaw-cloud"]);
    command.args(["--package", "openclaw-plugins", "--example", "measure"]);
    run("building for release (the first time takes ten minutes)", &mut command)?;
    Ok(target().join("release/openclaw-cloud"))
}

fn compressed_wasm_kb() -> anyhow::Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(build::bundle_folder())?.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".wasm.br") {
            bytes += entry.metadata()?.len();
        }
    }
    ensure!(bytes > 0, "the bundle has no compressed WASM");
    Ok(bytes as f64 / 1000.0)
}
