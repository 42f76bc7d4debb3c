//! The pages taken over by a real Chromium.

use openclaw_testkit::browser::Browser;
use serde_json::{Value, json};

use crate::fixture::TestWeb;

const AGENT: &str = "018f0000-0000-7000-8000-0000000000a1";
const NEW_AGENT: &str = "018f0000-0000-7000-8000-0000000000a2";

#[tokio::test]
async fn every_page_comes_alive_with_a_clean_console() {
    let web = TestWeb::with_bundle().await;
    let browser = Browser::start().await;
    sign_in(&browser, &web).await;
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

/// By the link of a mail, which the browser that asked for it uses by itself.
async fn sign_in(browser: &Browser, web: &TestWeb) {
    browser.goto(&web.url("/pt/sign-in")).await;
    browser.fill("[data-test=email-input]", "ana@example.com").await;
    browser.click("[data-test=email-submit]").await;
    browser.wait("[data-test=mailed]").await;
    browser.goto(&web.url("/pt/sign-in?token=once")).await;
    browser.wait("[data-test=question]").await;
}
