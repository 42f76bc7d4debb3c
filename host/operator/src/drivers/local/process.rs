//! One gateway process: started with an environment of its own and a pipe to live by, ended with signals.

use std::{io, os::fd::OwnedFd, process::Stdio, time::Duration};

use openclaw_platform::{lifeline, tokens::Minted};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::ExposeSecret as _;
use tokio::{
    net::unix::pipe,
    process::{Child, ChildStdin, Command},
};

use super::{Counted, Program};
use crate::{blueprint::Blueprint, drivers::DriverError};

/// What a gateway is given of the operator's own environment. Nothing else: the rest holds the platform's keys.
const INHERITED: [&str; 6] = ["PATH", "RUST_LOG", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// All it takes to start a gateway, again if need be.
pub(super) struct Recipe {
    program: Program,
    environment: Vec<(&'static str, String)>,
    secrets: Minted,
}

/// A process that was started.
pub(super) struct Process {
    pub(super) pid: u32,
    child: Child,
    /// The gateway ends when this does.
    _lifeline: Option<ChildStdin>,
    _counted: Counted,
}

impl Recipe {
    pub(super) fn new(program: &Program, blueprint: &Blueprint, secrets: Minted) -> Self {
        Self { program: program.clone(), environment: blueprint.environment.clone(), secrets }
    }

    /// Starts it; also gives what it will write to standard output and error.
    pub(super) fn spawn(&self) -> Result<(Process, pipe::Receiver), DriverError> {
        self.try_spawn().map_err(|source| DriverError::Spawn { program: self.program.path.clone(), source })
    }

    fn try_spawn(&self) -> io::Result<(Process, pipe::Receiver)> {
        // One pipe for both outputs, so that their lines stay in order.
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&self.program.path);
        command
            .args(&self.program.arguments)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("TELEGRAM_BOT_TOKEN", self.secrets.bot_token.expose_secret())
            .env("OPENCLAW_PROXY_TOKEN", self.secrets.proxy_token.expose_secret())
            .env(lifeline::VARIABLE, "stdin")
            .stdin(Stdio::piped())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            // A Ctrl-C in the terminal is for the operator, which then stops its gateways.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        // The command holds the pipe's writing ends, and the pipe must end with the process.
        drop(command);
        let process = Process {
            pid: child.id().ok_or_else(|| io::Error::other("the process has no id"))?,
            _lifeline: child.stdin.take(),
            child,
            _counted: Counted::new(),
        };
        Ok((process, pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?))
    }
}

impl Process {
    /// Waits until it ends; says how.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Asks it to end, and kills it if it has not within `grace`.
    pub(super) async fn end(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            tracing::warn!(pid = self.pid, ?grace, "a gateway did not end when asked to; it is killed");
            self.signal(Signal::KILL);
            if let Err(error) = self.child.wait().await {
                tracing::error!(pid = self.pid, %error, "a killed gateway cannot be waited for");
            }
        }
    }

    /// To the process and whatever it started. Its id is its own until it was waited for, which `child` knows.
    fn signal(&self, signal: Signal) {
        let group = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::debug!(pid = self.pid, %error, "a gateway could not be signalled: it has just ended");
        }
    }
}
