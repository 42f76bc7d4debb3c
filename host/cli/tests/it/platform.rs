//! A whole platform of a test's own: the executable's `dev` on free ports in a temporary folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use openclaw_testkit::server::free_port;
use serde_json::Value;
use tokio::process::{Child, Command};

/// The executable under test.
pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_openclaw-cloud");
/// How long anything may take on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Runs `"$@"` and removes `$0` after it.
const TIDY: &str = r#""$@"; ended=$?; rm -rf "$0"; exit $ended"#;

/// The variables that place a platform: every listener on a port that was free.
pub(crate) fn free_addresses() -> BTreeMap<&'static str, String> {
    ["API_LISTEN", "WEB_LISTEN", "TOKEN_PROXY_LISTEN", "RELAY_LISTEN", "OPERATOR_LISTEN", "BILLING_LISTEN"]
        .map(|variable| (variable, format!("127.0.0.1:{}", free_port())))
        .into()
}

/// A running platform. Ends with this process at the latest.
pub(crate) struct Platform {
    child: Child,
    pub(crate) folder: PathBuf,
    pub(crate) dev: Value,
}

impl Platform {
    /// Starts one in a new folder, with the niches of the marketplace.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("openclaw-dev-").tempdir().unwrap().keep();
        Self::start_in(&folder, true).await
    }

    /// Starts one in `folder`, which goes with it if `tidy`.
    pub(crate) async fn start_in(folder: &Path, tidy: bool) -> Self {
        let target = openclaw_testkit::components::target();
        let rubbish = if tidy { folder.to_owned() } else { folder.join("rubbish") };
        let _ = std::fs::remove_file(folder.join("dev.json"));
        let mut child = Command::new("/bin/sh")
            .args(["-c", TIDY])
            .arg(rubbish)
            .args([EXECUTABLE, "dev", "--data-dir"])
            .arg(folder)
            .arg("--niches")
            .arg(target.join("niches"))
            .envs(free_addresses())
            .env("WEB_ASSETS", target.join("web"))
            .env("OPENCLAW_LIFELINE", "stdin")
            .env("RUST_LOG", "info,sqlx=warn")
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let written = folder.join("dev.json");
        let deadline = Instant::now() + PATIENCE;
        while !written.exists() {
            assert!(child.try_wait().unwrap().is_none(), "dev ended before it served: see its messages above");
            assert!(Instant::now() < deadline, "dev does not serve");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let dev = serde_json::from_slice(&std::fs::read(&written).unwrap()).unwrap();
        Self { child, folder: folder.to_owned(), dev }
    }

    /// An address of `dev.json`.
    pub(crate) fn url(&self, name: &str) -> &str {
        self.dev[name].as_str().unwrap()
    }

    /// Stops it as the end of its parent would, and waits until it has.
    pub(crate) async fn stop(mut self) {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("dev stops").unwrap();
        assert!(status.success(), "dev stopped with {status}");
    }

    /// The processes of role `name`, or of anything else whose command line and environment belong to this platform.
    pub(crate) fn processes(&self, name: &str) -> Vec<u32> {
        let mark = format!("DATA_DIR={}", self.folder.canonicalize().unwrap().display());
        processes(|command, environment| {
            command.first().is_some_and(|c| c == EXECUTABLE)
                && command.get(1).is_some_and(|c| c == name)
                && environment.contains(&mark)
        })
    }

    /// The gateways of the agent with this number.
    pub(crate) fn gateways(&self, number: i64) -> Vec<u32> {
        let mark = format!("TELEGRAM_BOT_TOKEN={number}:");
        let root = format!("TELEGRAM_API_ROOT={}", self.url("telegram_relay"));
        processes(|command, environment| {
            command.get(1).is_some_and(|c| c == "gateway")
                && environment.iter().any(|e| e.starts_with(&mark))
                && environment.iter().any(|e| e.starts_with(&root))
        })
    }

    /// Ends the processes of role `name` at once, as a crash would.
    pub(crate) fn kill(&self, name: &str) {
        for process in self.processes(name) {
            let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
            assert!(killed.success());
        }
    }

    /// Runs `cargo xtask smoke` against it.
    pub(crate) async fn smoke(&self) -> String {
        let mut command = match std::env::var_os("OPENCLAW_XTASK") {
            Some(xtask) => Command::new(xtask),
            None => {
                let mut cargo = Command::new(env!("CARGO"));
                cargo.args(["run", "--quiet", "--package", "xtask", "--"]);
                cargo
            }
        };
        let output = command.args(["smoke", "--dev"]).arg(self.folder.join("dev.json")).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}{}", String::from_utf8_lossy(&output.stderr), self.logs());
        said
    }

    /// The end of each role's log, for a test that failed.
    pub(crate) fn logs(&self) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(self.folder.join("logs")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let end: Vec<&str> = text.lines().rev().take(12).collect();
            all += &format!("\n--- {}\n", entry.file_name().display());
            all += &end.into_iter().rev().collect::<Vec<_>>().join("\n");
        }
        all
    }
}

fn processes(belongs: impl Fn(&[String], &[String]) -> bool) -> Vec<u32> {
    let read = |path: PathBuf| -> Vec<String> {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| String::from_utf8_lossy(p).into_owned()).collect()
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| {
            let folder = PathBuf::from(format!("/proc/{id}"));
            belongs(&read(folder.join("cmdline")), &read(folder.join("environ")))
        })
        .collect()
}

/// Looks until `see` sees it.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut see: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = see().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {} s for {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
