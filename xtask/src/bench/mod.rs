//! `cargo xtask bench …`: what is fast, and by how much.

mod dev;
mod gateway;
mod main_job;
mod operator;
mod plugins;
mod replicas;

use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;

use crate::shell::target;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// The main job: from payment to the agent's answer, and what it is made of.
    MainJob,
    /// The plugin host: calls beside bare ones, memory of many customers, start with many releases, a full pool.
    Plugins,
    /// The operator over a cluster: jobs and Agents alone and many at once, a thousand of them, a restart, silence.
    Operator,
}

/// Measures.
pub(crate) fn bench(bench: Bench) -> anyhow::Result<()> {
    match bench {
        Bench::MainJob => report("main-job", &main_job::measure()?),
        Bench::Plugins => report("plugins", &plugins::measure()?),
        Bench::Operator => report("operator", &operator::measure()?),
    }
}

/// A figure, and what it should be.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// What the product promises.
    pub(crate) must: f64,
    /// What we would like.
    pub(crate) aim: f64,
    /// `lower` or `higher`.
    pub(crate) better: &'static str,
}

/// A figure that should be small.
pub(crate) fn at_most(name: &'static str, value: f64, unit: &'static str, must: f64, aim: f64) -> Figure {
    Figure { name, value, unit, must, aim, better: "lower" }
}

/// A figure that should be large.
pub(crate) fn at_least(name: &'static str, value: f64, unit: &'static str, must: f64, aim: f64) -> Figure {
    Figure { name, value, unit, must, aim, better: "higher" }
}

/// Prints the table and writes target/bench/NAME.json.
fn report(name: &str, figures: &[Figure]) -> anyhow::Result<()> {
    println!("\n{:<46} {:>10} {:>10} {:>10}", name, "measured", "must", "aim");
    let mut short = 0;
    for figure in figures {
        let good = if figure.better == "lower" { figure.value <= figure.must } else { figure.value >= figure.must };
        short += u32::from(!good);
        println!(
            "{:<46} {:>10.2} {:>10} {:>10} {}{}",
            figure.name,
            figure.value,
            figure.must,
            figure.aim,
            figure.unit,
            if good { "" } else { "   falls short" }
        );
    }
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.json"));
    std::fs::write(&file, serde_json::to_vec_pretty(figures)?).with_context(|| file.display().to_string())?;
    println!("\n{}", file.display());
    anyhow::ensure!(short == 0, "{short} of {} figures fall short", figures.len());
    Ok(())
}

/// The middle of `values`.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
