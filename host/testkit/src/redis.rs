//! Private Redis servers.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::server::{Server, Start, find_program, free_port, ready};

/// What to run when Redis is missing.
const INSTALL: &str = "apt-get install --yes redis-server";

/// A private server whose files are all in one folder.
#[derive(Debug)]
pub struct Redis {
    /// Its URL.
    pub url: String,
    folder: PathBuf,
    port: u16,
    durable: bool,
    server: Option<Server>,
}

impl Redis {
    /// Starts one that keeps its data in `folder`.
    pub async fn in_folder(folder: &Path, port: Option<u16>) -> anyhow::Result<Self> {
        Self::start_in(folder.to_owned(), port.unwrap_or_else(free_port), true).await
    }

    /// Starts one that keeps nothing, in a temporary folder that goes with it.
    pub async fn temporary() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("openclaw-redis-").tempdir()?.keep();
        Self::start_in(folder, free_port(), false).await
    }

    async fn start_in(folder: PathBuf, port: u16, durable: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut redis = Self { url: format!("redis://127.0.0.1:{port}/0"), folder, port, durable, server: None };
        redis.start().await?;
        Ok(redis)
    }

    /// Starts it again after `stop`, on the same port.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let program = program().with_context(|| format!("Redis is not installed: {INSTALL}"))?;
        let log = self.folder.join("log");
        let keep = if self.durable { "yes" } else { "no" };
        let arguments = [
            "--port",
            &self.port.to_string(),
            "--bind",
            "127.0.0.1",
            "--dir",
            &self.folder.to_string_lossy(),
            "--appendonly",
            keep,
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--daemonize",
            "no",
        ]
        .map(str::to_owned)
        .into();
        let mut server = Server::spawn(Start {
            program: &program,
            arguments,
            signal: "TERM",
            rubbish: (!self.durable).then_some(self.folder.as_path()),
            log: &log,
        })?;
        let port = self.port;
        ready(&mut server, &log, || answers(port)).await.context("Redis")?;
        self.server = Some(server);
        Ok(())
    }

    /// Stops it. `start` starts it again, without what a temporary one held.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}

impl Redis {
    /// Whether it still runs, as far as this process has to do with it.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::is_running)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that runs is tidied up after by its keeper.
        if !self.durable && self.server.is_none() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn program() -> Option<PathBuf> {
    find_program("redis-server", &[]).or_else(|| find_program("valkey-server", &[]))
}

async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut reply = [0u8; 7];
    stream.write_all(b"PING\r\n").await.is_ok() && stream.read_exact(&mut reply).await.is_ok() && &reply == b"+PONG\r\n"
}

/// A private server for one test.
pub async fn server() -> Redis {
    Redis::temporary().await.expect("a private Redis")
}
