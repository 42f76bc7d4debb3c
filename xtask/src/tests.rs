//! `cargo xtask test`: formatting, lints, and every test, with one count at the end.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::bail;

use crate::{
    build, machine,
    shell::{cargo, run},
};

/// Proves everything; fails if anything does.
pub(crate) fn test(all: bool) -> anyhow::Result<()> {
    machine::for_tests()?;
    run("checking the formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    build::niches()?;
    build::bundle(true)?;
    run(
        "checking the lints",
        &mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
    )?;
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    // For wasm alone: built above.
    tests.args(["--exclude", "openclaw-web-client", "--exclude", "hostile"]);
    tests.env("OPENCLAW_XTASK", std::env::current_exe()?);
    if all {
        tests.args(["--", "--include-ignored"]);
    }
    count(&mut tests)
}

/// Runs the tests, adds their counts up and closes with them.
fn count(tests: &mut Command) -> anyhow::Result<()> {
    println!("· testing");
    let mut child = tests.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().expect("it is piped");
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result: ") {
            passed += number_before(result, " passed");
            failed += number_before(result, " failed");
        }
    }
    let status = child.wait()?;
    println!("\n{passed} passed, {failed} failed");
    if !status.success() || failed > 0 || passed == 0 {
        bail!("the tests failed");
    }
    Ok(())
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split(word).next().and_then(|t| t.rsplit(' ').next()).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod layers;
