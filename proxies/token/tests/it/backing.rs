//! Postgres and Redis that go away and come back: requests fail clearly or wait, and nothing is counted twice.

use std::time::Duration;

use openclaw_testkit::{llm::Reply, postgres::Postgres, redis::Redis};
use serde_json::{Value, json};

use crate::harness::{Agent, Backing, Proxy, eventually, question, scripted};

#[tokio::test]
async fn redis_away_is_a_typed_error_and_redis_back_needs_no_restart() {
    let (mut backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 95)).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    assert_eq!(proxy.ask(&agent.token, &question(false)).send().await.unwrap().status(), 200);
    backing.counted(&agent, 100).await;

    backing.redis.stop().await.unwrap();
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "service_unavailable");

    backing.redis.start().await.unwrap();
    eventually("answers come again", async || {
        proxy.ask(&agent.token, &question(false)).send().await.unwrap().status() == 200
    })
    .await;
    backing.counted(&agent, 200).await;
}

#[tokio::test]
async fn a_redis_that_lost_everything_learns_from_postgres_what_is_spent() {
    let (mut backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 895)).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    let agent = Agent::create(&backing.db, "pt", Some(1_000)).await;
    assert_eq!(proxy.ask(&agent.token, &question(false)).send().await.unwrap().status(), 200);
    backing.counted(&agent, 900).await;
    backing.redis.stop().await.unwrap();
    backing.redis.start().await.unwrap();
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["x-openclaw-quota"].as_bytes()), (200, &b"exhausted"[..]));
}

#[tokio::test]
async fn an_answer_that_ends_while_redis_is_away_is_counted_all_the_same() {
    let reply = Reply::text("Oi").usage(5, 95).after(Duration::from_millis(700));
    let (mut backing, llm) = (Backing::start().await, scripted(reply).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let asking = tokio::spawn(proxy.ask(&agent.token, &question(false)).send());
    eventually("the provider was asked", async || llm.requests().len() == 1).await;
    backing.redis.stop().await.unwrap();
    assert_eq!(asking.await.unwrap().unwrap().status(), 200);
    eventually("the answer is counted", async || agent.period(&backing.db).await.used == 100).await;
    backing.redis.start().await.unwrap();
    backing.counted(&agent, 100).await;
    assert_eq!(agent.events(&backing.db).await, 1);
}

#[tokio::test]
async fn while_postgres_is_away_known_agents_are_answered_and_counted_later_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = Postgres::in_folder(folder.path(), None).await.unwrap();
    let database = postgres.database().await.unwrap();
    let redis = Redis::temporary().await.unwrap();
    let backing = Backing { db: database.pool, database_url: database.url, redis };
    let llm = scripted(Reply::text("Oi").usage(5, 95)).await;
    let proxy = Proxy::start(&backing.database_url, &backing.redis.url, &[("LLM_BASE_URL", &llm.url)]).await;
    let (known, stranger) = (backing.agent().await, backing.agent().await);
    assert_eq!(proxy.ask(&known.token, &question(false)).send().await.unwrap().status(), 200);
    backing.counted(&known, 100).await;

    postgres.stop().await.unwrap();
    for _ in 0..2 {
        assert_eq!(proxy.ask(&known.token, &question(false)).send().await.unwrap().status(), 200);
        // Longer than a token or a period is believed without asking.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
    let answer = proxy.ask(&stranger.token, &question(false)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    assert_eq!(backing.waiting().await, 2);

    postgres.start().await.unwrap();
    backing.counted(&known, 300).await;
    assert_eq!(known.events(&backing.db).await, 3);
    assert_eq!(proxy.ask(&stranger.token, &question(false)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_event_that_is_read_again_after_a_crash_is_counted_once() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 95)).await);
    let (agent, proxy) = (backing.agent().await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    let request = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    backing.counted(&agent, 100).await;

    // What a proxy leaves that dies after Postgres committed and before the event left the stream.
    let period = agent.period(&backing.db).await.id;
    let counters = format!("usage:period:{period}");
    let event = json!({ "request": request, "agent": agent.id, "period": period, "model": "m", "prompt": 5,
                        "completion": 95, "cached": 0, "estimated": false, "at": 1_700_000_000_000_i64 });
    let _: i64 = backing.redis_command(&["HINCRBY", &counters, "pending", "100"]).await;
    let _: String = backing.redis_command(&["XADD", "usage:events", "*", "event", &event.to_string()]).await;
    // An event that no version can read must not hold up those after it.
    let _: String = backing.redis_command(&["XADD", "usage:events", "*", "event", "nonsense"]).await;
    backing.counted(&agent, 100).await;
    assert_eq!(agent.events(&backing.db).await, 1);
    let kept: (i64, i64) = backing.redis_command(&["HMGET", &counters, "base", "pending"]).await;
    assert_eq!(kept, (100, 0));
}
