//! `cargo xtask fuzz`: libFuzzer, guided by the coverage of host/plugins, on its targets in host/plugins/fuzz.
//!
//! The pinned compiler can instrument by itself (LLVM's pass for it has stable flags), so no nightly one is needed.
//! Cargo lets a wrapper see how crates of the workspace are compiled, and keeps what it makes apart: this program is
//! that wrapper too. What is instrumented is ours, not the engine.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail};

use crate::{
    build,
    shell::{cargo, run, target},
};

/// The targets.
const TARGETS: [&str; 2] = ["upload", "answers"];
/// Says that this program is called as the compiler's wrapper.
const WRAPPER: &str = "OPENCLAW_XTASK_WRAPS_RUSTC";
/// Counters at each edge, a table of where they lie, and what is compared, for the fuzzer to see.
const INSTRUMENT: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions=on",
];

/// Fuzzes each target for `seconds`. What was found before is kept under the target folder and tried first.
pub(crate) fn fuzz(seconds: u32) -> anyhow::Result<()> {
    let mut compile = cargo(&["build", "--quiet", "--package", "openclaw-plugins-fuzz"]);
    compile.env("RUSTC_WORKSPACE_WRAPPER", std::env::current_exe()?).env(WRAPPER, "1");
    run("building the fuzz targets", &mut compile)?;
    for name in TARGETS {
        one(name, seconds)?;
    }
    Ok(())
}

fn one(name: &str, seconds: u32) -> anyhow::Result<()> {
    println!("· fuzzing: {name}, {seconds} s");
    let folder = target().join("fuzz").join(name);
    let corpus = folder.join("corpus");
    fs::create_dir_all(&corpus)?;
    let output = Command::new(target().join("debug").join(name))
        .arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .args(["-timeout=20", "-rss_limit_mb=4096", "-len_control=0"])
        .env("FUZZ_NICHE", build::component("hello"))
        .output()?;
    // libFuzzer says everything on standard error.
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let from = said.lines().count().saturating_sub(60);
        let end: Vec<&str> = said.lines().skip(from).collect();
        bail!("{name} found something; the input lies in {}\n\n{}", folder.display(), end.join("\n"));
    }
    let covered = said.lines().rev().find(|line| line.contains("cov: ")).context("the fuzzer saw no coverage")?;
    println!("  {}", covered.trim());
    Ok(())
}

/// As the compiler's wrapper: the compiler itself, which instruments. None when this is not how it was called.
pub(crate) fn as_wrapper() -> Option<ExitCode> {
    std::env::var_os(WRAPPER)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    let compiles = arguments.iter().any(|argument| argument == "--crate-name")
        && !arguments.iter().any(|argument| argument == "___" || argument == "build_script_build");
    compiler.args(arguments);
    if compiles {
        compiler.args(INSTRUMENT);
    }
    let error = compiler.exec();
    eprintln!("xtask: {} did not start: {error}", compiler.get_program().display());
    Some(ExitCode::FAILURE)
}
