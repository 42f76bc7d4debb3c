//! A Bot API server with what the relay adds: a message with a known `openclaw_key` is sent once.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::world::Platform;

pub(crate) const TOKEN: &str = "7:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A message as people see it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) chat: i64,
    pub(crate) text: String,
    pub(crate) key: String,
    pub(crate) entities: Value,
}

#[derive(Default)]
pub(crate) struct BotApi {
    pub(crate) updates: Vec<Value>,
    pub(crate) next_update: u32,
    pub(crate) sent: Vec<Sent>,
    pub(crate) typing: usize,
    pub(crate) polls: usize,
    /// Answers of sendMessage before it works: an HTTP status and seconds to wait.
    pub(crate) refusals: Vec<(u16, Option<u64>)>,
    /// sendMessage takes the message but never answers, as when the gateway is killed just then.
    pub(crate) mute: bool,
    /// sendMessage has come but takes nothing.
    pub(crate) deaf: bool,
    pub(crate) attempts: usize,
}

impl BotApi {
    pub(crate) fn push(&mut self, chat: i64, user: u64, mut message: Value) -> u32 {
        self.next_update += 1;
        let base = json!({
            "message_id": self.next_update, "date": 1_790_000_000,
            "chat": {"id": chat, "type": "private", "first_name": "Ana"},
            "from": {"id": user, "is_bot": false, "first_name": "Ana"},
        });
        for (name, value) in base.as_object().unwrap() {
            message.as_object_mut().unwrap().entry(name).or_insert(value.clone());
        }
        self.updates.push(json!({"update_id": self.next_update, "message": message}));
        self.next_update
    }
}

fn ok(result: Value) -> Response {
    Json(json!({"ok": true, "result": result})).into_response()
}

fn refused(status: u16, wait: Option<u64>) -> Response {
    let mut body = json!({"ok": false, "error_code": status, "description": "refused by the test"});
    if let Some(wait) = wait {
        body["parameters"] = json!({"retry_after": wait});
    }
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

pub(crate) async fn method(
    Path((token, method)): Path<(String, String)>,
    State(platform): State<Arc<Platform>>,
    Json(body): Json<Value>,
) -> Response {
    if token != format!("bot{TOKEN}") {
        return refused(401, None);
    }
    match method.as_str() {
        "getMe" => ok(json!({"id": 7, "is_bot": true, "first_name": "Agent", "username": "agent_bot"})),
        "getUpdates" => updates(&platform, &body).await,
        "sendChatAction" => {
            platform.bot().typing += 1;
            ok(json!(true))
        }
        "sendMessage" => send(&platform, &body).await,
        _ => refused(404, None),
    }
}

async fn updates(platform: &Platform, body: &Value) -> Response {
    let offset = body["offset"].as_u64().unwrap_or_default();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(body["timeout"].as_u64().unwrap_or_default());
    platform.bot().polls += 1;
    loop {
        let waiting = {
            let mut bot = platform.bot();
            bot.updates.retain(|update| update["update_id"].as_u64() >= Some(offset));
            bot.updates.clone()
        };
        if !waiting.is_empty() || tokio::time::Instant::now() >= deadline {
            return ok(json!(waiting));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn send(platform: &Platform, body: &Value) -> Response {
    let mute = {
        let mut bot = platform.bot();
        bot.attempts += 1;
        if !bot.refusals.is_empty() {
            let (status, wait) = bot.refusals.remove(0);
            return refused(status, wait);
        }
        if !bot.deaf {
            let key = body["openclaw_key"].as_str().expect("every message has a key").to_owned();
            if !bot.sent.iter().any(|sent| sent.key == key) {
                bot.sent.push(Sent {
                    chat: body["chat_id"].as_i64().unwrap(),
                    text: body["text"].as_str().unwrap().to_owned(),
                    key,
                    entities: body["entities"].clone(),
                });
            }
        }
        bot.mute || bot.deaf
    };
    if mute {
        std::future::pending::<()>().await;
    }
    ok(json!({"message_id": 1, "date": 1_790_000_000, "chat": {"id": body["chat_id"], "type": "private"}}))
}
