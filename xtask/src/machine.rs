//! What the machine must have. As root it is installed; otherwise the one command to run is named.

use std::{os::unix::fs::MetadataExt as _, path::Path, process::Command};

use anyhow::bail;

use crate::shell::{has, run, target};

/// A program of the distribution's, and the package that brings it.
struct Need {
    package: &'static str,
    there: fn() -> bool,
}

const POSTGRES: Need =
    Need { package: "postgresql", there: || has("postgres") || Path::new("/usr/lib/postgresql").is_dir() };
const REDIS: Need = Need { package: "redis-server", there: || has("redis-server") || has("valkey-server") };
const OCI_REGISTRY: Need = Need { package: "docker-registry", there: || has("docker-registry") };
const CHROMIUM: Need = Need { package: "chromium", there: || has("chromium") };
const CHROMEDRIVER: Need = Need { package: "chromium-driver", there: || has("chromedriver") };

/// What `up` needs. Servers that the environment names need not be installed.
pub(crate) fn for_up() -> anyhow::Result<()> {
    let mut needs = Vec::new();
    if std::env::var_os("DATABASE_URL").is_none() {
        needs.push(POSTGRES);
    }
    if std::env::var_os("REDIS_URL").is_none() {
        needs.push(REDIS);
    }
    install(&needs)?;
    targets()
}

/// What the tests need: their servers are always their own.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    install(&[POSTGRES, REDIS, OCI_REGISTRY, CHROMIUM, CHROMEDRIVER])?;
    targets()
}

/// stripe-mock, for the long suites: a Go program, built by Go.
pub(crate) fn stripe_mock() -> anyhow::Result<()> {
    if has("stripe-mock") {
        return Ok(());
    }
    if !has("go") {
        bail!("the long suites need stripe-mock: install Go 1.22 or newer, or put stripe-mock on the PATH");
    }
    let folder = Path::new("/usr/local/bin");
    let mut command = Command::new("go");
    command.args(["install", "github.com/stripe/stripe-mock@v0.203.0"]).env("CGO_ENABLED", "0").env("GOBIN", folder);
    run("building stripe-mock", &mut command)
}

/// MCP's conformance suite and a client that others wrote, with the Node that both need: the distribution's is older.
const MCP_CLIENTS: [&str; 3] = ["node@24.21.0", "@modelcontextprotocol/conformance@0.2.0-alpha.12", "mcporter@0.12.3"];

/// Installs them into a folder of their own, where the tests look for them.
pub(crate) fn mcp_clients() -> anyhow::Result<()> {
    let folder = target().join("mcp-clients");
    // Written last: whoever finds it finds all of them.
    let (installed, wanted) = (folder.join("installed"), MCP_CLIENTS.join("\n"));
    if std::fs::read_to_string(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if !has("npm") {
        bail!("the long suites need npm, of Node 20 or newer: apt-get install npm");
    }
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new("npm");
    command.args(["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
    run("installing clients of MCP", command.args(MCP_CLIENTS))?;
    Ok(std::fs::write(installed, wanted)?)
}

/// Postgres alone.
pub(crate) fn postgres() -> anyhow::Result<()> {
    install(&[POSTGRES])
}

fn install(needs: &[Need]) -> anyhow::Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|n| !(n.there)()).map(|n| n.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        bail!("{packages} must be installed. Run this and try again:\n\n    sudo apt-get install --yes {packages}\n");
    }
    if !has("apt-get") {
        bail!("{packages} must be installed, and this machine has no apt-get: install them its own way");
    }
    run("renewing the list of packages", Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut command = Command::new("apt-get");
    // Servers of ours are private: the distribution's own are not to start.
    command.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&missing);
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    run(&format!("installing {packages}"), &mut command)
}

/// Rust's targets for niches and for the browser bundle.
pub(crate) fn targets() -> anyhow::Result<()> {
    const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-unknown-unknown"];
    if !has("rustup") {
        // A toolchain from elsewhere brings its targets itself.
        return Ok(());
    }
    let root = crate::shell::root();
    let listed = Command::new("rustup").args(["target", "list", "--installed"]).current_dir(&root).output()?;
    let installed = String::from_utf8_lossy(&listed.stdout);
    let missing: Vec<&str> = TARGETS.into_iter().filter(|t| !installed.lines().any(|l| l == *t)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add"]).args(&missing).current_dir(root);
    run(&format!("installing Rust's targets {}", missing.join(" ")), &mut command)
}
