//! Agents with a Telegram bot of their own, read by long poll.

use std::time::{Duration, Instant};

use openclaw_platform::{
    agents::{self, AgentState},
    relay,
};
use openclaw_testkit::telegram::{Failure, TelegramServer};
use serde_json::json;

use crate::world::{World, eventually, logs};

const ANA: i64 = 5_550_001;

#[tokio::test]
async fn a_message_goes_from_telegram_to_the_gateway_and_back() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000001:there-and-back_SECRET";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;

    telegram.user_says(token, ANA, "Olá");
    let updates = relay.ok(&agent.token, "getUpdates", json!({ "timeout": 20 })).await;
    assert_eq!((&updates[0]["update_id"], &updates[0]["message"]["text"]), (&json!(1), &json!("Olá")));
    assert_eq!(updates[0]["message"]["chat"]["id"], ANA);
    let answer = relay.ok(&agent.token, "sendMessage", json!({ "chat_id": ANA, "text": "Oi!" })).await;
    assert_eq!(answer["from"]["id"], agent.number, "to its gateway, the bot is the stand-in");
    let body = json!({ "chat_id": ANA, "message_id": answer["message_id"], "text": "Oi, Ana!" });
    relay.ok(&agent.token, "editMessageText", body).await;
    relay.ok(&agent.token, "sendChatAction", json!({ "chat_id": ANA, "action": "typing" })).await;
    relay.ok(&agent.token, "setMyCommands", json!({ "commands": [{ "command": "a", "description": "b" }] })).await;
    let sent = telegram.sent(token);
    assert_eq!((sent.len(), sent[0].chat_id, sent[0].text.as_str()), (1, ANA, "Oi, Ana!"));

    let me = relay.ok(&agent.token, "getMe", json!({})).await;
    assert_eq!((&me["id"], &me["username"]), (&json!(agent.number), &json!("real_900000001_bot")));
    let kept = agents::get(&world.db.pool, agent.id).await.unwrap().bot_username;
    assert_eq!(kept.as_deref(), Some("real_900000001_bot"));
    relay::post_chat(&world.db.pool, agent.id, "e pelo painel").await.unwrap();
    assert_eq!(relay.texts(&agent.token, 2, 20).await, ["e pelo painel"], "both ways lead into one queue");
}

#[tokio::test]
async fn restarts_of_the_relay_lose_nothing_and_double_nothing() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000002:restarts";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let mut expected = Vec::new();
    for round in 0..4 {
        let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
        for n in 0..25 {
            let text = format!("{round}.{n}");
            telegram.user_says(token, ANA, &text);
            expected.push(text);
        }
        if round > 0 {
            // In the middle: something was taken over, and more may be on its way.
            telegram.wait_for_calls(token, "getUpdates", 2 * round).await;
        }
        if round == 3 {
            eventually("all is queued", async || telegram.waiting(token) == 0).await;
            assert_eq!(relay.texts(&agent.token, 0, 0).await, expected);
        }
        relay.stop().await;
    }
}

#[tokio::test]
async fn an_agent_answers_who_wrote_or_is_on_its_list_and_nobody_else() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000003:whom";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    let send = |chat: i64| json!({ "chat_id": chat, "text": "Oi" });

    relay.ok(&agent.token, "sendMessage", send(ANA)).await;
    let stranger = relay.refused(&agent.token, "sendMessage", send(ANA + 1)).await;
    assert_eq!(stranger, (403, "Forbidden: bot can't initiate conversation with a user".into()));
    assert_eq!(relay.refused(&agent.token, "sendMessage", send(-100)).await.0, 400);
    telegram.user_says(token, ANA + 1, "Quem é?");
    assert_eq!(relay.texts(&agent.token, 0, 20).await, ["Quem é?"], "whom to answer is for the gateway to decide");
    relay.ok(&agent.token, "sendMessage", send(ANA + 1)).await;
    assert_eq!(telegram.sent(token).len(), 2);
    let smuggled = json!({
        "chat_id": ANA, "text": "x", "business_connection_id": "b", "reply_parameters": { "message_id": 1, "chat_id": 9 },
    });
    relay.ok(&agent.token, "sendMessage", smuggled).await;
    let passed = telegram.calls(token, "sendMessage").pop().unwrap();
    assert_eq!(passed, json!({ "chat_id": ANA, "text": "x", "reply_parameters": { "message_id": 1 } }));
}

