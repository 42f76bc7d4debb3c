//! How messages reach a gateway.

use std::time::{Duration, Instant};

use openclaw_platform::{
    Error,
    relay::{self, Author},
    tokens,
};
use openclaw_testkit::postgres::Postgres;
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::{World, eventually};

#[tokio::test]
async fn messages_come_in_order_and_again_until_they_are_confirmed() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    for text in ["um", "dois", "três"] {
        relay::post_chat(&world.db.pool, agent.id, text).await.unwrap();
    }

    let updates = relay.ok(&agent.token, "getUpdates", json!({})).await;
    let ids: Vec<i64> = updates.as_array().unwrap().iter().map(|u| u["update_id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(updates[0]["message"]["chat"]["id"], agent.web_chat());
    assert_eq!(updates[0]["message"]["from"]["language_code"], "pt");
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["um", "dois", "três"], "nothing was confirmed");
    assert_eq!(relay.texts(&agent.token, 2, 0).await, ["dois", "três"]);
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["dois", "três"], "the first is gone");
    let limited = relay.ok(&agent.token, "getUpdates", json!({ "limit": 1 })).await;
    assert_eq!(limited.as_array().unwrap().len(), 1);
    assert!(relay.texts(&agent.token, 4, 0).await.is_empty());
    let info = relay.ok(&agent.token, "getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!(""), &json!(0)));
}

#[tokio::test]
async fn a_negative_offset_counts_from_the_end_and_an_unknown_one_confirms_nothing() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    for text in ["a", "b", "c"] {
        relay::post_chat(&world.db.pool, agent.id, text).await.unwrap();
    }
    assert_eq!(relay.texts(&agent.token, 700_000_001, 0).await, ["a", "b", "c"], "an offset learnt elsewhere");
    assert_eq!(relay.texts(&agent.token, -2, 0).await, ["b", "c"]);
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["b", "c"], "what was before is forgotten");
}

#[tokio::test]
async fn only_the_kinds_asked_for_come_and_the_wish_is_remembered() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    relay::post_chat(&world.db.pool, agent.id, "a").await.unwrap();
    let kinds = json!({ "allowed_updates": ["callback_query"] });
    assert_eq!(relay.ok(&agent.token, "getUpdates", kinds).await, json!([]));
    assert_eq!(relay.ok(&agent.token, "getUpdates", json!({})).await, json!([]));
    let all = relay.ok(&agent.token, "getUpdates", json!({ "allowed_updates": [] })).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_restart_of_the_relay_loses_nothing_and_doubles_nothing() {
    let world = World::new().await;
    let agent = world.agent(None, &[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = world.relay_on(listener, &[]).await;
    relay::post_chat(&world.db.pool, agent.id, "before").await.unwrap();
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["before"]);

    // A gateway waits when the relay ends; the relay does not wait for it.
    let (url, token) = (relay.url.clone(), agent.token.clone());
    let waiting = tokio::spawn(async move {
        let body = json!({ "offset": 2, "timeout": 50 });
        reqwest::Client::new().post(format!("{url}/bot{token}/getUpdates")).json(&body).send().await
    });
    eventually("the gateway waits", async || relay::waiting(&world.db.pool, agent.id).await.unwrap() == 0).await;
    assert!(relay.stop().await < Duration::from_secs(5));
    drop(waiting.await);

    relay::post_chat(&world.db.pool, agent.id, "while it was away").await.unwrap();
    let relay = world.relay_on(TcpListener::bind(address).await.unwrap(), &[]).await;
    relay::post_chat(&world.db.pool, agent.id, "after").await.unwrap();
    assert_eq!(relay.texts(&agent.token, 2, 0).await, ["while it was away", "after"]);
    assert!(relay.texts(&agent.token, 4, 0).await.is_empty());
}

#[tokio::test]
async fn a_second_poller_ends_the_first_with_a_conflict() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let first = async {
        let begun = Instant::now();
        (relay.refused(&agent.token, "getUpdates", json!({ "timeout": 50 })).await, begun.elapsed())
    };
    let second = async {
        // Any number of polls may be the first to arrive: ask until one ends the other.
        tokio::time::sleep(Duration::from_millis(300)).await;
        relay.texts(&agent.token, 0, 1).await
    };
    let (((code, words), waited), texts) = tokio::join!(first, second);
    assert_eq!(code, 409);
    assert!(words.starts_with("Conflict: terminated by other getUpdates request"), "{words}");
    assert!(waited < Duration::from_secs(10) && texts.is_empty());
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let other = world.agent(None, &[]).await;
    let mixed = format!("{}:{}", agent.number, other.token.split_once(':').unwrap().1);
    for token in ["1:x", "nonsense", mixed.as_str()] {
        assert_eq!(relay.refused(token, "getMe", json!({})).await, (401, "Unauthorized".into()));
    }
}

