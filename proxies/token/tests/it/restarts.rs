//! Postgres or Redis restarted while many ask: each is answered or told clearly, and exactly the answers are counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use openclaw_testkit::{llm::Reply, postgres::Postgres, redis::Redis};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::harness::{Agent, Backing, Proxy, eventually, question, scripted};

/// What a request costs.
const COST: i64 = 100;

/// Someone who asks without a pause.
struct Asker {
    agent: Agent,
    answered: Arc<AtomicU32>,
    refused: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

/// Two askers for each of four agents, until `enough`.
async fn askers(backing: &Backing, proxy: &Arc<Proxy>, enough: &Arc<AtomicBool>) -> Vec<Asker> {
    let mut askers = Vec::new();
    for _ in 0..4 {
        let agent = backing.agent().await;
        for stream in [false, true] {
            let (answered, refused) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let task = tokio::spawn(ask(
                proxy.clone(),
                agent.token.clone(),
                stream,
                enough.clone(),
                answered.clone(),
                refused.clone(),
            ));
            askers.push(Asker { agent: agent.clone(), answered, refused, task });
        }
    }
    askers
}

async fn ask(
    proxy: Arc<Proxy>,
    token: String,
    stream: bool,
    enough: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    refused: Arc<AtomicU32>,
) {
    while !enough.load(Ordering::SeqCst) {
        let answer = proxy.ask(&token, &question(stream)).send().await.unwrap();
        if answer.status() == 200 {
            assert!(!answer.headers().contains_key("x-openclaw-quota"));
            let body = answer.text().await.unwrap();
            assert!(body.contains("Oi") && !body.contains("error"), "{body}");
            answered.fetch_add(1, Ordering::SeqCst);
        } else {
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
            assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "service_unavailable");
            refused.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Waits until each asker has had three more answers.
async fn all_answered(askers: &[Asker]) {
    let before: Vec<u32> = askers.iter().map(|a| a.answered.load(Ordering::SeqCst)).collect();
    eventually("everyone is answered", async || {
        assert!(askers.iter().all(|a| !a.task.is_finished()), "an answer was neither good nor a typed 503");
        askers.iter().zip(&before).all(|(a, before)| a.answered.load(Ordering::SeqCst) >= before + 3)
    })
    .await;
}

/// Ends the asking; exactly the answers are counted.
async fn counted_exactly(backing: &Backing, askers: Vec<Asker>, enough: &AtomicBool) {
    enough.store(true, Ordering::SeqCst);
    let ended = join_all(askers.into_iter().map(|asker| async move {
        asker.task.await.unwrap();
        (asker.agent, asker.answered.load(Ordering::SeqCst))
    }))
    .await;
    for both in ended.chunks(2) {
        let (agent, answers) = (&both[0].0, i64::from(both[0].1 + both[1].1));
        backing.counted(agent, answers * COST).await;
        assert_eq!(agent.events(&backing.db).await, answers);
    }
}

async fn provider() -> openclaw_testkit::llm::ScriptedLlm {
    scripted(Reply::text("Oi").usage(5, 95).after(Duration::from_millis(40))).await
}

#[tokio::test]
async fn many_requests_overlap_a_restart_of_redis() {
    let folder = tempfile::tempdir().unwrap();
    let mut backing = Backing::start().await;
    // Durable as in production: what waits in its stream outlives it.
    backing.redis = Redis::in_folder(folder.path(), None).await.unwrap();
    let llm = provider().await;
    let proxy = Arc::new(backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let enough = Arc::new(AtomicBool::new(false));
    let askers = askers(&backing, &proxy, &enough).await;
    all_answered(&askers).await;

    backing.redis.stop().await.unwrap();
    eventually("everyone is told", async || askers.iter().all(|a| a.refused.load(Ordering::SeqCst) > 0)).await;
    backing.redis.start().await.unwrap();
    all_answered(&askers).await;
    counted_exactly(&backing, askers, &enough).await;
}

#[tokio::test]
async fn many_requests_overlap_a_restart_of_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = Postgres::in_folder(folder.path(), None).await.unwrap();
    let database = postgres.database().await.unwrap();
    let backing = Backing { db: database.pool, database_url: database.url, redis: Redis::temporary().await.unwrap() };
    let llm = provider().await;
    let proxy = Arc::new(backing.proxy(&[("LLM_BASE_URL", &llm.url)]).await);
    let enough = Arc::new(AtomicBool::new(false));
    let askers = askers(&backing, &proxy, &enough).await;
    let stranger = backing.agent().await;
    all_answered(&askers).await;

    postgres.stop().await.unwrap();
    // Those it knows are answered meanwhile.
    all_answered(&askers).await;
    let refused = proxy.ask(&stranger.token, &question(false)).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "service_unavailable");
    postgres.start().await.unwrap();
    all_answered(&askers).await;
    assert_eq!(proxy.ask(&stranger.token, &question(false)).send().await.unwrap().status(), 200);
    counted_exactly(&backing, askers, &enough).await;
    backing.counted(&stranger, COST).await;
}