#[tokio::test]
async fn a_keyed_send_reaches_telegram_once_and_an_uncertain_one_is_not_repeated_at_once() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000004:keys";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    let send = |key: &str| json!({ "chat_id": ANA, "text": key, "openclaw_key": key });

    let (first, again) = tokio::join!(
        relay.ok(&agent.token, "sendMessage", send("a")),
        relay.ok(&agent.token, "sendMessage", send("a")),
    );
    assert_eq!(first, again);
    assert_eq!(telegram.sent(token).len(), 1);

    // Refused for certain: may be tried again at once.
    telegram.fail_next(token, "sendMessage", Failure::TooManyRequests(60));
    let (code, answer) = relay.call(&agent.token, "sendMessage", send("b")).await;
    assert_eq!((code, &answer["parameters"]["retry_after"]), (429, &json!(60)), "a long ban is passed on");
    let (code, answer) = relay.call(&agent.token, "sendMessage", send("b")).await;
    assert!(code == 429 && answer["parameters"]["retry_after"].as_u64() > Some(50), "and is kept: {answer}");
    assert_eq!(telegram.sent(token).len(), 1);

    telegram.fail_next(token, "sendMessage", Failure::DoneButServerError);
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    assert_eq!(relay.refused(&agent.token, "sendMessage", send("c")).await.0, 502);
    assert_eq!(relay.refused(&agent.token, "sendMessage", send("c")).await.0, 429, "nobody knows whether it arrived");
    assert_eq!(telegram.sent(token).len(), 2);
    sqlx::query("UPDATE relay_sends SET sent_at = sent_at - interval '1 minute'")
        .execute(&world.db.pool)
        .await
        .unwrap();
    relay.ok(&agent.token, "sendMessage", send("c")).await;
    assert_eq!(telegram.sent(token).len(), 3, "once its life is over it is sent again");
    relay.ok(&agent.token, "sendMessage", send("c")).await;
    assert_eq!(telegram.sent(token).len(), 3);
}

#[tokio::test]
async fn a_send_is_answered_once_it_is_kept_that_it_happened() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000009:kept";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    for statement in [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE 'going down' USING ERRCODE = '57P01'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE ON relay_sends FOR EACH ROW EXECUTE FUNCTION refuse()",
    ] {
        sqlx::query(statement).execute(&world.db.pool).await.unwrap();
    }
    let body = json!({ "chat_id": ANA, "text": "x", "openclaw_key": "k" });
    let mend = async {
        eventually("it was sent", async || telegram.sent(token).len() == 1).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::query("DROP TRIGGER refuse ON relay_sends").execute(&world.db.pool).await.unwrap();
    };
    let (sent, ()) = tokio::join!(relay.ok(&agent.token, "sendMessage", body.clone()), mend);
    assert_eq!(relay.ok(&agent.token, "sendMessage", body).await, sent);
    assert_eq!(telegram.sent(token).len(), 1);
}

#[tokio::test]
async fn a_full_queue_drops_what_nobody_said_and_leaves_the_rest_with_telegram() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000010:full";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let fill = async |from: i64, to: i64, body: &str| {
        let query = "INSERT INTO relay_updates (agent_id, update_id, body)
                     SELECT $1, n, $4::jsonb FROM generate_series($2::bigint, $3::bigint) AS n";
        sqlx::query(query).bind(agent.id.0).bind(from).bind(to).bind(body).execute(&world.db.pool).await.unwrap();
        let last = "UPDATE relay_bots SET last_update_id = $2 WHERE agent_id = $1";
        sqlx::query(last).bind(agent.id.0).bind(to).execute(&world.db.pool).await.unwrap();
    };
    let full = i64::try_from(relay::LONGEST_QUEUE).unwrap();
    fill(1, full - 1, r#"{"message":{"text":"said"}}"#).await;
    fill(full, full, r#"{"message_reaction":{}}"#).await;
    let waiting = async || relay::waiting(&world.db.pool, agent.id).await.unwrap();
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;

    telegram.user_says(token, ANA, "the last that fits");
    eventually("it took the place of a reaction", async || telegram.waiting(token) == 0).await;
    assert_eq!(waiting().await, full);
    telegram.user_says(token, ANA, "one too many");
    eventually("it is refused", async || logs().contains("the agent's queue is full")).await;
    assert_eq!((waiting().await, telegram.waiting(token)), (full, 1), "Telegram still has it");
    // The gateway confirms what was there first, and there is room again.
    relay.texts(&agent.token, full, 0).await;
    eventually("it is taken", async || telegram.waiting(token) == 0).await;
    assert_eq!(relay.texts(&agent.token, full, 0).await, ["the last that fits", "one too many"]);
}

#[tokio::test]
async fn telegrams_limits_are_kept_by_waiting_in_order() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000005:limits";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    telegram.fail_next(token, "sendMessage", Failure::TooManyRequests(1));
    for text in ["1", "2", "3"] {
        relay.ok(&agent.token, "sendMessage", json!({ "chat_id": ANA, "text": text })).await;
    }
    let sent = telegram.sent(token);
    assert_eq!(sent.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(sent[2].at - sent[0].at > Duration::from_millis(900), "one a second");
}

#[tokio::test]
async fn a_refused_bot_token_is_told_and_the_dashboards_chat_goes_on() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000006:revoked";
    telegram.add_bot(token);
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    telegram.wait_for_calls(token, "getUpdates", 1).await;
    telegram.revoke(token);
    eventually("the error is kept", async || {
        relay::telegram_error(&world.db.pool, agent.id).await.unwrap().as_deref() == Some("unauthorized")
    })
    .await;
    assert_eq!(relay.refused(&agent.token, "sendMessage", json!({ "chat_id": ANA, "text": "x" })).await.0, 403);
    relay.ok(&agent.token, "getMe", json!({})).await;
    relay::post_chat(&world.db.pool, agent.id, "ainda aí?").await.unwrap();
    assert_eq!(relay.texts(&agent.token, 0, 10).await, ["ainda aí?"]);
    relay.ok(&agent.token, "sendMessage", json!({ "chat_id": agent.web_chat(), "text": "Sim" })).await;
}

