//! What is counted of an answer, whole, streamed, left, or cut off.

use std::time::Duration;

use openclaw_platform::usage;
use openclaw_testkit::llm::Reply;
use serde_json::{Value, json};

use crate::{
    canned::Canned,
    harness::{Backing, eventually, question, scripted, streamed},
};

#[tokio::test]
async fn an_answer_is_counted_as_the_provider_says_under_the_requests_id() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Bom dia").usage(30, 12)).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    let id: uuid::Uuid = answer.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "Bom dia");
    backing.counted(&agent, 42).await;
    let (model, prompt, estimated): (String, i64, bool) =
        sqlx::query_as("SELECT model, prompt_tokens, estimated FROM usage_events WHERE request_id = $1")
            .bind(id)
            .fetch_one(&backing.db)
            .await
            .unwrap();
    assert_eq!((model.as_str(), prompt, estimated), ("kimi-coding/k2p5", 30, false));
    let days = usage::daily(&backing.db, agent.id, agent.period(&backing.db).await.starts_at).await.unwrap();
    assert_eq!(days.iter().map(|d| (d.prompt, d.completion)).collect::<Vec<_>>(), [(30, 12)]);
}

#[tokio::test]
async fn a_streams_usage_is_counted_and_shown_only_to_who_asked() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Bom dia a todos").usage(30, 12)).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let (text, usage, raw) = streamed(proxy.ask(&agent.token, &question(true)).send().await.unwrap()).await;
    assert_eq!((text.as_str(), usage), ("Bom dia a todos", None));
    assert!(raw.ends_with("data: [DONE]\n\n"));

    let mut asking = question(true);
    asking["stream_options"] = json!({"include_usage": true});
    let (_, usage, raw) = streamed(proxy.ask(&agent.token, &asking).send().await.unwrap()).await;
    assert_eq!(usage.unwrap()["total_tokens"], 42);
    assert_eq!(raw.matches("\"usage\":{").count(), 1);
    backing.counted(&agent, 84).await;
    assert_eq!(llm.requests()[0].body["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn kimis_usage_in_the_first_choice_is_counted_and_told_as_openai_tells_it() {
    let chunk = |delta: Value, finish: Value, usage: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "k2p5",
               "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "usage": usage}]})
    };
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cached_tokens": 64});
    let chunks = [chunk(json!({"content": "Oi"}), Value::Null, Value::Null), chunk(json!({}), json!("stop"), usage)];
    let (backing, kimi) = (Backing::start().await, Canned::events(&chunks).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &kimi.url)]).await);
    let mut asking = question(true);
    asking["stream_options"] = json!({"include_usage": true});
    let (text, usage, _) = streamed(proxy.ask(&agent.token, &asking).send().await.unwrap()).await;
    let usage = usage.unwrap();
    assert_eq!(
        (text.as_str(), &usage["total_tokens"], &usage["prompt_tokens_details"]["cached_tokens"]),
        ("Oi", &json!(120), &json!(64))
    );
    backing.counted(&agent, 120).await;
    let cached: i64 =
        sqlx::query_scalar("SELECT cached_tokens FROM usage_events").fetch_one(&backing.db).await.unwrap();
    assert_eq!(cached, 64);
}

#[tokio::test]
async fn a_provider_that_tells_no_usage_is_counted_by_our_estimate() {
    let backing = Backing::start().await;
    let whole = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "x".repeat(40)}, "finish_reason": "stop"}]});
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "x".repeat(40)}, "finish_reason": "stop"}]});
    for (provider, stream) in [
        (Canned::start(200, "application/json", whole.to_string()).await, false),
        (Canned::events(&[chunk]).await, true),
    ] {
        let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &provider.url)]).await);
        assert_eq!(proxy.ask(&agent.token, &question(stream)).send().await.unwrap().status(), 200);
        backing.counted(&agent, 5 + 10).await;
        let estimated: bool = sqlx::query_scalar("SELECT estimated FROM usage_events WHERE agent_id = $1")
            .bind(agent.id.0)
            .fetch_one(&backing.db)
            .await
            .unwrap();
        assert!(estimated);
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_is_counted_once_for_what_came() {
    let reply = Reply::text("palavra ".repeat(200)).usage(5, 1_600).slowly(Duration::from_millis(20));
    let (backing, llm) = (Backing::start().await, scripted(reply).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let mut answer = proxy.ask(&agent.token, &question(true)).send().await.unwrap();
    for _ in 0..5 {
        answer.chunk().await.unwrap().unwrap();
    }
    drop(answer);
    eventually("the answer is counted", async || agent.events(&backing.db).await == 1).await;
    let used = agent.period(&backing.db).await.used;
    assert!((6..100).contains(&used), "only what came is counted: {used}");
    backing.counted(&agent, used).await;
    eventually("nothing stays reserved", async || {
        backing
            .redis_command::<i64>(&["ZCARD", &format!("usage:period:{}:held", agent.period(&backing.db).await.id)])
            .await
            == 0
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_still_pays_for_it() {
    let reply = Reply::text("Oi").usage(5, 70).after(Duration::from_millis(600));
    let (backing, llm) = (Backing::start().await, scripted(reply).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let asking = tokio::spawn(proxy.ask(&agent.token, &question(false)).send());
    eventually("the provider was asked", async || llm.requests().len() == 1).await;
    asking.abort();
    backing.counted(&agent, 75).await;
}

#[tokio::test]
async fn a_stream_that_the_provider_cuts_ends_in_an_error_and_is_counted_for_what_came() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("uma duas três quatro cinco seis").cut()).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let (text, _, raw) = streamed(proxy.ask(&agent.token, &question(true)).send().await.unwrap()).await;
    assert!(text.starts_with("uma duas") && !raw.contains("[DONE]"), "{raw}");
    assert!(raw.contains("provider_broken"), "{raw}");
    eventually("the answer is counted", async || agent.events(&backing.db).await == 1).await;
    assert!((6..15).contains(&agent.period(&backing.db).await.used));
}

#[tokio::test]
async fn stopping_lets_short_answers_end_and_counts_those_it_cuts_off() {
    let (backing, llm) =
        (Backing::start().await, scripted(Reply::text("Oi").usage(5, 7).after(Duration::from_millis(800))).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let short = tokio::spawn(proxy.ask(&agent.token, &question(false)).send());
    eventually("the provider was asked", async || llm.requests().len() == 1).await;
    llm.always(Reply::text("palavra ".repeat(2_000)).slowly(Duration::from_millis(20)));
    let mut long = proxy.ask(&agent.token, &question(true)).send().await.unwrap();
    long.chunk().await.unwrap();
    let began = std::time::Instant::now();
    proxy.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(short.await.unwrap().unwrap().status(), 200);
    assert_eq!((agent.events(&backing.db).await, backing.waiting().await), (2, 0));
}
