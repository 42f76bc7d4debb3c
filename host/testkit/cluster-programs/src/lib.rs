//! The programs of a Kubernetes cluster, for tests: where they are, and how they are built once from Go modules.
//!
//! `KUBEBUILDER_ASSETS` names a folder that may have some of them; the others are built into a folder of the user's cache
//! that is named for what go.mod and go.sum say, so that two checkouts which want the same share it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

/// A folder with some of the programs, as Kubernetes' own test tools call it.
pub const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// What builds those that are missing.
pub const BUILD: &str = "cargo xtask cluster-programs";

const GO_MOD: &str = include_str!("../go.mod");
const GO_SUM: &str = include_str!("../go.sum");

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Where the API server keeps everything.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controllers that Kubernetes brings: Deployments, quotas, namespaces, garbage.
    ControllerManager,
    /// What gives pods their nodes.
    Scheduler,
    /// Nodes, and pods on them, that exist by their status alone.
    Kwok,
}

impl Program {
    /// All of them. etcd first: it is the quickest to build, so that a build which cannot work says so at once.
    pub const ALL: [Self; 5] = [Self::Etcd, Self::ApiServer, Self::ControllerManager, Self::Scheduler, Self::Kwok];

    /// The name of its file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }

    /// The Go package it is built from, one of go.mod's tools.
    const fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Scheduler => "k8s.io/kubernetes/cmd/kube-scheduler",
            Self::Kwok => "sigs.k8s.io/kwok/cmd/kwok",
        }
    }

    /// Where it is, if it is anywhere.
    fn look(self) -> anyhow::Result<Option<PathBuf>> {
        let given = std::env::var_os(ASSETS).map(PathBuf::from);
        Ok(given.into_iter().chain([cache()?.join(key())]).map(|f| f.join(self.name())).find(|p| p.is_file()))
    }

    /// Where it is. An error that names what builds it, if it is nowhere.
    pub fn find(self) -> anyhow::Result<PathBuf> {
        self.look()?.with_context(|| {
            let name = self.name();
            format!("{name} is not there: build it with `{BUILD}`, or name a folder that has it in {ASSETS}")
        })
    }
}

/// Builds what is missing. About ten minutes of processor time for all of them, once.
pub fn build() -> anyhow::Result<()> {
    let folder = cache()?;
    std::fs::create_dir_all(&folder)?;
    // One build at a time; the next one finds what this one made.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    go()?;
    let into = folder.join(key());
    std::fs::create_dir_all(&into)?;
    // Of its own, since it grows to gigabytes. It stays after a build that was interrupted, for the next to go on from.
    let objects = folder.join("objects");
    for program in missing {
        println!("  building {}", program.name());
        let began = Instant::now();
        compile(program, &into, &objects)?;
        if began.elapsed() > Duration::from_secs(5) {
            println!("  {:.0} s", began.elapsed().as_secs_f64());
        }
    }
    std::fs::remove_dir_all(objects)?;
    Ok(())
}

fn missing() -> anyhow::Result<Vec<Program>> {
    let mut missing = Vec::new();
    for program in Program::ALL {
        if program.look()?.is_none() {
            missing.push(program);
        }
    }
    Ok(missing)
}

fn compile(program: Program, into: &Path, objects: &Path) -> anyhow::Result<()> {
    let version = kubernetes();
    let (major, minor) = version.trim_start_matches('v').split_once('.').context("Kubernetes has a version")?;
    let minor = minor.split('.').next().unwrap_or(minor);
    let module = "k8s.io/component-base/version";
    let flags =
        format!("-s -w -X {module}.gitVersion={version} -X {module}.gitMajor={major} -X {module}.gitMinor={minor}");
    // Under another name until it is whole.
    let draft = into.join(format!("{}.draft", program.name()));
    let built = Command::new("go")
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", &flags, "-o"])
        .arg(&draft)
        .arg(program.package())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("GOCACHE", objects)
        // For all of them: what is built with C and what is not share nothing.
        .env("CGO_ENABLED", "0")
        .status()
        .context("go did not start")?;
    ensure!(built.success(), "go could not build {} ({built})", program.name());
    Ok(std::fs::rename(draft, into.join(program.name()))?)
}

/// Whether there is a Go that can build them.
fn go() -> anyhow::Result<()> {
    let wanted = GO_MOD.lines().find_map(|l| l.strip_prefix("go ")).context("go.mod names a version of Go")?;
    let said = Command::new("go").args(["env", "GOVERSION"]).current_dir("/").output();
    let Ok(said) = said else {
        bail!(
            "the programs of a Kubernetes cluster are built with Go {wanted} or newer, and there is no `go`: install it, or name a folder that has the programs in {ASSETS}"
        );
    };
    let version = String::from_utf8_lossy(&said.stdout).trim().trim_start_matches("go").to_owned();
    let number = |version: &str| -> Vec<u32> { version.split('.').map_while(|n| n.parse().ok()).collect() };
    ensure!(
        number(&version) >= number(wanted),
        "the programs of a Kubernetes cluster are built with Go {wanted} or newer, and this is Go {version}"
    );
    Ok(())
}

/// The release of Kubernetes that go.mod names.
pub fn kubernetes() -> &'static str {
    let mut words = GO_MOD.split_whitespace().skip_while(|word| *word != "k8s.io/kubernetes");
    words.nth(1).expect("go.mod requires k8s.io/kubernetes")
}

/// Where programs are built into, a folder for each key.
fn cache() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|f| f.is_absolute()).or_else(home);
    Ok(cache.context("neither HOME nor XDG_CACHE_HOME says where a cache may be")?.join("openclaw-cloud/cluster"))
}

/// Names exactly these versions of these modules.
fn key() -> String {
    let digest = Sha256::new().chain_update(GO_MOD).chain_update(GO_SUM).finalize();
    hex::encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_a_tool_of_the_module_and_the_release_of_kubernetes_is_known() {
        for program in Program::ALL {
            assert!(GO_MOD.lines().any(|line| line.trim() == program.package()), "{}", program.package());
        }
        assert!(kubernetes().starts_with("v1."), "{}", kubernetes());
    }
}
