//! `cargo xtask up`: from a checkout to the whole platform.

use std::{os::unix::process::CommandExt as _, process::Command};

use crate::{build, machine, shell::root};

/// Prepares the machine, builds, and becomes `openclaw-cloud dev`.
pub(crate) fn up(release: bool) -> anyhow::Result<()> {
    machine::for_up()?;
    build::niches()?;
    build::bundle(true)?;
    let executable = build::executable(release)?;
    println!("· starting");
    // This process becomes `dev`: signals reach it without a middleman.
    let error = Command::new(executable)
        .arg("dev")
        .arg("--niches")
        .arg(build::niches_folder())
        .env("WEB_ASSETS", build::bundle_folder())
        .current_dir(root())
        .exec();
    Err(error.into())
}
