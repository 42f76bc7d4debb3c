//! A person's way in a real Chromium: landing, interview, checkout, chat, in both languages, with a clean console.

use std::{process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use openclaw_testkit::server::free_port;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::platform::{PATIENCE, Platform, until};

#[tokio::test]
async fn a_person_gets_an_agent_in_portuguese_and_in_english() {
    openclaw_platform::http::install_tls();
    let platform = Platform::start().await;
    let driver = Driver::start().await;
    walk(&platform, &driver, "pt", "Posso tomar varfarina com ibuprofeno?").await;
    walk(&platform, &driver, "en", "Can I take warfarin with ibuprofen?").await;
    platform.stop().await;
}

async fn walk(platform: &Platform, driver: &Driver, locale: &str, question: &str) {
    let site = platform.url("web").to_owned();
    let page = Page::open(driver).await;

    page.goto(&format!("{site}/{locale}")).await;
    page.is_hydrated().await;
    page.click("[data-test=niche-card][data-niche=pharmacy] a").await;
    page.click("[data-test=start]").await;

    // The interview: one question a screen, until the plans.
    let mut asked = 0;
    loop {
        let here = page.any(&["[data-test=question]", "[data-test=to-plan]", "[data-test^=plan-]"]).await;
        if here != "[data-test=question]" {
            break;
        }
        asked += 1;
        assert!(asked < 30, "the interview does not end");
        page.answer().await;
    }
    assert!(asked >= 4, "only {asked} questions");
    if page.is_there("[data-test=to-plan]").await {
        page.click("[data-test=to-plan]").await;
    }

    // The plan asks who pays; the mail is in the outbox of `dev`.
    let email = format!("{locale}-browser@example.com");
    page.click("[data-test=plan-starter]").await;
    page.fill("[data-test=email-input]", &email).await;
    page.click("[data-test=email-submit]").await;
    let link = until("the sign-in mail", async || link_to(&site, &email).await).await;
    page.goto(&link).await;
    page.wait("[data-test=plan-starter]").await;
    page.is_hydrated().await;
    page.click("[data-test=plan-starter]").await;
    page.click("[data-test=pay-demo]").await;
    page.wait("[data-test=progress-step-answering]").await;
    page.click("[data-test=open-chat]").await;

    page.is_hydrated().await;
    page.fill("[data-test=chat-input]", question).await;
    page.click("[data-test=chat-send]").await;
    page.wait("[data-test=tool-card]").await;
    page.wait("[data-test=chat-message][data-author=agent]").await;
    page.wait("[data-test=usage-used]").await;

    let errors = page.console_errors().await;
    assert!(errors.is_empty(), "{locale}: the console is not clean: {errors:#?}");
    page.client.close().await.unwrap();
}

async fn link_to(site: &str, email: &str) -> Option<String> {
    let outbox: Value = reqwest::get(format!("{site}/api/dev/outbox")).await.ok()?.json().await.ok()?;
    let mail = outbox["items"].as_array()?.iter().find(|m| m["to"] == email)?;
    let text = mail["text"].as_str()?;
    let start = text.find(site)?;
    Some(text[start..].split_whitespace().next()?.to_owned())
}

/// A chromedriver of the test's own.
struct Driver {
    _child: Child,
    url: String,
    profiles: tempfile::TempDir,
}

impl Driver {
    async fn start() -> Self {
        let port = free_port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed: cargo xtask test sees to it");
        let url = format!("http://127.0.0.1:{port}");
        until("chromedriver", async || reqwest::get(format!("{url}/status")).await.ok()).await;
        Self { _child: child, url, profiles: tempfile::tempdir().unwrap() }
    }
}

/// A tab.
struct Page {
    client: Client,
}

impl Page {
    async fn open(driver: &Driver) -> Self {
        let profile = tempfile::Builder::new().tempdir_in(driver.profiles.path()).unwrap().keep();
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
                // Scrolling takes its time otherwise, and every click waits for it.
                "--force-prefers-reduced-motion", "--window-size=1280,900", format!("--user-data-dir={}", profile.display()),
            ] },
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.url)
            .await
            .expect("Chromium starts");
        Self { client }
    }

    async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    async fn wait(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).every(Duration::from_millis(50)).for_element(Locator::Css(css)).await
        {
            Ok(element) => element,
            Err(error) => panic!("{css} did not appear ({error}) on {}", self.what_is_shown().await),
        }
    }

    /// Which of these appears first.
    async fn any(&self, all: &[&'static str]) -> &'static str {
        until("the next screen", async || {
            for css in all {
                if self.is_there(css).await {
                    return Some(*css);
                }
            }
            None
        })
        .await
    }

    async fn is_there(&self, css: &str) -> bool {
        self.client.find(Locator::Css(css)).await.is_ok()
    }

    /// Clicks once the element can be clicked: a screen may be on its way in or out.
    async fn click(&self, css: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            match self.wait(css).await.click().await {
                Ok(()) => return,
                Err(error) if std::time::Instant::now() > deadline => {
                    panic!("{css} cannot be clicked ({error}) on {}", self.what_is_shown().await)
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn fill(&self, css: &str, text: &str) {
        let element = self.wait(css).await;
        element.clear().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    /// Answers the question on the screen, by how it is asked, and waits for the next screen.
    async fn answer(&self) {
        let question = self.wait("[data-test=question]").await;
        let id = question.attr("data-question").await.unwrap().expect("a question has an id");
        if self.is_there("[data-test=answer-input][type=radio]").await {
            self.click("label.choice").await;
        } else {
            let example = question.attr("data-example").await.unwrap().unwrap_or_else(|| "123456789".into());
            self.fill("[data-test=answer-input]", &example).await;
        }
        self.click("[data-test=answer-submit]").await;
        until(&format!("the screen after {id}"), async || {
            match self.client.find(Locator::Css("[data-test=question]")).await {
                Ok(now) => (now.attr("data-question").await.ok()?? != id).then_some(()),
                Err(_) => Some(()),
            }
        })
        .await;
    }

    /// The browser's side has taken the page over.
    async fn is_hydrated(&self) {
        until("hydration", async || self.client.find(Locator::Css("html[data-live]")).await.ok().map(drop)).await;
    }

    async fn what_is_shown(&self) -> String {
        let url = self.client.current_url().await.map(|u| u.to_string()).unwrap_or_default();
        let text = self.client.execute("return document.body.innerText", vec![]).await.unwrap_or_default();
        format!("{url}:\n{}\nconsole: {:?}", text.as_str().unwrap_or_default(), self.console_errors().await)
    }

    async fn console_errors(&self) -> Vec<Value> {
        let log = self.client.issue_cmd(ConsoleLog).await.unwrap_or_default();
        let all = log.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING").collect()
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
