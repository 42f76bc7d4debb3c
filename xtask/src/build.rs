//! What is built beside the host: components, the browser bundle, generated documents.

use std::{path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::{
    bundle,
    shell::{cargo, root, run, target},
};

/// The niches that the marketplace opens with.
const MARKETPLACE: [&str; 4] = ["accounting", "legal", "pharmacy", "real-estate"];
/// Components that only tests install: the smallest niche, one that does what MCP's conformance suite asks, one that
/// misbehaves, and one that asks for a host.
const TESTED: [&str; 4] = ["conformance", "hello", "hostile", "courier"];

/// Where the marketplace's components are put together.
pub(crate) fn niches_folder() -> PathBuf {
    target().join("niches")
}

/// Where the component called `name` is built.
pub(crate) fn component(name: &str) -> PathBuf {
    target().join("wasm32-wasip2/niche").join(format!("{}.wasm", name.replace('-', "_")))
}

/// Where the browser bundle is.
pub(crate) fn bundle_folder() -> PathBuf {
    target().join("web")
}

/// Builds every component.
pub(crate) fn niches() -> anyhow::Result<()> {
    let mut command = cargo(&["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "niche"]);
    for name in MARKETPLACE.iter().chain(&TESTED) {
        command.args(["--package", name]);
    }
    run("building the niches", &mut command)?;
    let folder = niches_folder();
    std::fs::create_dir_all(&folder)?;
    for name in MARKETPLACE {
        let built = component(name);
        let file = built.file_name().context("a component is a file")?;
        std::fs::copy(&built, folder.join(file)).with_context(|| built.display().to_string())?;
    }
    Ok(())
}

/// Builds the browser bundle: small, or quickly.
pub(crate) fn bundle(small: bool) -> anyhow::Result<()> {
    println!("· building the browser bundle");
    bundle::bundle(&root(), &bundle_folder(), small)
}

/// The executable, and where it is.
pub(crate) fn executable(release: bool) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--package", "openclaw-cloud"]);
    if release {
        command.arg("--release");
    }
    run("building openclaw-cloud (the first time takes minutes)", &mut command)?;
    Ok(target().join(if release { "release" } else { "debug" }).join("openclaw-cloud"))
}

/// Writes docs/CONFIGURATION.md from the types.
pub(crate) fn configuration() -> anyhow::Result<()> {
    let made = Command::new(executable(false)?).arg("configuration").output()?;
    anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(std::fs::write(root().join("docs/CONFIGURATION.md"), made.stdout)?)
}

/// Writes what of k8s/base is made from types: the custom resources, a file a definition, and the operator's rights.
pub(crate) fn crds() -> anyhow::Result<()> {
    let executable = executable(false)?;
    let print = |action: &str| -> anyhow::Result<String> {
        let made = Command::new(&executable).arg(action).output()?;
        anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Ok(String::from_utf8(made.stdout)?)
    };
    let base = root().join("k8s/base");
    std::fs::create_dir_all(base.join("crds"))?;
    for definition in print("crds")?.split("---\n").skip(1) {
        let name = definition.lines().find_map(|l| l.strip_prefix("  name: ")).context("a definition has a name")?;
        // Such as agents.openclaw.cloud.
        let plural = name.split('.').next().unwrap_or(name);
        std::fs::write(base.join(format!("crds/{plural}.yaml")), definition)?;
    }
    std::fs::create_dir_all(base.join("rbac"))?;
    Ok(std::fs::write(base.join("rbac/operator.yaml"), print("rights")?)?)
}

/// Builds those programs of a Kubernetes cluster that are missing.
pub(crate) fn cluster_programs() -> anyhow::Result<()> {
    println!("· looking for the programs of a Kubernetes cluster");
    openclaw_cluster_programs::build()
}
