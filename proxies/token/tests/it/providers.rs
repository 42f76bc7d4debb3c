//! Providers that fail: a typed error, nothing counted, nothing that makes a client give up its key.

use openclaw_testkit::llm::Reply;
use serde_json::Value;

use crate::{
    canned::Canned,
    harness::{Backing, question, scripted},
};

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_a_typed_error() {
    let backing = Backing::start().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{free}/v1");
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &url)]).await);
    for stream in [false, true] {
        let answer = proxy.ask(&agent.token, &question(stream)).send().await.unwrap();
        assert_eq!(answer.status(), 502);
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "provider_unreachable");
    }
    assert_eq!((backing.waiting().await, agent.events(&backing.db).await), (0, 0));
    let held = format!("usage:period:{}:held", agent.period(&backing.db).await.id);
    assert_eq!(backing.redis_command::<i64>(&["ZCARD", &held]).await, 0);
}

#[tokio::test]
async fn a_providers_errors_are_told_apart() {
    let backing = Backing::start().await;
    for (theirs, ours, code) in [
        (401, 502, "provider_refused"),
        (402, 502, "provider_refused"),
        (403, 502, "provider_refused"),
        (429, 503, "provider_busy"),
        (503, 503, "provider_busy"),
        (500, 502, "provider_broken"),
        (302, 502, "provider_broken"),
        (400, 400, "provider_rejected_request"),
        (404, 404, "provider_rejected_request"),
    ] {
        let llm = Canned::start(theirs, "application/json", "{\"error\": {\"message\": \"no\"}}").await;
        let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
        let answer = proxy.ask(&agent.token, &question(true)).send().await.unwrap();
        assert_eq!(answer.status(), ours, "{theirs}");
        if code == "provider_busy" {
            assert_eq!(answer.headers()["retry-after"], "7");
        }
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], code);
    }
}

#[tokio::test]
async fn a_provider_that_sends_no_completion_is_a_typed_error() {
    let backing = Backing::start().await;
    for (content_type, stream) in [("application/json", false), ("application/json", true), ("text/html", false)] {
        let llm = Canned::start(200, content_type, "<html>{}</html>").await;
        let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
        let answer = proxy.ask(&agent.token, &question(stream)).send().await.unwrap();
        assert_eq!(answer.status(), 502);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "provider_broken");
    }
}

#[tokio::test]
async fn a_provider_that_does_not_begin_in_time_is_a_typed_error() {
    let (backing, llm) =
        (Backing::start().await, scripted(Reply::text("Oi").after(std::time::Duration::from_secs(30))).await);
    let settings = [("LLM_BASE_URL", llm.url.as_str()), ("LLM_TIMEOUT_SECONDS", "1")];
    let (agent, proxy) = (backing.agent().await, backing.proxy(&settings).await);
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "provider_timeout");
}

#[tokio::test]
async fn without_a_provider_the_error_says_what_to_set() {
    let backing = Backing::start().await;
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[]).await);
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let error = answer.json::<Value>().await.unwrap()["error"].clone();
    assert_eq!(error["code"], "no_provider");
    assert!(error["message"].as_str().unwrap().contains("KIMI_API_KEY"));
}

#[tokio::test]
async fn the_demo_model_answers_when_nothing_else_is_set() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Demo")).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("DEMO_MODEL_URL", &llm.url)]).await);
    assert_eq!(proxy.ask(&agent.token, &question(false)).send().await.unwrap().status(), 200);
    assert!(!llm.requests()[0].headers.contains_key("authorization"));
}