#[tokio::test]
async fn bots_are_read_while_their_agents_run_and_one_bot_by_one_agent() {
    let (world, telegram) = (World::new().await, TelegramServer::start().await);
    let token = "900000007:lives";
    telegram.add_bot(token);
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    let agent = world.agent(Some(token), &[ANA]).await;
    let begun = Instant::now();
    telegram.wait_for_calls(token, "getUpdates", 1).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "a new agent's bot is read without a restart");
    let twin = world.agent(Some(token), &[ANA]).await;
    let error = async |id| relay::telegram_error(&world.db.pool, id).await.unwrap();
    eventually("the twin is told", async || error(twin.id).await.as_deref() == Some("conflict")).await;
    assert_eq!(error(agent.id).await, None);

    let second = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    agents::set_state(&world.db.pool, agent.id, AgentState::Suspended, None).await.unwrap();
    eventually("the twin takes over", async || error(twin.id).await.is_none()).await;
    telegram.user_says(token, ANA, "quem?");
    assert_eq!(relay.texts(&twin.token, 0, 20).await, ["quem?"]);
    assert_eq!(relay::waiting(&world.db.pool, agent.id).await.unwrap(), 0);
    // Two relays, one reader: no update was seen twice and no poll ended another.
    assert_eq!(second.texts(&twin.token, 0, 0).await, ["quem?"]);
}

#[tokio::test]
async fn the_real_token_is_in_no_answer_and_no_log() {
    let world = World::new().await;
    // Nothing listens there: every call ends in an error of the client, which knows the address it asked.
    let token = "900000008:neverShowThisSecret";
    let agent = world.agent(Some(token), &[ANA]).await;
    let relay = world.relay().await;
    let mut answers = String::new();
    for method in ["getMe", "sendMessage", "editMessageText", "sendChatAction", "getChat", "setMyCommands"] {
        let body = json!({ "chat_id": ANA, "text": "x", "message_id": 1, "action": "typing", "commands": [] });
        answers += &relay.call(&agent.token, method, body).await.1.to_string();
    }
    let telegram = TelegramServer::start().await;
    let relay = world.relay_with(&[("TELEGRAM_API_URL", telegram.url())]).await;
    for method in ["getMe", "sendMessage", "getChatMember"] {
        let body = json!({ "chat_id": ANA, "text": "x", "user_id": ANA });
        answers += &relay.call(&agent.token, method, body).await.1.to_string();
    }
    eventually("the refusal is logged", async || logs().contains("reading the agent's bot failed")).await;
    assert!(!answers.contains("neverShowThisSecret"), "{answers}");
    assert!(answers.contains("Bad Gateway") && answers.contains("refuses"), "{answers}");
    let leaked: Vec<String> =
        logs().lines().filter(|line| line.contains("neverShowThisSecret")).map(str::to_owned).collect();
    assert!(leaked.is_empty(), "{leaked:#?}");
}
