//! `openclaw-cloud niche …`: what authors and admins do with a running platform.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use openclaw_api_types::{Problem, ReleaseRow};
use openclaw_platform::http;

/// What can be done with niches.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Checks a component, runs its self-test in the sandbox, and offers it in the marketplace at once.
    Install {
        /// The component.
        file: PathBuf,
        #[command(flatten)]
        platform: Platform,
    },
}

/// Which platform, and the right to change it. Without either, the one that `dev` runs here.
#[derive(Debug, clap::Args)]
pub(crate) struct Platform {
    /// The API's address.
    #[arg(long, env = "API_URL")]
    api: Option<String>,
    /// The admin token.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Where `dev` wrote its addresses.
    #[arg(long, env = "DATA_DIR", default_value = ".openclaw")]
    data_dir: PathBuf,
}

pub(crate) async fn run(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Install { file, platform } => {
            let (api, token) = platform.resolve()?;
            let component = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let release = install(&api, &token, component).await?;
            let tests = match release.self_test.len() {
                0 => "it has no self-test".to_owned(),
                n => format!("all {n} cases of its self-test passed"),
            };
            println!("{} {} is in the marketplace; {tests}.", release.niche, release.version);
            println!("{}", release.digest);
            Ok(())
        }
    }
}

impl Platform {
    fn resolve(&self) -> anyhow::Result<(String, String)> {
        if let (Some(api), Some(token)) = (&self.api, &self.admin_token) {
            return Ok((api.clone(), token.clone()));
        }
        let dev = read_dev(&self.data_dir).context("name the platform with --api and --admin-token")?;
        let field = |name: &str| dev[name].as_str().map(str::to_owned).context("dev.json is of another version");
        Ok((
            self.api.clone().map_or_else(|| field("api"), Ok)?,
            self.admin_token.clone().map_or_else(|| field("admin_token"), Ok)?,
        ))
    }
}

fn read_dev(data_dir: &Path) -> anyhow::Result<serde_json::Value> {
    let path = data_dir.join("dev.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} is not there: no `dev` runs here", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// Sends `component` to the platform at `api`.
pub(crate) async fn install(api: &str, token: &str, component: Vec<u8>) -> anyhow::Result<ReleaseRow> {
    let answer = http::client()
        .post(format!("{api}/v1/admin/releases"))
        .bearer_auth(token)
        .header("content-type", "application/wasm")
        .body(component)
        .send()
        .await
        .with_context(|| format!("the API at {api} does not answer"))?;
    if !answer.status().is_success() {
        let status = answer.status();
        match answer.json::<Problem>().await {
            Ok(problem) => bail!("refused ({}): {}", problem.code(), problem.detail),
            Err(_) => bail!("the API answered {status}"),
        }
    }
    answer.json().await.context("the API's answer is of another version")
}
