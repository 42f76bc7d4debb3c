//! How soon a release that an admin makes active is the one that every replica of the API serves.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::dev::Dev;
use crate::{build, shell::until};

/// Releases one after the other; the slowest counts.
const RELEASES: usize = 9;
/// What the smallest niche says of itself, and where a letter is changed so that each release says another thing.
const TAGLINE: &str = "Greets whoever comes in.";
const PATIENCE: Duration = Duration::from_secs(20);

/// Milliseconds from the request that makes a release active until the last of two replicas serves it: the slowest of
/// several.
pub(super) fn measure(executable: &Path) -> anyhow::Result<f64> {
    let folder = std::env::temp_dir().join(format!("openclaw-bench-replicas-{}", std::process::id()));
    let dev = Dev::start(executable, &folder)?;
    // Bound and let go: whoever listens at it next has it.
    let free: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let _second = dev.another(executable, "api", free)?;
    let replicas = [dev.field("api")?, format!("http://{free}")];
    let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let admin = Admin { agent: agent.into(), api: replicas[0].clone(), token: dev.field("admin_token")? };
    let component = std::fs::read(build::component("hello"))?;
    let mut slowest: f64 = 0.0;
    for number in 0..RELEASES {
        let tagline = format!("Greets whoever comes in{number}");
        let digest = admin.upload(&saying(&component, &tagline)?)?;
        admin.step(&digest, "approve")?;
        let began = Instant::now();
        admin.step(&digest, "complete")?;
        for replica in &replicas {
            let serves = until(PATIENCE, Duration::from_millis(1), || Ok(admin.says(replica, &tagline)?.then_some(())));
            serves?.with_context(|| format!("{replica} does not serve the new release"))?;
        }
        // The first release of a niche has nothing to take over from.
        if number > 0 {
            slowest = slowest.max(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    drop(dev);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(slowest)
}

/// The component with other words in the same place, and so another release.
fn saying(component: &[u8], tagline: &str) -> anyhow::Result<Vec<u8>> {
    let at = component.windows(TAGLINE.len()).position(|words| words == TAGLINE.as_bytes());
    let at = at.context("the smallest niche does not say what is looked for")?;
    let mut other = component.to_vec();
    other[at..at + TAGLINE.len()].copy_from_slice(tagline.as_bytes());
    Ok(other)
}

/// The admin's routes.
struct Admin {
    agent: ureq::Agent,
    api: String,
    token: String,
}

impl Admin {
    fn upload(&self, component: &[u8]) -> anyhow::Result<String> {
        let request = self.agent.post(format!("{}/v1/admin/releases", self.api)).header("authorization", self.bearer());
        let mut answer = request.header("content-type", "application/wasm").send(component)?;
        let status = answer.status();
        let page: Value = answer.body_mut().read_json()?;
        ensure!(status.is_success(), "the upload is refused: {page}");
        page["digest"].as_str().map(str::to_owned).context("the upload has no digest")
    }

    fn step(&self, digest: &str, step: &str) -> anyhow::Result<()> {
        let address = format!("{}/v1/admin/releases/{digest}/{step}", self.api);
        let mut answer = self.agent.post(address).header("authorization", self.bearer()).send_json(json!({}))?;
        ensure!(answer.status().is_success(), "{step}: {}", answer.body_mut().read_to_string()?);
        Ok(())
    }

    /// Whether the marketplace of `replica` has a niche with this tagline.
    fn says(&self, replica: &str, tagline: &str) -> anyhow::Result<bool> {
        let Ok(mut answer) = self.agent.get(format!("{replica}/v1/niches?locale=en")).call() else {
            // It is not up yet.
            return Ok(false);
        };
        Ok(answer.body_mut().read_to_string()?.contains(tagline))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}
