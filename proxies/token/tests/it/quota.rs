//! What an agent may spend, and what its user reads when that is spent.

use futures::future::join_all;
use openclaw_platform::{mail, usage};
use openclaw_testkit::llm::Reply;
use serde_json::{Value, json};
use std::time::Duration;

use crate::harness::{Agent, Backing, eventually, question, scripted, streamed};

#[tokio::test]
async fn requests_at_once_never_overshoot_the_limit() {
    let (backing, llm) =
        (Backing::start().await, scripted(Reply::text("Oi").usage(5, 400).after(Duration::from_millis(300))).await);
    let agent = Agent::create(&backing.db, "pt", Some(5_000)).await;
    let proxies =
        [backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await, backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await];
    let answers = join_all((0..20).map(|n| proxies[n % 2].ask(&agent.token, &question(n % 3 == 0)).send())).await;

    let mut granted = 0;
    for answer in answers {
        let answer = answer.unwrap();
        match answer.status().as_u16() {
            200 if !answer.headers().contains_key("x-openclaw-quota")
                || answer.headers()["x-openclaw-quota"] == "90%" =>
            {
                granted += 1
            }
            200 => {}
            429 => assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "quota_reserved"),
            status => panic!("{status}"),
        }
    }
    assert_eq!(llm.requests().len(), granted);
    assert!((1..=12).contains(&granted), "{granted} of 20 fit into 5000 tokens");
    backing.counted(&agent, granted as i64 * 405).await;

    // One after the other, the rest fits until less than one request is left.
    for _ in 0..12 - granted {
        let answer = proxies[0].ask(&agent.token, &question(false)).send().await.unwrap();
        assert_ne!(answer.headers().get("x-openclaw-quota").map(|v| v.as_bytes()), Some(&b"exhausted"[..]));
    }
    let answer = proxies[1].ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!(answer.headers()["x-openclaw-quota"], "exhausted");
    backing.counted(&agent, 12 * 405).await;
}

#[tokio::test]
async fn a_spent_quota_is_a_sentence_in_the_users_language() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    for (locale, words) in [("pt", "limite de uso"), ("en", "quota")] {
        let agent = Agent::create(&backing.db, locale, Some(1_000)).await;
        agent.spent(&backing.db, 900).await;
        let whole = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
        assert_eq!((whole.status().as_u16(), whole.headers()["x-openclaw-quota"].as_bytes()), (200, &b"exhausted"[..]));
        let whole: Value = whole.json().await.unwrap();
        let sentence = whole["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(sentence.contains(words) && sentence.contains(&format!("/{locale}")), "{sentence}");
        assert_eq!(
            (&whole["choices"][0]["finish_reason"], &whole["usage"]["total_tokens"]),
            (&json!("stop"), &json!(0))
        );

        let stream = proxy.ask(&agent.token, &question(true)).send().await.unwrap();
        assert_eq!(stream.headers()["x-openclaw-quota"], "exhausted");
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let (text, usage, raw) = streamed(stream).await;
        assert_eq!((text.as_str(), usage), (sentence, None));
        assert!(raw.ends_with("data: [DONE]\n\n"));

        eventually("the period says so", async || agent.period(&backing.db).await.exhausted_at.is_some()).await;
        assert_eq!(agent.events(&backing.db).await, 0);
    }
    assert!(llm.requests().is_empty());
}

#[tokio::test]
async fn one_message_too_large_for_what_is_left_spends_nothing_and_tells_nobody() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 5)).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    for (locale, words) in [("pt", "grande demais"), ("en", "too large")] {
        let agent = Agent::create(&backing.db, locale, Some(1_000)).await;
        let mut large = question(false);
        large["max_tokens"] = json!(2_000);
        let answer = proxy.ask(&agent.token, &large).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-openclaw-quota"]),
            (200, &"too-large".parse().unwrap())
        );
        let answer: Value = answer.json().await.unwrap();
        let sentence = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(sentence.contains(words) && sentence.contains(&format!("/{locale}")), "{sentence}");

        let small = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
        assert!(!small.headers().contains_key("x-openclaw-quota"));
        backing.counted(&agent, 10).await;
        let period = agent.period(&backing.db).await;
        assert_eq!((period.warned_at, period.exhausted_at), (None, None));
    }
    proxy.stop().await;
    assert!(mail::outbox(&backing.db, 10).await.unwrap().is_empty());
    assert_eq!(llm.requests().len(), 2);
}

#[tokio::test]
async fn an_agent_without_a_period_says_that_the_subscription_has_none() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    let agent = Agent::create(&backing.db, "pt", None).await;
    let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
    assert_eq!(answer.headers()["x-openclaw-quota"], "exhausted");
    let answer: Value = answer.json().await.unwrap();
    assert!(answer["choices"][0]["message"]["content"].as_str().unwrap().contains("período vigente"), "{answer}");
    assert!(llm.requests().is_empty());
}

