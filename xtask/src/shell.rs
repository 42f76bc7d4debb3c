//! Running other programs, and where things are.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the checkout").to_owned()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, in the checkout. Queries are checked against the description in .sqlx.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).env("SQLX_OFFLINE", "true").env_remove("DATABASE_URL");
    command
}

/// Runs `command` and fails if it does. Its output goes through.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    println!("· {what}");
    let began = Instant::now();
    let status = command.status().with_context(|| format!("{} did not start", command.get_program().display()))?;
    if !status.success() {
        bail!("{what} failed ({status}): {}", command_line(command));
    }
    let seconds = began.elapsed().as_secs_f64();
    if seconds > 5.0 {
        println!("  {seconds:.0} s");
    }
    Ok(())
}

/// Looks, with a pause between looks, until `see` sees something. None once `patience` is over.
pub(crate) fn until<T>(
    patience: Duration,
    pause: Duration,
    mut see: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = see()? {
            return Ok(Some(seen));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(pause);
    }
}

fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Whether `program` is on the PATH.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|f| f.join(program).is_file()))
}
