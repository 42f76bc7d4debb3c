//! A running platform's admin API, as the command line speaks to it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use openclaw_api_types::Problem;
use openclaw_platform::http;
use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

/// Which platform, and the right to change it. Without either, the one that `dev` runs here.
#[derive(Debug, clap::Args)]
pub(crate) struct Platform {
    /// The API's address.
    #[arg(long, env = "API_URL", global = true)]
    api: Option<String>,
    /// The admin token.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true, global = true)]
    admin_token: Option<String>,
    /// Who you are, for the audit trail.
    #[arg(id = "admin_name", long = "as", env = "ADMIN_NAME", global = true)]
    name: Option<String>,
    /// Where `dev` wrote its addresses.
    #[arg(long, env = "DATA_DIR", default_value = ".openclaw", global = true)]
    data_dir: PathBuf,
}

impl Platform {
    /// The API that these name.
    pub(crate) fn admin(&self) -> anyhow::Result<AdminApi> {
        let (url, token) = match (&self.api, &self.admin_token) {
            (Some(api), Some(token)) => (api.clone(), token.clone()),
            _ => {
                let dev = read_dev(&self.data_dir).context("name the platform with --api and --admin-token")?;
                let field =
                    |name: &str| dev[name].as_str().map(str::to_owned).context("dev.json is of another version");
                (
                    self.api.clone().map_or_else(|| field("api"), Ok)?,
                    self.admin_token.clone().map_or_else(|| field("admin_token"), Ok)?,
                )
            }
        };
        Ok(AdminApi { http: http::client(), url, token, name: self.name.clone() })
    }
}

fn read_dev(data_dir: &Path) -> anyhow::Result<serde_json::Value> {
    let path = data_dir.join("dev.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} is not there: no `dev` runs here", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// The admin routes of one platform.
pub(crate) struct AdminApi {
    http: reqwest::Client,
    url: String,
    token: String,
    name: Option<String>,
}

impl AdminApi {
    /// The one at `url`, in nobody's name.
    pub(crate) fn new(url: &str, token: &str) -> Self {
        Self { http: http::client(), url: url.to_owned(), token: token.to_owned(), name: None }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/v1/admin/{path}", self.url)).bearer_auth(&self.token);
        match &self.name {
            Some(name) => request.header("openclaw-admin", name),
            None => request,
        }
    }

    /// What is at `path`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends `body` to `path`.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Changes what is at `path` to `body`.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Uploads a component with its signature.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        component: Vec<u8>,
        signature: Option<&str>,
    ) -> anyhow::Result<T> {
        let request = self.request(Method::POST, "releases").header("content-type", "application/wasm");
        let request = match signature {
            Some(line) => request.header("openclaw-signature", line),
            None => request,
        };
        self.send(request.body(component)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let answer = request.send().await.with_context(|| format!("the API at {} does not answer", self.url))?;
        if !answer.status().is_success() {
            let status = answer.status();
            match answer.json::<Problem>().await {
                Ok(problem) => bail!("refused ({}): {}", problem.code(), problem.detail),
                Err(_) => bail!("the API answered {status}"),
            }
        }
        answer.json().await.context("the API's answer is of another version")
    }
}