#[tokio::test]
async fn a_closed_token_is_refused_also_in_the_middle_of_a_poll() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let poll = relay.refused(&agent.token, "getUpdates", json!({ "timeout": 50 }));
    let close = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut db = world.db.pool.acquire().await.unwrap();
        tokens::close(&mut db, agent.id).await.unwrap();
        relay::post_chat(&world.db.pool, agent.id, "for a gateway to come").await.unwrap();
    };
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(poll, close);
    assert_eq!(answer, (401, "Unauthorized".into()));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(relay.refused(&agent.token, "getMe", json!({})).await.0, 401);
    assert_eq!(relay::waiting(&world.db.pool, agent.id).await.unwrap(), 1, "it is kept");
    let others = [agent.id, world.agent(None, &[]).await.id];
    assert_eq!(relay::closed(&world.db.pool, &others).await.unwrap(), [agent.id]);
}

#[tokio::test]
async fn a_waiting_gateway_has_a_message_within_a_tenth_of_a_second() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let mut quickest = Duration::MAX;
    // The machine may be busy with other tests: one good run shows that nothing sleeps in between.
    for n in 1..=10i64 {
        let poll = async {
            let texts = relay.texts(&agent.token, n, 20).await;
            (texts, Instant::now())
        };
        let post = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let begun = Instant::now();
            relay::post_chat(&world.db.pool, agent.id, "olá").await.unwrap();
            begun
        };
        let ((texts, heard), posted) = tokio::join!(poll, post);
        assert_eq!(texts, ["olá"]);
        quickest = quickest.min(heard - posted);
        if quickest < Duration::from_millis(100) {
            return;
        }
    }
    panic!("the quickest of ten took {quickest:?}");
}

#[tokio::test]
async fn what_a_person_writes_is_shown_and_checked() {
    let world = World::new().await;
    let agent = world.agent(None, &[]).await;
    let db = &world.db.pool;
    let first = relay::post_chat(db, agent.id, "  /start já \0 ").await.unwrap();
    assert_eq!((first.message_id, first.author, first.body.as_str()), (1, Author::Person, "/start já"));
    for text in ["", " \n", &"💊".repeat(2049)] {
        assert!(matches!(relay::post_chat(db, agent.id, text).await, Err(Error::Conflict(_))));
    }
    let second = relay::post_chat(db, agent.id, &"💊".repeat(2048)).await.unwrap();
    assert_eq!(relay::chat_since(db, agent.id, 1, 10).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(relay::chat_recent(db, agent.id, 10).await.unwrap(), [first, second]);
    let relay = world.relay().await;
    let updates = relay.ok(&agent.token, "getUpdates", json!({})).await;
    let command = json!([{ "type": "bot_command", "offset": 0, "length": 6 }]);
    assert_eq!(updates[0]["message"]["entities"], command);
}

#[tokio::test]
async fn messages_written_at_once_get_numbers_without_gaps() {
    let world = World::new().await;
    let agent = world.agent(None, &[]).await;
    let posts = (0..20).map(|n| {
        let db = world.db.pool.clone();
        tokio::spawn(async move { relay::post_chat(&db, agent.id, &n.to_string()).await.unwrap().body })
    });
    for post in posts.collect::<Vec<_>>() {
        post.await.unwrap();
    }
    let relay = world.relay().await;
    let updates = relay.ok(&agent.token, "getUpdates", json!({})).await;
    for (n, update) in (1..=20).zip(updates.as_array().unwrap()) {
        assert_eq!((&update["update_id"], &update["message"]["message_id"]), (&json!(n), &json!(n)));
    }
}

#[tokio::test]
async fn a_relay_outlives_a_restart_of_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Postgres::in_folder(folder.path(), None).await.unwrap();
    let world = World::over(server.database().await.unwrap()).await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    relay::post_chat(&world.db.pool, agent.id, "before").await.unwrap();
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["before"]);
    server.stop().await.unwrap();
    let (code, words) = relay.refused(&agent.token, "getUpdates", json!({ "timeout": 50 })).await;
    assert_eq!((code, words.as_str()), (503, "Service Unavailable"));
    server.start().await.unwrap();
    eventually("it works again", async || relay.call(&agent.token, "getMe", json!({})).await.0 == 200).await;
    assert_eq!(relay.texts(&agent.token, 0, 0).await, ["before"]);
    let post = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        eventually("posted", async || relay::post_chat(&world.db.pool, agent.id, "after").await.is_ok()).await;
    };
    let (texts, ()) = tokio::join!(relay.texts(&agent.token, 2, 30), post);
    assert_eq!(texts, ["after"], "and it listens again");
    server.stop().await.unwrap();
}
