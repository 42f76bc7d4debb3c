//! A person's way in a real Chromium: landing, interview, checkout, chat, in both languages, with a clean console.

use openclaw_testkit::browser::Browser;
use serde_json::Value;

use crate::platform::{Platform, until};

/// The browser's side has taken the page over.
const LIVE: &str = "html[data-live]";

#[tokio::test]
async fn a_person_gets_an_agent_in_portuguese_and_in_english() {
    openclaw_platform::http::install_tls();
    let platform = Platform::start().await;
    walk(&platform, "pt", "Posso tomar varfarina com ibuprofeno?").await;
    walk(&platform, "en", "Can I take warfarin with ibuprofen?").await;
    platform.stop().await;
}

async fn walk(platform: &Platform, locale: &str, question: &str) {
    let site = platform.url("web").to_owned();
    let page = Browser::start().await;

    page.goto(&format!("{site}/{locale}")).await;
    page.wait(LIVE).await;
    page.click("[data-test=niche-card][data-niche=pharmacy] a").await;
    page.click("[data-test=start]").await;

    // The interview: one question a screen, until the plans.
    let mut asked = 0;
    loop {
        let next = until("the next screen", async || {
            for css in ["[data-test=question]", "[data-test=to-plan]"] {
                if page.is_there(css).await {
                    return Some(css);
                }
            }
            None
        })
        .await;
        if next == "[data-test=to-plan]" {
            page.click(next).await;
            break;
        }
        asked += 1;
        assert!(asked < 30, "the interview does not end");
        answer(&page).await;
    }
    assert!(asked >= 4, "only {asked} questions");

    // The plan asks who pays; the mail is in the outbox of `dev`.
    let email = format!("{locale}-browser@example.com");
    page.click("[data-test=plan-starter]").await;
    page.fill("[data-test=email-input]", &email).await;
    page.click("[data-test=email-submit]").await;
    let link = until("the sign-in mail", async || link_to(&site, &email).await).await;
    page.goto(&link).await;
    page.wait("[data-test=plan-starter]").await;
    page.wait(LIVE).await;
    page.click("[data-test=plan-starter]").await;
    page.click("[data-test=pay-demo]").await;
    page.wait("[data-test=progress-step-answering]").await;
    page.click("[data-test=open-chat]").await;

    page.wait(LIVE).await;
    page.fill("[data-test=chat-input]", question).await;
    page.click("[data-test=chat-send]").await;
    page.wait("[data-test=tool-card]").await;
    page.wait("[data-test=chat-message][data-author=agent]").await;
    page.wait("[data-test=usage-used]").await;

    let errors = page.console().await;
    assert!(errors.is_empty(), "{locale}: the console is not clean: {errors:#?}");
    page.stop().await;
}

async fn link_to(site: &str, email: &str) -> Option<String> {
    let outbox: Value = reqwest::get(format!("{site}/api/dev/outbox")).await.ok()?.json().await.ok()?;
    let mail = outbox["items"].as_array()?.iter().find(|m| m["to"] == email)?;
    let text = mail["text"].as_str()?;
    let start = text.find(site)?;
    Some(text[start..].split_whitespace().next()?.to_owned())
}

/// Answers the question on the screen, by how it is asked, and waits for the next screen.
async fn answer(page: &Browser) {
    let question = page.wait("[data-test=question]").await;
    let id = question.attr("data-question").await.unwrap().expect("a question has an id");
    if page.is_there("[data-test=answer-input][type=radio]").await {
        page.click("label.choice").await;
    } else {
        let example = question.attr("data-example").await.unwrap().unwrap_or_else(|| "123456789".into());
        page.fill("[data-test=answer-input]", &example).await;
    }
    page.click("[data-test=answer-submit]").await;
    let here = format!("[data-test=question][data-question={id}]");
    until(&format!("the screen after {id}"), async || (!page.is_there(&here).await).then_some(())).await;
}
