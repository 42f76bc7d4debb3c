//! What people get for their messages.

use std::{sync::atomic::Ordering, time::Duration};

use openclaw_testkit::llm::Reply;
use serde_json::{Value, json};

use crate::world::{CHAT, World, until};

#[tokio::test]
async fn an_answer_draws_on_a_tool() {
    let world = World::start().await;
    world.llm.push(Reply::tool_calls([("look_up", json!({"query": "rúcula"}))]));
    world.llm.push(Reply::text("Temos **12** de rúcula."));
    let _gateway = world.gateway();
    world.says("Tem rúcula?");

    let sent = world.sent(1).await;
    assert_eq!((sent[0].chat, sent[0].text.as_str()), (CHAT, "Temos 12 de rúcula."));
    assert_eq!(sent[0].entities, json!([{"type": "bold", "offset": 6, "length": 2}]));
    assert_eq!(sent[0].key, "1.0");
    assert!(world.platform.bot().typing > 0);
    world.settled().await;

    let requests = world.llm.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].headers["authorization"], "Bearer oct_test");
    let first = &requests[0].body;
    assert_eq!(
        (&first["model"], &first["stream"], &first["reasoning_effort"]),
        (&json!("test/model"), &json!(true), &json!("medium"))
    );
    assert!(first["messages"][0]["content"].as_str().unwrap().starts_with("You keep a shelf."));
    assert_eq!(first["messages"][1], json!({"role": "user", "content": "Tem rúcula?"}));
    assert_eq!(first["tools"][0]["function"]["name"], "look_up");
    let roles: Vec<_> = roles(&requests[1].body);
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(requests[1].body["messages"][3]["content"], "Found rúcula: 12 left.");

    let kept = world.conversation();
    assert_eq!((&kept["answered"], kept["turns"].as_array().unwrap().len()), (&json!(1), 4));
    assert!(kept.get("pending").is_none());
}

fn roles(body: &Value) -> Vec<&str> {
    body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn tools_called_together_run_together() {
    let world = World::start().await;
    world.llm.push(Reply::tool_calls([("meet", json!({})), ("meet", json!({"a": 1}))]));
    world.llm.push(Reply::text("Done."));
    let _gateway = world.gateway();
    world.says("Go");
    world.sent(1).await;
    let messages = &world.llm.requests()[1].body["messages"];
    assert_eq!((&messages[3]["content"], &messages[4]["content"]), (&json!("met"), &json!("met")));
    assert_eq!(messages[3]["tool_call_id"], messages[2]["tool_calls"][0]["id"]);
    assert_eq!(messages[4]["tool_call_id"], messages[2]["tool_calls"][1]["id"]);
}

#[tokio::test]
async fn a_model_that_only_calls_tools_is_stopped() {
    let world = World::start().await;
    world.llm.always(Reply::tool_calls([("look_up", json!({"query": "x"}))]));
    let _gateway = world.gateway();
    world.says("Loop");
    let sent = world.sent(1).await;
    assert!(sent[0].text.contains("passos demais"), "{}", sent[0].text);
    let requests = world.llm.requests();
    assert_eq!(requests.len(), 8);
    assert_eq!(requests[7].body["tool_choice"], "none");
    assert_eq!(world.platform.calls.lock().unwrap().len(), 7);
}

#[tokio::test]
async fn a_tool_that_does_not_exist_and_arguments_that_do_not_parse_are_told_to_the_model() {
    let world = World::start().await;
    world.llm.push(Reply::tool_calls([("no_such_tool", json!({})), ("look_up", json!("not an object"))]));
    world.llm.push(Reply::text("Sorry."));
    let _gateway = world.gateway();
    world.says("Go");
    world.sent(1).await;
    let messages = world.llm.requests()[1].body["messages"].clone();
    assert!(messages[3]["content"].as_str().unwrap().contains("no tool no_such_tool"));
    assert!(messages[4]["content"].as_str().unwrap().contains("not a JSON object"));
}

#[tokio::test]
async fn a_stranger_never_reaches_the_model() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer."));
    let _gateway = world.gateway();
    world.platform.bot().push(666, 666, json!({"text": "Let me in"}));
    world.platform.bot().push(666, 666, json!({"text": "Please"}));
    world.platform.bot().push(
        -100,
        666,
        json!({"text": "Hi all", "chat": {"id": -100, "type": "group", "title": "G"}}),
    );
    world.says("Oi");
    world.settled().await;
    let sent = world.sent(2).await;
    assert_eq!(sent.len(), 2, "the stranger is told once, in private: {sent:?}");
    let told = sent.iter().find(|s| s.chat == 666).unwrap();
    assert!(told.text.contains("particular") && told.text.contains("666"), "{}", told.text);
    assert_eq!(world.llm.requests().len(), 1);
}