#[tokio::test]
async fn a_period_that_ended_goes_on_until_its_renewal_is_paid_or_the_patience_ends() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 95)).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    for (ended_days_ago, goes_on) in [(1, true), (usage::GRACE_DAYS - 1, true), (usage::GRACE_DAYS + 1, false)] {
        let agent = backing.agent().await;
        sqlx::query(
            "UPDATE usage_periods SET starts_at = now() - interval '60 days', ends_at = now() - make_interval(days => $2)
             WHERE agent_id = $1",
        )
        .bind(agent.id.0)
        .bind(ended_days_ago)
        .execute(&backing.db)
        .await
        .unwrap();
        for _ in 0..2 {
            let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
            assert_eq!(!answer.headers().contains_key("x-openclaw-quota"), goes_on, "{ended_days_ago}");
        }
        if goes_on {
            backing.counted(&agent, 200).await;
        }
    }
}

#[tokio::test]
async fn from_ninety_percent_on_a_header_says_so_and_the_customer_is_told_once() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 895)).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    let agent = Agent::create(&backing.db, "pt", Some(1_000)).await;
    let mut small = question(false);
    small["max_tokens"] = json!(10);
    let first = proxy.ask(&agent.token, &small).send().await.unwrap();
    assert!(!first.headers().contains_key("x-openclaw-quota"));
    backing.counted(&agent, 900).await;
    llm.always(Reply::text("Oi").usage(5, 5));
    for _ in 0..3 {
        assert_eq!(proxy.ask(&agent.token, &small).send().await.unwrap().headers()["x-openclaw-quota"], "90%");
    }
    backing.counted(&agent, 930).await;
    eventually("the customer was told", async || agent.period(&backing.db).await.warned_at.is_some()).await;
    let sent = mail::outbox(&backing.db, 10).await.unwrap();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].mail.subject.contains("90%") && sent[0].to.ends_with("@example.com"), "{sent:?}");
}

#[tokio::test]
async fn a_warning_that_a_kill_kept_from_being_sent_is_sent_with_the_next_answer() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi").usage(5, 5)).await);
    let agent = Agent::create(&backing.db, "en", Some(1_000)).await;
    // What a proxy leaves that dies after it counted and before its mail went out.
    agent.spent(&backing.db, 950).await;
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    let mut small = question(false);
    small["max_tokens"] = json!(10);
    assert_eq!(proxy.ask(&agent.token, &small).send().await.unwrap().status(), 200);
    eventually("the customer was told", async || agent.period(&backing.db).await.warned_at.is_some()).await;
    assert_eq!(mail::outbox(&backing.db, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_tiers_limit_counts_in_periods_that_have_not_begun_too() {
    let backing = Backing::start().await;
    let agent = backing.agent().await;
    let period = agent.period(&backing.db).await;
    let mut db = backing.db.acquire().await.unwrap();
    let month = time::Duration::days(30);
    let next = usage::open_period(&mut db, agent.id, period.ends_at, period.ends_at + month, 1_000_000).await.unwrap();
    assert!(usage::set_limit(&mut db, agent.id, 7).await.unwrap());
    assert_eq!(agent.period(&backing.db).await.limit, 7);
    let limit: i64 = sqlx::query_scalar("SELECT token_limit FROM usage_periods WHERE id = $1")
        .bind(next.0)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    assert_eq!(limit, 7);
}

#[tokio::test]
async fn a_higher_limit_counts_within_seconds() {
    let (backing, llm) = (Backing::start().await, scripted(Reply::text("Oi")).await);
    let proxy = backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await;
    let agent = Agent::create(&backing.db, "pt", Some(1_000)).await;
    agent.spent(&backing.db, 900).await;
    let exhausted = async || {
        let answer = proxy.ask(&agent.token, &question(false)).send().await.unwrap();
        answer.headers().get("x-openclaw-quota").is_some_and(|quota| quota == "exhausted")
    };
    assert!(exhausted().await);
    eventually("the period says so", async || agent.period(&backing.db).await.exhausted_at.is_some()).await;
    assert!(usage::set_limit(&mut backing.db.acquire().await.unwrap(), agent.id, 1_000_000).await.unwrap());
    assert!(agent.period(&backing.db).await.exhausted_at.is_none());
    eventually("the new limit counts", async || !exhausted().await).await;
}

#[tokio::test]
async fn opening_a_period_again_changes_nothing() {
    let backing = Backing::start().await;
    let agent = backing.agent().await;
    let period = agent.period(&backing.db).await;
    let mut db = backing.db.acquire().await.unwrap();
    let again = usage::open_period(&mut db, agent.id, period.starts_at, period.ends_at, 7).await.unwrap();
    assert_eq!(again, period.id);
    assert_eq!(agent.period(&backing.db).await, period);
}
