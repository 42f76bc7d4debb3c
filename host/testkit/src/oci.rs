//! Private OCI registries: the distribution project's own server, on loopback over plain HTTP.

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::net::TcpStream;

use crate::server::{Server, Start, find_program, free_port, ready};

/// What to run when the server is missing.
const INSTALL: &str = "apt-get install --yes docker-registry";

/// A private registry whose files are all in one temporary folder that goes with it.
#[derive(Debug)]
pub struct OciRegistry {
    port: u16,
    _server: Server,
}

impl OciRegistry {
    /// Starts one.
    pub async fn temporary() -> anyhow::Result<Self> {
        let program = find_program("docker-registry", &[]);
        let program = program.with_context(|| format!("docker-registry is not installed: {INSTALL}"))?;
        let folder: PathBuf = tempfile::Builder::new().prefix("openclaw-oci-").tempdir()?.keep();
        let port = free_port();
        let config = folder.join("config.yml");
        let root = folder.join("data");
        std::fs::write(
            &config,
            format!(
                "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\n\
                 http:\n  addr: 127.0.0.1:{port}\n",
                root.display()
            ),
        )?;
        let log = folder.join("log");
        let mut server = Server::spawn(Start {
            program: &program,
            arguments: vec!["serve".to_owned(), config.display().to_string()],
            signal: "TERM",
            rubbish: Some(&folder),
            log: &log,
        })?;
        ready(&mut server, &log, || async move { TcpStream::connect(("127.0.0.1", port)).await.is_ok() })
            .await
            .context("docker-registry")?;
        Ok(Self { port, _server: server })
    }

    /// Its host and port, as a reference begins.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}