#[tokio::test]
async fn a_long_answer_comes_in_parts_and_in_order() {
    let world = World::start().await;
    let paragraph = "Uma frase que se repete. ".repeat(40);
    let long = [paragraph.trim(); 11].join("\n\n");
    world.llm.push(Reply::text(long.clone()));
    let _gateway = world.gateway();
    world.says("Conte tudo");
    world.settled().await;
    let sent = world.sent(3).await;
    assert!(sent.iter().all(|s| s.text.encode_utf16().count() <= 4096));
    assert_eq!(sent.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n\n"), long);
    let keys: Vec<_> = sent.iter().map(|s| s.key.as_str()).collect();
    assert_eq!(keys, ["1.0", "1.1", "1.2"]);
}

#[tokio::test]
async fn what_is_not_text_is_answered_without_the_model() {
    let world = World::start().await;
    let _gateway = world.gateway();
    let voice = json!({"voice": {"file_id": "f", "file_unique_id": "u", "duration": 2}});
    world.platform.bot().push(CHAT, 42, voice);
    let sent = world.sent(1).await;
    assert!(sent[0].text.contains("só entendo texto"), "{}", sent[0].text);
    assert!(world.llm.requests().is_empty());
    world.settled().await;
}

#[tokio::test]
async fn start_is_a_greeting() {
    let world = World::start().await;
    world.llm.push(Reply::text("Olá!"));
    let _gateway = world.gateway();
    world.says("/start abc");
    world.sent(1).await;
    let asked = world.llm.requests()[0].body["messages"][1]["content"].clone();
    assert_eq!(asked, "Olá! Em que você pode me ajudar?");
}

#[tokio::test]
async fn a_model_that_fails_is_told_in_the_persons_language() {
    for (locale, part) in [("pt", "Envie a mensagem de novo"), ("en", "send your message again")] {
        let mut world = World::start().await;
        world.variables.insert("OPENCLAW_LOCALE", locale.to_owned());
        world.llm.always(Reply::status(500));
        let _gateway = world.gateway();
        world.says("Oi");
        let sent = world.sent(1).await;
        assert!(sent[0].text.contains(part), "{}", sent[0].text);
        assert_eq!(world.llm.requests().len(), 3, "it was tried again before giving up");
        world.settled().await;
        until("the platform to hear of it", || {
            world.platform.beats.lock().unwrap().iter().any(|beat| beat["phase"] == "error")
        })
        .await;
    }
}

#[tokio::test]
async fn a_closed_token_and_a_busy_model_have_their_own_sentences() {
    let world = World::start().await;
    world.llm.push(Reply::status(401));
    let _gateway = world.gateway();
    world.says("Oi");
    assert!(world.sent(1).await[0].text.contains("assinatura"));
    assert_eq!(world.llm.requests().len(), 1, "a refusal is not asked again");
    for _ in 0..3 {
        world.llm.push(Reply::status(429).header("retry-after", "0"));
    }
    world.says("Oi");
    assert!(world.sent(2).await[1].text.contains("muitos pedidos"));
}

#[tokio::test]
async fn retry_after_is_honoured_and_a_cut_stream_asked_again() {
    let world = World::start().await;
    world.llm.push(Reply::status(429).header("retry-after", "1"));
    world.llm.push(Reply::text("one two three four").cut());
    world.llm.push(Reply::text("Whole."));
    let _gateway = world.gateway();
    let begun = tokio::time::Instant::now();
    world.says("Oi");
    assert_eq!(world.sent(1).await[0].text, "Whole.");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let world = World::start().await;
    world.llm.push(Reply::text("never").after(Duration::from_secs(60)));
    let mut environment = world.environment();
    environment.limits.answer = Duration::from_millis(300);
    environment.limits.typing = Duration::from_millis(50);
    let _gateway = world.gateway_in(environment);
    world.says("Oi");
    assert!(world.sent(1).await[0].text.contains("demorou demais"));
    assert!(world.platform.bot().typing >= 3, "typing is renewed while it works");
}

#[tokio::test]
async fn without_its_tools_it_still_answers_and_finds_them_later() {
    let world = World::start().await;
    world.platform.mcp_away.store(true, Ordering::SeqCst);
    world.llm.push(Reply::text("As ferramentas não estão disponíveis."));
    let _gateway = world.gateway();
    world.says("Tem rúcula?");
    world.sent(1).await;
    let first = &world.llm.requests()[0].body;
    assert!(first.get("tools").is_none());
    assert!(first["messages"][0]["content"].as_str().unwrap().contains("tools cannot be reached"));

    world.platform.mcp_away.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(2_100)).await; // a failed connection is not tried again sooner
    world.llm.push(Reply::tool_calls([("look_up", json!({"query": "rúcula"}))]));
    world.llm.push(Reply::text("12."));
    world.says("E agora?");
    assert_eq!(world.sent(2).await[1].text, "12.");
}

