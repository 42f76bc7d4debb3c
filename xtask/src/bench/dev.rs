//! A platform of the bench's own, as `openclaw-cloud dev` runs it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::{
    build,
    shell::{root, until},
};

/// A `dev` of the bench's own, on free ports.
pub(super) struct Dev {
    child: Child,
    folder: PathBuf,
    /// From its start until it served.
    pub(super) serving: Duration,
}

impl Dev {
    /// Starts it with its data in `folder`, and waits until it serves.
    pub(super) fn start(executable: &Path, folder: &Path) -> anyhow::Result<Self> {
        let _ = std::fs::remove_file(folder.join("dev.json"));
        let began = Instant::now();
        let mut command = Command::new(executable);
        command.arg("dev").arg("--data-dir").arg(folder).arg("--niches").arg(build::niches_folder());
        for variable in
            ["API_LISTEN", "WEB_LISTEN", "TOKEN_PROXY_LISTEN", "RELAY_LISTEN", "OPERATOR_LISTEN", "BILLING_LISTEN"]
        {
            // `dev` chooses a free port.
            command.env(variable, "127.0.0.1:0");
        }
        command.env("WEB_ASSETS", build::bundle_folder()).env("OPENCLAW_LIFELINE", "stdin");
        let child = command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut dev = Self { child, folder: folder.to_owned(), serving: Duration::ZERO };
        let written: PathBuf = folder.join("dev.json");
        let serves = until(Duration::from_secs(60), Duration::from_millis(5), || {
            ensure!(dev.child.try_wait()?.is_none(), "dev ended before it served");
            Ok(written.exists().then_some(()))
        });
        serves?.context("dev does not serve")?;
        dev.serving = began.elapsed();
        Ok(dev)
    }

    /// What it wrote down of itself, such as the address of a role.
    pub(super) fn field(&self, name: &str) -> anyhow::Result<String> {
        let written: serde_json::Value = serde_json::from_slice(&std::fs::read(self.folder.join("dev.json"))?)?;
        written[name].as_str().map(str::to_owned).with_context(|| format!("dev.json does not say `{name}`"))
    }

    /// A second process of `role` beside its own, listening at `address`: the settings are those of the first.
    pub(super) fn another(&self, executable: &Path, role: &str, address: SocketAddr) -> anyhow::Result<Role> {
        let listen = format!("{}_LISTEN", role.replace('-', "_").to_uppercase());
        let variables = self.variables(role)?.into_iter().filter(|(name, _)| *name != listen);
        let mut command = Command::new(executable);
        command
            .arg(role)
            .env_clear()
            .envs(variables)
            .env(listen, address.to_string())
            .env("OPENCLAW_LIFELINE", "stdin");
        Ok(Role(command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// The environment that `dev` gave to its process of `role`.
    fn variables(&self, role: &str) -> anyhow::Result<Vec<(String, String)>> {
        let parent = format!("PPid:\t{}\n", self.child.id());
        let is_it = |process: &PathBuf| {
            let ours = std::fs::read_to_string(process.join("status")).is_ok_and(|status| status.contains(&parent));
            ours && std::fs::read(process.join("cmdline"))
                .is_ok_and(|line| line.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes()))
        };
        let mut processes = std::fs::read_dir("/proc")?.flatten().map(|entry| entry.path());
        let process = processes.find(is_it).with_context(|| format!("`dev` runs no `{role}`"))?;
        let environment = String::from_utf8(std::fs::read(process.join("environ"))?)?;
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(environment.split('\0').filter_map(pair).collect())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // The end of its lifeline stops it in order.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A role's process, ended with its lifeline.
pub(super) struct Role(Child);

impl Drop for Role {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
