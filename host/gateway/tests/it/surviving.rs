//! What goes wrong around a gateway, and to it: nothing is lost and nothing is doubled.

use std::{sync::atomic::Ordering, time::Duration};

use openclaw_testkit::llm::Reply;
use serde_json::json;

use crate::world::{World, until};

#[tokio::test]
async fn killed_between_keeping_and_sending_it_sends_once() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer."));
    world.platform.bot().deaf = true;
    let gateway = world.gateway();
    world.says("Oi");
    until("the message to be on its way", || world.platform.bot().attempts == 1).await;
    assert!(world.conversation()["pending"].is_object());
    gateway.kill().await;
    assert!(world.platform.bot().sent.is_empty());

    world.platform.bot().deaf = false;
    let _gateway = world.gateway();
    world.settled().await;
    assert_eq!(world.sent(1).await.len(), 1);
    assert_eq!(world.llm.requests().len(), 1, "the answer was kept, not made again");
    assert!(world.conversation().get("pending").is_none());
}

#[tokio::test]
async fn killed_between_sending_and_hearing_of_it_it_sends_once() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer."));
    world.platform.bot().mute = true;
    let gateway = world.gateway();
    world.says("Oi");
    world.sent(1).await;
    gateway.kill().await;

    world.platform.bot().mute = false;
    let _gateway = world.gateway();
    world.settled().await;
    assert_eq!(world.sent(1).await.len(), 1);
    assert_eq!(world.platform.bot().attempts, 2);
    assert_eq!(world.llm.requests().len(), 1);
}

#[tokio::test]
async fn killed_while_it_thinks_it_answers_afterwards() {
    let world = World::start().await;
    world.llm.push(Reply::text("never").after(Duration::from_secs(60)));
    let gateway = world.gateway();
    world.says("Oi");
    until("the question", || world.llm.requests().len() == 1).await;
    gateway.kill().await;
    world.llm.push(Reply::text("Answer."));
    let _gateway = world.gateway();
    assert_eq!(world.sent(1).await[0].text, "Answer.");
    world.settled().await;
    assert_eq!(world.platform.bot().sent.len(), 1);
}

#[tokio::test]
async fn killed_while_a_tool_changes_something_it_does_not_change_it_twice() {
    let world = World::start().await;
    world.platform.stuck.send_replace(true);
    world.llm.push(Reply::tool_calls([("order", json!({})), ("look_up", json!({"query": "x"}))]));
    let gateway = world.gateway();
    world.says("Peça um");
    until("both tools to be called", || world.platform.calls.lock().unwrap().len() == 2).await;
    gateway.kill().await;
    world.platform.stuck.send_replace(false);

    world.llm.push(Reply::text("Não sei se o pedido foi feito."));
    let _gateway = world.gateway();
    world.sent(1).await;
    let calls = world.platform.calls.lock().unwrap().clone();
    assert_eq!(calls.iter().filter(|name| *name == "order").count(), 1, "{calls:?}");
    assert_eq!(calls.iter().filter(|name| *name == "look_up").count(), 2, "what only reads is read again");
    let messages = world.llm.requests()[1].body["messages"].to_string();
    assert!(messages.contains("not known whether this took effect") && messages.contains("Found x"), "{messages}");
    assert!(world.conversation().get("working").is_none());
}

#[tokio::test]
async fn what_was_answered_is_not_answered_again() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer."));
    let gateway = world.gateway();
    world.says("Oi");
    world.settled().await;
    gateway.stop().await;
    // The confirmation was lost: the same update comes once more.
    let update = json!({"update_id": 1, "message": {"message_id": 1, "date": 1_790_000_000, "text": "Oi",
        "chat": {"id": 42, "type": "private", "first_name": "Ana"},
        "from": {"id": 42, "is_bot": false, "first_name": "Ana"}}});
    world.platform.bot().updates.push(update);
    let _gateway = world.gateway();
    world.settled().await;
    assert_eq!((world.platform.bot().sent.len(), world.llm.requests().len()), (1, 1));
}

#[tokio::test]
async fn telegram_that_refuses_for_a_while_gets_the_message_later() {
    let world = World::start().await;
    world.platform.bot().refusals = vec![(429, Some(1)), (502, None)];
    world.llm.push(Reply::text("Answer."));
    let _gateway = world.gateway();
    let begun = tokio::time::Instant::now();
    world.says("Oi");
    assert_eq!(world.sent(1).await.len(), 1);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    world.settled().await;
}

