//! The pages taken over by a real Chromium.

use std::{process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::fixture::{TestWeb, free_port};

const PATIENCE: Duration = Duration::from_secs(30);
const AGENT: &str = "018f0000-0000-7000-8000-0000000000a1";
const NEW_AGENT: &str = "018f0000-0000-7000-8000-0000000000a2";

#[tokio::test]
async fn every_page_comes_alive_with_a_clean_console() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    browser.sign_in(&web).await;
    web.post("/pt/start/pharmacy", &[]).await;
    for locale in ["pt", "en"] {
        for page in [
            "",
            "/niches/pharmacy",
            "/niches/legal",
            "/onboarding/i1",
            "/sign-in",
            "/outbox",
            "/demo-checkout/k1",
            "/progress/k1",
            "/agents",
            &format!("/agents/{AGENT}"),
            &format!("/agents/{NEW_AGENT}"),
            "/admin/customers",
            "/admin/agents",
            "/admin/jobs",
            "/admin/releases",
            "/design",
        ] {
            browser.client.goto(&web.url(&format!("/{locale}{page}"))).await.unwrap();
            browser.wait(page, "html[data-live]").await;
            // A bundle for development marks what it took over.
            let left = r#"return document.querySelector("[data-hydrated]")
                ? document.querySelectorAll("[data-hk]:not([data-hydrated])").length : 0"#;
            assert_eq!(browser.client.execute(left, vec![]).await.unwrap(), json!(0), "{page}");
            assert_eq!(browser.console().await, Vec::<Value>::new(), "/{locale}{page}");
        }
    }
    browser.stop().await;
}

#[tokio::test]
async fn a_message_is_shown_at_once_and_answered_with_a_tools_card() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    browser.sign_in(&web).await;
    browser.client.goto(&web.url(&format!("/pt/agents/{NEW_AGENT}"))).await.unwrap();
    browser.wait("chat", "html[data-live]").await;
    browser.client.find(Locator::Css("[data-test=suggestion]")).await.unwrap().click().await.unwrap();
    browser.client.find(Locator::Css("[data-test=chat-send]")).await.unwrap().click().await.unwrap();
    browser.wait("what was said", "[data-test=chat-message][data-author=person]").await;
    browser.wait("the tool", "[data-test=tool-card]").await;
    browser.wait("the answer", "[data-test=chat-message][data-author=agent]").await;
    let said = browser.client.find_all(Locator::Css("[data-test=chat-message]")).await.unwrap();
    assert_eq!(said.len(), 2, "what was said is shown once");
    browser.stop().await;
}

/// A Chromium with a chromedriver of its own.
struct Browser {
    client: Client,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn start() -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed: cargo xtask test sees to it");
        let profile = tempfile::tempdir().unwrap();
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
                "--force-prefers-reduced-motion", format!("--user-data-dir={}", profile.path().display()),
            ] },
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let client = loop {
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => break client,
                Err(error) => assert!(tokio::time::Instant::now() < deadline, "Chromium does not start: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Self { client, _driver: driver, _profile: profile }
    }

    /// By the link of a mail, which a person's browser uses by itself.
    async fn sign_in(&self, web: &TestWeb) {
        self.client.goto(&web.url("/pt/sign-in?token=once")).await.unwrap();
        self.wait("where signing in leads", "[data-test=question]").await;
    }

    async fn wait(&self, what: &str, css: &str) {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        if let Err(error) = found {
            panic!("{what}: {css} did not appear ({error}); console: {:?}", self.console().await);
        }
    }

    /// Errors and warnings since the last look.
    async fn console(&self) -> Vec<Value> {
        let log = self.client.issue_cmd(ConsoleLog).await.unwrap();
        let lines = log.as_array().cloned().unwrap_or_default();
        lines.into_iter().filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING").collect()
    }

    async fn stop(self) {
        self.client.close().await.unwrap();
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
