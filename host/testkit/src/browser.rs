//! A headless Chromium, driven as a person would.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::server::free_port;

/// How long anything may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look.
const LOOK: Duration = Duration::from_millis(50);

/// A Chromium with a chromedriver and a profile of its own.
pub struct Browser {
    /// For all that has no function here.
    pub client: Client,
    _driver: Child,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// Where Debian's chromium and chromium-driver are not installed.
    pub async fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder for the profile");
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            // Chromium leaves folders behind wherever this points.
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed: cargo xtask test sees to it");
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
                // Scrolling takes its time otherwise, and every click waits for it.
                "--force-prefers-reduced-motion", "--window-size=1280,900",
                format!("--user-data-dir={}", folder.path().join("profile").display()),
            ] },
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().cloned().unwrap_or_default());
        let deadline = Instant::now() + PATIENCE;
        let client = loop {
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => break client,
                Err(error) => assert!(Instant::now() < deadline, "Chromium does not start: {error}"),
            }
            tokio::time::sleep(LOOK).await;
        };
        Self { client, _driver: driver, _folder: folder }
    }

    /// Goes to `url` and waits until the page is loaded.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Waits for the element.
    pub async fn wait(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).every(LOOK).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css} did not appear ({error}) on {}", self.what_is_shown().await),
        }
    }

    /// Whether the element is there now.
    pub async fn is_there(&self, css: &str) -> bool {
        self.client.find(Locator::Css(css)).await.is_ok()
    }

    /// Clicks once the element can be clicked: a screen may be on its way in or out.
    pub async fn click(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.wait(css).await.click().await {
            if Instant::now() > deadline {
                panic!("{css} cannot be clicked ({error}) on {}", self.what_is_shown().await);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Types `text` in place of what the field holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.wait(css).await;
        let typed = async {
            field.clear().await?;
            field.send_keys(text).await
        };
        typed.await.unwrap_or_else(|error| panic!("{css} cannot be filled: {error}"));
    }

    /// Errors and warnings on the console since the last look.
    pub async fn console(&self) -> Vec<Value> {
        let log = self.client.issue_cmd(ConsoleLog).await.unwrap_or_default();
        let lines = log.as_array().cloned().unwrap_or_default();
        lines.into_iter().filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING").collect()
    }

    /// Closes it.
    pub async fn stop(self) {
        // One that is gone already is closed.
        let _ = self.client.close().await;
    }

    async fn what_is_shown(&self) -> String {
        let url = self.client.current_url().await.map(|u| u.to_string()).unwrap_or_default();
        let text = self.client.execute("return document.body.innerText", vec![]).await.unwrap_or_default();
        format!("{url}:\n{}\nconsole: {:?}", text.as_str().unwrap_or_default(), self.console().await)
    }
}

/// Chromedriver's own command for the browser's console.
#[derive(Debug)]
struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