#[tokio::test]
async fn tools_that_go_away_in_the_middle_are_told_to_the_model() {
    let world = World::start().await;
    let _gateway = world.gateway();
    world.llm.push(Reply::text("Oi."));
    world.says("Oi");
    world.sent(1).await;
    world.platform.mcp_away.store(true, Ordering::SeqCst);
    world.llm.push(Reply::tool_calls([("order", json!({}))]));
    world.llm.push(Reply::text("Não deu."));
    world.says("Peça um");
    world.sent(2).await;
    let body = world.llm.requests().last().unwrap().body.clone();
    let result = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert!(result.as_str().unwrap().contains("not known whether this took effect"), "{result}");
}

#[tokio::test]
async fn chats_go_beside_one_another_and_each_in_order() {
    let world = World::start().await;
    world.llm.push(Reply::text("slow").after(Duration::from_secs(2)));
    world.llm.push(Reply::text("quick"));
    world.llm.push(Reply::text("later"));
    let _gateway = world.gateway();
    world.says("one");
    world.says("two");
    until("the first question", || world.llm.requests().len() == 1).await;
    world.platform.bot().push(43, 43, json!({"text": "other chat"}));
    let sent = world.sent(3).await;
    let told: Vec<_> = sent.iter().map(|s| (s.chat, s.text.as_str())).collect();
    assert_eq!(told, [(43, "quick"), (42, "slow"), (42, "later")]);
    world.settled().await;
}

#[tokio::test]
async fn old_turns_are_left_out_before_the_budget_is_full() {
    let mut world = World::start().await;
    world.variables.insert("OPENCLAW_CONTEXT_TOKENS", "300".to_owned());
    let _gateway = world.gateway();
    for turn in 0..6 {
        world.llm.push(Reply::tool_calls([("look_up", json!({"query": format!("x{turn}")}))]));
        world.llm.push(Reply::text(format!("answer {turn} {}", "palavra ".repeat(40))));
        world.says(&format!("question {turn}"));
        world.sent(turn + 1).await;
    }
    world.settled().await;
    let last = world.llm.requests().last().unwrap().body.clone();
    let shown = roles(&last);
    assert!(shown.len() < 16, "{shown:?}");
    assert_eq!((shown[0], shown[1]), ("system", "user"), "a turn is shown from its beginning");
    assert!(last.to_string().contains("question 5") && !last.to_string().contains("question 0"));
    assert!(world.conversation().to_string().len() < 3_000);
}
