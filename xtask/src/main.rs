//! `cargo xtask …`: everything done with this checkout, in one place.

mod bench;
mod build;
mod bundle;
mod fuzz;
mod machine;
mod shell;
mod smoke;
mod sqlx;
mod tests;
mod up;
mod wit_check;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the openclaw-cloud checkout.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds everything and runs the whole platform on this machine.
    Up {
        /// Optimised: slower to build, quicker to run.
        #[arg(long)]
        release: bool,
    },
    /// Proves everything: formatting, lints, and every test against real servers.
    Test {
        /// The long suites, too.
        #[arg(long)]
        all: bool,
    },
    /// Drives the main job over HTTP against a running `up` or `dev`.
    Smoke(smoke::Arguments),
    /// Measures, prints a table and writes target/bench/NAME.json.
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
    /// Fuzzes the plugin host: what is uploaded, and what guests answer.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 30)]
        seconds: u32,
    },
    /// Builds the niches' components.
    Niches,
    /// Builds the browser bundle.
    Bundle {
        /// Quickly, with every check of the browser's run time, instead of small.
        #[arg(long)]
        dev: bool,
    },
    /// Renews .sqlx, the description of every query, against a private Postgres.
    Sqlx,
    /// Renews docs/CONFIGURATION.md.
    Configuration,
    /// Renews what of k8s/base is made from types: the custom resources, and what the operator may do.
    Crds,
    /// Builds the programs of a Kubernetes cluster, for tests: once, about ten minutes of processor time.
    ClusterPrograms,
    /// Checks that every published version of the contract in wit/ still serves what was built against it.
    WitCheck {
        /// Record what is there now as published, if it passes.
        #[arg(long)]
        publish: bool,
    },
}

fn main() -> ExitCode {
    if let Some(done) = fuzz::as_wrapper() {
        return done;
    }
    let done = match Command::parse().task {
        Task::Up { release } => up::up(release),
        Task::Test { all } => tests::test(all),
        Task::Smoke(arguments) => smoke::smoke(&arguments),
        Task::Bench { bench } => bench::bench(bench),
        Task::Fuzz { seconds } => machine::targets().and_then(|()| build::niches()).and_then(|()| fuzz::fuzz(seconds)),
        Task::Niches => machine::targets().and_then(|()| build::niches()),
        Task::Bundle { dev } => machine::targets().and_then(|()| build::bundle(!dev)),
        Task::Sqlx => sqlx::prepare(),
        Task::Configuration => build::configuration(),
        Task::Crds => build::crds(),
        Task::ClusterPrograms => build::cluster_programs(),
        Task::WitCheck { publish } => wit_check::check(publish),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
