//! A role as a child process: started again when it dies, stopped by the end of its lifeline.

use std::{
    fs::{File, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use openclaw_platform::{http, lifeline};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::Variables;

/// How long a role may take to stop by itself.
const STOP: Duration = Duration::from_secs(8);
/// Wait before a role that died is started again: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A role that ended so often before it answered will not answer.
const HOPELESS: u32 = 3;
/// A role that ran this long and died starts from the first wait again.
const WELL: Duration = Duration::from_secs(30);

/// One running role.
pub(super) struct Role {
    name: &'static str,
    address: SocketAddr,
    log: PathBuf,
    stop: CancellationToken,
    /// How often it ended without being told to.
    ended: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Role {
    /// Starts role `name`; `variables` are its settings beside this process' own.
    pub(super) fn start(
        name: &'static str,
        address: SocketAddr,
        variables: &Variables,
        data_dir: &Path,
    ) -> anyhow::Result<Self> {
        let logs = data_dir.join("logs");
        std::fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{name}.log"));
        // A log a run; the one before stays beside it.
        let _ = std::fs::rename(&log, log.with_extension("log.1"));
        let spawn = Spawn { name, address, variables: variables.clone(), log: log.clone() };
        let child = spawn.child()?;
        let (stopping, ended) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let task = tokio::spawn(supervise(spawn, child, stopping.clone(), ended.clone()));
        Ok(Self { name, address, log, stop: stopping, ended, task })
    }

    /// Waits until it answers its health check.
    pub(super) async fn answers(&self, within: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        let client = http::client();
        loop {
            let asked =
                client.get(format!("http://{}/healthz", self.address)).timeout(Duration::from_secs(2)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let gave_up = self.ended.load(Ordering::Relaxed) >= HOPELESS;
            if Instant::now() > deadline || gave_up || self.task.is_finished() {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                let end: Vec<&str> = log.lines().rev().take(15).collect();
                let end: Vec<&str> = end.into_iter().rev().collect();
                bail!("{} does not answer. The end of {}:\n{}", self.name, self.log.display(), end.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it and waits until it is gone.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

struct Spawn {
    name: &'static str,
    address: SocketAddr,
    variables: Variables,
    log: PathBuf,
}

impl Spawn {
    fn child(&self) -> anyhow::Result<Child> {
        let log: File = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(self.name);
        if self.name == "demo-model" {
            command.arg("--listen").arg(self.address.to_string());
        }
        command
            .envs(&self.variables)
            .env(lifeline::VARIABLE, "stdin")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            // A Ctrl-C in the terminal is for this process, which stops its children in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} did not start", self.name))
    }
}

async fn supervise(spawn: Spawn, mut child: Child, stop: CancellationToken, ended_times: Arc<AtomicU32>) {
    // Taken out of the child, which would close it to wait.
    let mut lifeline = child.stdin.take();
    let mut wait = AGAIN.0;
    let mut started = Instant::now();
    loop {
        tokio::select! {
            ended = child.wait() => {
                if stop.is_cancelled() {
                    return;
                }
                let how = ended.map_or_else(|e| e.to_string(), |status| status.to_string());
                ended_times.fetch_add(1, Ordering::Relaxed);
                println!("· {} ended ({how}); starting it again", spawn.name);
            }
            () = stop.cancelled() => {
                drop(lifeline.take());
                if tokio::time::timeout(STOP, child.wait()).await.is_err() {
                    println!("· {} did not stop by itself; ending it", spawn.name);
                    let _ = child.kill().await;
                }
                return;
            }
        }
        if started.elapsed() > WELL {
            wait = AGAIN.0;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        wait = (wait * 2).min(AGAIN.1);
        started = Instant::now();
        match spawn.child() {
            Ok(new) => {
                child = new;
                lifeline = child.stdin.take();
            }
            Err(error) => {
                println!("· {error:#}");
                return;
            }
        }
    }
}
