//! Who may ask, how often, and what.

use std::time::{Duration, Instant};

use openclaw_platform::tokens;
use openclaw_testkit::llm::Reply;
use serde_json::{Value, json};

use crate::{
    canned::Canned,
    harness::{Agent, Backing, KEY, eventually, question, scripted},
};

#[tokio::test]
async fn a_token_that_is_unknown_or_closed_opens_nothing() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let forged = format!("{}x", &agent.token[..agent.token.len() - 1]);
    for token in ["nonsense", forged.as_str()] {
        let answer = proxy.ask(token, &question(false)).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("x-request-id"));
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "invalid_api_key");
    }
    assert_eq!(proxy.ask(&agent.token, &question(false)).send().await.unwrap().status(), 200);

    tokens::close(&mut backing.db.acquire().await.unwrap(), agent.id).await.unwrap();
    let closed = Instant::now();
    eventually("the token is refused", async || {
        proxy.ask(&agent.token, &question(false)).send().await.unwrap().status() == 401
    })
    .await;
    assert!(closed.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_token_may_come_as_an_api_key_and_the_models_are_listed() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let client = openclaw_platform::http::client();
    let models = format!("{}/v1/models", proxy.url);
    assert_eq!(client.get(&models).send().await.unwrap().status(), 401);
    let listed: Value =
        client.get(&models).header("x-api-key", &agent.token).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["data"][0]["id"], "kimi-coding/k2p5");
    assert_eq!(client.get(format!("{}/healthz", proxy.url)).send().await.unwrap().status(), 200);
    let lost = client.get(format!("{}/v2/else", proxy.url)).send().await.unwrap();
    assert_eq!(
        (lost.status().as_u16(), lost.json::<Value>().await.unwrap()["error"]["code"].as_str()),
        (404, Some("unknown_url"))
    );
}

#[tokio::test]
async fn the_provider_sees_its_own_key_and_never_the_agents_token() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let settings = [("LLM_BASE_URL", llm.url.as_str()), ("LLM_MODEL", "their-name")];
    let (agent, proxy) = (backing.agent().await, backing.proxy(&settings).await);
    let asked =
        proxy.ask(&agent.token, &question(false)).header("x-api-key", &agent.token).header("x-secret", &agent.token);
    assert_eq!(asked.send().await.unwrap().status(), 200);

    let request = llm.requests().remove(0);
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    assert!(!format!("{:?}{}", request.headers, request.body).contains(&agent.token));
    assert_eq!(request.body["model"], "their-name");
}

#[tokio::test]
async fn a_provider_that_repeats_its_key_is_not_repeated() {
    let backing = Backing::start().await;
    let error = json!({"error": {"message": format!("{KEY} may not do that"), "type": "x", "param": "messages"}});
    let text = json!({"choices": [{"index": 0, "delta": {"content": KEY}, "finish_reason": "stop"}]});
    let whole =
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": KEY}, "finish_reason": "stop"}]});
    for (provider, stream) in [
        (Canned::start(400, "application/json", error.to_string()).await, false),
        (Canned::start(422, "text/plain", KEY).await, false),
        (Canned::start(200, "application/json", whole.to_string()).await, false),
        (Canned::events(&[text]).await, true),
    ] {
        let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &provider.url)]).await);
        let answer = proxy.ask(&agent.token, &question(stream)).send().await.unwrap();
        let all = format!("{:?}{}", answer.headers().clone(), answer.text().await.unwrap());
        assert!(!all.contains(KEY) && !all.is_empty(), "{all}");
    }
}

#[tokio::test]
async fn a_customer_who_asks_too_fast_is_told_when_to_come_back() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let settings = [("LLM_BASE_URL", llm.url.as_str()), ("RATE_LIMIT_PER_SECOND", "1"), ("RATE_LIMIT_BURST", "3")];
    let (agent, proxy) = (backing.agent().await, backing.proxy(&settings).await);
    let ask = async || proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    let began = Instant::now();
    let mut refused = None;
    for _ in 0..3 + began.elapsed().as_secs() + 20 {
        let answer = ask().await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("more than the burst at once is refused");
    assert!(llm.requests().len() as u64 <= 3 + began.elapsed().as_secs() + 1);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
    // Another customer has a rate of its own.
    let other = Agent::create(&backing.db, "pt", Some(1_000_000)).await;
    assert_eq!(proxy.ask(&other.token, &question(false)).send().await.unwrap().status(), 200);
    eventually("asking again works", async || ask().await.status() == 200).await;
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_with_the_field_it_is_about() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let send = async |body: Vec<u8>| {
        let answer = proxy.ask(&agent.token, &json!({})).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["error"].clone())
    };
    let (status, error) = send(b"{\"messages\": [".to_vec()).await;
    assert_eq!((status, error["type"].as_str()), (400, Some("invalid_request_error")));
    let (status, error) = send(b"{\"messages\": \"Ola\"}".to_vec()).await;
    assert_eq!((status, error["param"].as_str()), (400, Some("messages")));
    let (status, error) = send(vec![b' '; (4 << 20) + 1]).await;
    assert_eq!((status, error["code"].as_str()), (413, Some("request_too_large")));
    assert!(llm.requests().is_empty());
}