#[tokio::test]
async fn a_message_telegram_will_never_take_does_not_hold_up_the_next() {
    let world = World::start().await;
    world.platform.bot().refusals = vec![(403, None)];
    world.llm.push(Reply::text("First."));
    world.llm.push(Reply::text("Second."));
    let _gateway = world.gateway();
    world.says("one");
    world.says("two");
    assert_eq!(world.sent(1).await[0].text, "Second.");
    world.settled().await;
}

#[tokio::test]
async fn while_the_platform_is_away_a_message_waits_and_the_person_is_told_once() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer."));
    world.platform.api_away.store(true, Ordering::SeqCst);
    let _gateway = world.gateway();
    world.says("Oi");
    let sent = world.sent(1).await;
    assert!(sent[0].text.contains("não precisa enviá-la de novo"), "{}", sent[0].text);
    assert!(world.llm.requests().is_empty(), "nothing is spent that could not be kept");
    world.platform.api_away.store(false, Ordering::SeqCst);
    let sent = world.sent(2).await;
    assert_eq!((sent.len(), sent[1].text.as_str()), (2, "Answer."));
    world.settled().await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_taken_for_another_gateways() {
    let world = World::start().await;
    world.llm.push(Reply::tool_calls([("order", json!({}))]));
    world.llm.push(Reply::text("Pedido feito."));
    world.platform.lost_answers.store(1, Ordering::SeqCst);
    let _gateway = world.gateway();
    world.says("Peça um");
    assert_eq!(world.sent(1).await[0].text, "Pedido feito.");
    world.settled().await;
    assert_eq!(*world.platform.calls.lock().unwrap(), ["order"]);
    assert!(world.llm.requests()[1].body["messages"].to_string().contains("Ordered."));
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_given_up_and_the_next_message_answered() {
    let world = World::start().await;
    world.platform.largest.store(4_000, Ordering::SeqCst);
    world.llm.push(Reply::text("Breve."));
    world.llm.push(Reply::text("longo ".repeat(1_000)));
    world.llm.push(Reply::tool_calls([("order", json!({"note": "longo ".repeat(1_000)}))]));
    world.llm.push(Reply::text("Outra."));
    let _gateway = world.gateway();
    for text in ["um", "dois", "três", "quatro"] {
        world.says(text);
    }
    world.settled().await;
    let texts: Vec<String> = world.sent(4).await.into_iter().map(|sent| sent.text).collect();
    assert_eq!((texts[0].as_str(), texts[3].as_str(), texts.len()), ("Breve.", "Outra.", 4));
    assert!(texts[1].contains("grande demais") && texts[2] == texts[1], "{texts:?}");
    assert!(world.platform.calls.lock().unwrap().is_empty(), "nothing is done that could not be recorded");
    let turns = world.conversation()["turns"].to_string();
    assert!(turns.contains("Breve.") && turns.contains("Outra."), "the past stays: {turns}");
}

#[tokio::test]
async fn a_chat_whose_every_state_is_refused_is_told_so_and_moves_on() {
    let world = World::start().await;
    world.platform.largest.store(0, Ordering::SeqCst);
    world.llm.always(Reply::text("Answer."));
    let _gateway = world.gateway();
    world.says("Oi");
    world.settled().await;
    let sent = world.sent(1).await;
    assert!(sent.len() == 1 && sent[0].text.contains("grande demais"), "{sent:?}");
}

#[tokio::test]
async fn two_gateways_at_once_answer_once() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer.").after(Duration::from_millis(200)));
    let _one = world.gateway();
    let _two = world.gateway();
    world.says("Oi");
    world.settled().await;
    until("the outbox to be empty", || {
        world.conversation()["answered"] == 1 && world.conversation().get("pending").is_none()
    })
    .await;
    assert_eq!(world.platform.bot().sent.len(), 1);
    assert_eq!(world.conversation()["turns"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_first_heartbeat_says_ready_after_the_first_poll() {
    let world = World::start().await;
    let gateway = world.gateway();
    until("a heartbeat", || !world.platform.beats.lock().unwrap().is_empty()).await;
    let beat = world.platform.beats.lock().unwrap()[0].clone();
    assert_eq!(beat, json!({"phase": "ready", "telegram_ok": true, "last_llm_at": null, "error": null}));
    assert!(world.platform.bot().polls > 0);
    let begun = tokio::time::Instant::now();
    gateway.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}
