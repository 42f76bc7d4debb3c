//! The pages taken over by a real Chromium.

use std::time::{Duration, Instant};

use openclaw_testkit::browser::Browser;
use serde_json::{Value, json};

use crate::fixture::{APPROVED, COMPLETE, PENDING, REJECTED, RUNNING, TAKEN_BACK, TestWeb};

const AGENT: &str = "018f0000-0000-7000-8000-0000000000a1";
const NEW_AGENT: &str = "018f0000-0000-7000-8000-0000000000a2";
/// Keys, as WebDriver writes them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn every_page_comes_alive_with_a_clean_console() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    sign_in(&browser, &web).await;
    web.post("/pt/start/pharmacy", &[]).await;
    let releases = [PENDING, RUNNING, APPROVED, COMPLETE, REJECTED, TAKEN_BACK].map(release);
    let admin =
        ["customers", "agents", "jobs", "releases", "niches/pharmacy", "publishers", "publishers/p1/revoke", "audit"];
    let admin = admin.iter().map(|page| format!("/admin/{page}"));
    let admin: Vec<String> = admin.chain(releases).collect();
    for locale in ["pt", "en"] {
        let others = [
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
            "/design",
        ];
        for page in others.into_iter().chain(admin.iter().map(String::as_str)) {
            browser.goto(&web.url(&format!("/{locale}{page}"))).await;
            browser.wait("html[data-live]").await;
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
    sign_in(&browser, &web).await;
    browser.goto(&web.url(&format!("/pt/agents/{NEW_AGENT}"))).await;
    browser.wait("html[data-live]").await;
    browser.click("[data-test=suggestion]").await;
    browser.click("[data-test=chat-send]").await;
    browser.wait("[data-test=chat-message][data-author=person]").await;
    browser.wait("[data-test=tool-card]").await;
    browser.wait("[data-test=chat-message][data-author=agent]").await;
    let said = "return document.querySelectorAll('[data-test=chat-message]').length";
    let said = browser.client.execute(said, vec![]).await.unwrap();
    assert_eq!(said, json!(2), "what was said is shown once");
    browser.stop().await;
}

#[tokio::test]
async fn figures_move_by_themselves_until_the_roll_out_is_taken_back() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    browser.goto(&web.url(&format!("/pt{}", release(RUNNING)))).await;
    browser.wait("html[data-live]").await;
    let calls = async || text(&browser, ".side-by-side tbody tr:nth-child(2) td:nth-child(3)").await;
    let first = calls().await;
    until(async || calls().await != first).await;
    web.api.as_ref().unwrap().registry().take_back(RUNNING);
    browser.wait("[data-test=ended][data-by=platform]").await;
    assert!(!browser.is_there("[data-renew]").await, "what is over moves no more");
    assert_eq!(browser.console().await, Vec::<Value>::new());
    browser.stop().await;
}

#[tokio::test]
async fn a_chosen_file_is_uploaded_and_what_is_wrong_with_it_is_said_in_place() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = async |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        browser.wait("[data-test=release-file]").await.send_keys(path.to_str().unwrap()).await.unwrap();
        browser.click("[data-test=release-install]").await;
    };
    browser.goto(&web.url("/pt/admin/releases")).await;
    browser.wait("html[data-live]").await;
    file("a.txt", b"no component").await;
    browser.wait("#upload-outcome [data-test=refused]").await;
    file("b.wasm", b"\0asm").await;
    browser.wait("[data-test=release-page]").await;
    browser.wait("[data-test=done]").await;
    browser.stop().await;
}

#[tokio::test]
async fn a_release_is_decided_on_by_keyboard_alone() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    browser.goto(&web.url(&format!("/pt{}", release(PENDING)))).await;
    browser.wait("html[data-live]").await;
    // From the top of the page to the step behind its button, and into the reason that it needs.
    let at = async |css: &str| {
        let focused = format!("return document.activeElement.matches({css:?})");
        browser.client.execute(&focused, vec![]).await.unwrap() == json!(true)
    };
    let keys = async |keys: &str| browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    for _ in 0..60 {
        if at("[data-test=reject] > summary").await {
            break;
        }
        keys(TAB).await;
    }
    assert!(at("[data-test=reject] > summary").await, "it cannot be reached");
    keys(ENTER).await;
    keys(TAB).await;
    assert!(at("textarea[name=reason]").await, "the reason does not come next");
    keys("Pede demais.").await;
    keys(TAB).await;
    keys(ENTER).await;
    browser.wait("[data-test=ended]").await;
    assert!(at(".outcome").await, "what was done is not where one goes on from");
    browser.stop().await;
}

fn release(digest: &str) -> String {
    format!("/admin/releases/{}", digest.trim_start_matches("sha256:"))
}

async fn text(browser: &Browser, css: &str) -> String {
    let script = format!("return document.querySelector({css:?})?.textContent");
    browser.client.execute(&script, vec![]).await.unwrap().as_str().unwrap_or_default().to_owned()
}

async fn until(mut there: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !there().await {
        assert!(Instant::now() < deadline, "it does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// By the link of a mail, which the browser that asked for it uses by itself.
async fn sign_in(browser: &Browser, web: &TestWeb) {
    browser.goto(&web.url("/pt/sign-in")).await;
    browser.fill("[data-test=email-input]", "ana@example.com").await;
    browser.click("[data-test=email-submit]").await;
    browser.wait("[data-test=mailed]").await;
    browser.goto(&web.url("/pt/sign-in?token=once")).await;
    browser.wait("[data-test=question]").await;
}
