//! A server of this process' own: started under a shell that ends it, and tidies up, once this process is gone.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

/// How long a server may take to answer.
const READY: Duration = Duration::from_secs(60);
/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(20);

/// Keeps the program, and ends it once this process is gone.
const KEEPER: &str = include_str!("keeper.sh");

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

/// How to start one.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// Sent to stop it, such as `INT`.
    pub(crate) signal: &'a str,
    /// Removed when it has stopped.
    pub(crate) rubbish: Option<&'a Path>,
    pub(crate) log: &'a Path,
}

impl Server {
    pub(crate) fn spawn(start: Start<'_>) -> anyhow::Result<Self> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(start.log)?;
        let child = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(start.rubbish.map(Path::as_os_str).unwrap_or_default())
            .arg(start.signal)
            .arg(start.program)
            .args(start.arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C in the terminal is for the parent, which stops its children in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} did not start", start.program.display()))?;
        Ok(Self { child })
    }

    /// Stops it and waits until it has. Its files stay.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(mut stdin) = self.child.stdin.take() {
            // A keeper that is gone already has nothing to be told.
            let _ = stdin.write_all(b"keep\n").await;
        }
        tokio::time::timeout(STOP, self.child.wait()).await.context("the server did not stop")??;
        Ok(())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// Waits until `answers` does.
pub(crate) async fn ready<F: Future<Output = bool>>(
    server: &mut Server,
    log: &Path,
    mut answers: impl FnMut() -> F,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY;
    while !answers().await {
        if Instant::now() > deadline || !server.is_running() {
            bail!("the server did not come up. Its log:\n{}", std::fs::read_to_string(log).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Ports for servers of ours: below those that Linux gives to outgoing connections (from 32768 on), or any connection
/// anyone makes could take a port between its choice and its use, or while a server restarts.
const PORTS: std::ops::Range<u16> = 10_240..32_000;

/// A port of the loopback interface that was free a moment ago. No two calls of one process get the same one soon.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    // Processes begin at different places, so that those which start together do not meet.
    let next = NEXT.get_or_init(|| AtomicU16::new((uuid::Uuid::new_v4().as_u128() % PORTS.len() as u128) as u16));
    let places = PORTS.len() as u16;
    (0..places)
        .map(|_| PORTS.start + next.fetch_add(1, Ordering::Relaxed) % places)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("loopback has free ports")
}

/// The program `name`, from `folders` or the PATH.
pub(crate) fn find_program(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.iter().cloned().chain(std::env::split_paths(&path)).map(|f| f.join(name)).find(|p| p.is_file())
}
