//! The dashboard's chat, and what is new in it.

use std::time::Duration;

use openclaw_platform::{
    Digest, relay,
    tool_calls::{self, NewToolCall, Took},
};
use serde_json::{Value, json};

use crate::app::{Agent, TestApp};

/// Server-sent events as they come.
struct Events {
    response: reqwest::Response,
    buffer: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Events {
    async fn next(&mut self) -> Event {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
                    line.unwrap_or_default().trim().to_owned()
                };
                let data = serde_json::from_str(&field("data")).unwrap_or_default();
                let event = Event { name: field("event"), id: field("id"), data };
                self.buffer = rest.to_owned();
                if !event.name.is_empty() {
                    return event;
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = chunk.expect("an event comes in time").unwrap().expect("the stream goes on");
            self.buffer.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

async fn called(app: &TestApp, agent: &Agent) {
    let call = NewToolCall {
        agent: agent.id,
        digest: Digest::of(b""),
        tool: "greet",
        title: "Cumprimentar",
        arguments: &json!({ "name": "Ana" }),
        result: "Olá, Ana!",
        structured: None,
        outcome: "ok",
        micros: 90,
        fault: None,
        took: Took::default(),
    };
    tool_calls::record(&app.db, call).await.unwrap();
}

async fn answers(app: &TestApp, agent: &Agent, text: &str) {
    relay::chat::agent_says(&app.db, agent.id, text, &json!([]), None, |_| Value::Null).await.unwrap();
}

#[tokio::test]
async fn messages_and_tool_cards_come_in_order_and_a_listener_goes_on_where_it_was() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let (chat, events) = (format!("{}/chat", agent.path()), format!("{}/chat/events", agent.path()));
    let mut listener = Events { response: app.get(&events).as_customer(&owner).stream().await, buffer: String::new() };

    let said = app.post(&chat, json!({ "text": "Cumprimente a Ana" })).as_customer(&owner).send().await.ok();
    let first = listener.next().await;
    assert_eq!((first.name.as_str(), &first.data), ("chat", &said));
    relay::chat::typing(&app.db, agent.id).await.unwrap();
    assert_eq!(listener.next().await.name, "typing");
    called(&app, &agent).await;
    let card = listener.next().await;
    assert_eq!((card.data["kind"].as_str(), &card.data["inputs"]), (Some("tool"), &json!([["Nome", "Ana"]])));
    answers(&app, &agent, "Olá, Ana!").await;
    let answer = listener.next().await;
    assert_eq!((answer.data["author"].as_str(), answer.data["text"].as_str()), (Some("agent"), Some("Olá, Ana!")));
    drop(listener);

    // What came while nobody listened, and nothing twice.
    answers(&app, &agent, "Mais alguém?").await;
    let resumed = app.get(&events).as_customer(&owner).header("last-event-id", &answer.id).stream().await;
    let mut listener = Events { response: resumed, buffer: String::new() };
    assert_eq!(listener.next().await.data["text"], "Mais alguém?");
    let id = answer.data["id"].as_i64().unwrap();
    relay::chat::agent_edits(&app.db, agent.id, id, "Olá!", &json!([])).await.unwrap();
    let edited = listener.next().await;
    assert_eq!((edited.data["id"].as_i64(), edited.data["text"].as_str()), (Some(id), Some("Olá!")));

    let list = app.get(&chat).as_customer(&owner).send().await.ok();
    let kinds: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "tool", "message", "message"]);
    let later = app.get(&format!("{chat}?after={id}")).as_customer(&owner).send().await.ok();
    assert_eq!(later["items"].as_array().unwrap().len(), 1, "{later}");
}

#[tokio::test]
async fn an_empty_or_endless_message_is_refused_and_so_is_an_agent_that_is_gone() {
    let app = TestApp::start().await;
    app.install("hello").await;
    let owner = app.customer("owner@example.com").await;
    let agent = app.agent(&owner, "hello").await;
    let chat = format!("{}/chat", agent.path());
    for text in [" ".to_owned(), "a".repeat(4097)] {
        let refused = app.post(&chat, json!({ "text": text })).as_customer(&owner).send().await;
        assert_eq!(refused.problem(), (422, "invalid-text", Some("text")));
    }
    openclaw_platform::erasure::destroy(&app.db, agent.id).await.unwrap();
    let gone = app.post(&chat, json!({ "text": "Oi" })).as_customer(&owner).send().await;
    assert_eq!(gone.problem(), (409, "agent-not-live", None));
}
