//! `cargo xtask test`: formatting, lints, and every test, with one count at the end.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::bail;

use crate::{
    build, fuzz, machine,
    shell::{cargo, run},
    wit_check,
};

/// Proves everything; fails if anything does.
pub(crate) fn test(all: bool) -> anyhow::Result<()> {
    machine::for_tests()?;
    run("checking the formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    println!("· checking the contract");
    wit_check::check(false)?;
    build::niches()?;
    build::bundle(true)?;
    build::cluster_programs()?;
    run(
        "checking the lints",
        &mut cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--exclude",
            FUZZ,
            "--",
            "--deny",
            "warnings",
        ]),
    )?;
    // Apart, since it wants a feature of the plugin host's that nothing else has.
    run("and of the fuzz targets", &mut cargo(&["clippy", "--quiet", "--package", FUZZ, "--", "--deny", "warnings"]))?;
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    // For wasm alone: built above.
    for package in ["openclaw-web-client", "conformance", "hostile", FUZZ] {
        tests.args(["--exclude", package]);
    }
    let mut runs = vec![tests];
    if all {
        machine::stripe_mock()?;
        machine::mcp_clients()?;
        for (package, suite) in LONG {
            runs.push(cargo(&["test", "--package", package, "--test", "it", "--", "--ignored", suite]));
        }
    }
    let mut total = Count::default();
    for mut tests in runs {
        tests.env("OPENCLAW_XTASK", std::env::current_exe()?);
        total.add(&count(&mut tests)?);
    }
    fuzz::fuzz(FUZZ_SECONDS)?;
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if !total.good || total.failed > 0 || total.passed == 0 {
        bail!("the tests failed");
    }
    Ok(())
}

/// The fuzz targets, and how long each runs.
const FUZZ: &str = "openclaw-plugins-fuzz";
const FUZZ_SECONDS: u32 = 30;

/// The long suites: a package and the module of its tests that are otherwise ignored.
const LONG: [(&str, &str); 4] = [
    ("openclaw-api", "mcp::conformance::"),
    ("openclaw-billing", "stripe_api::"),
    ("openclaw-operator", "crash::in_cluster::"),
    ("openclaw-operator", "kubernetes::several::"),
];

/// What test runners said.
struct Count {
    passed: u64,
    failed: u64,
    good: bool,
}

impl Default for Count {
    fn default() -> Self {
        Self { passed: 0, failed: 0, good: true }
    }
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.good &= other.good;
    }
}

/// Runs the tests and adds their counts up. Their output goes through.
fn count(tests: &mut Command) -> anyhow::Result<Count> {
    println!("· testing");
    let mut child = tests.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().expect("it is piped");
    let mut count = Count::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result: ") {
            count.passed += number_before(result, " passed");
            count.failed += number_before(result, " failed");
        }
    }
    count.good = child.wait()?.success();
    Ok(count)
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split(word).next().and_then(|t| t.rsplit(' ').next()).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod layers;
