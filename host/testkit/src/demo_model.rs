//! The demo model: an OpenAI-compatible stand-in for when no LLM key is set, and it says so in everything it writes.
//!
//! It knows no trade. It compares the words of the last message with the names and descriptions of the tools it is
//! offered, calls those whose required arguments it can find in the message, and reads their results out.

mod choose;
mod fill;
mod speak;
mod words;

use std::future::Future;

use axum::{
    Json, Router,
    body::Bytes,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, sync::DropGuard};

use crate::llm::wire::{self, Reply};

/// A running demo model; it ends when this is dropped.
pub struct DemoModel {
    /// Its base, ending in `/v1`.
    pub url: String,
    _running: DropGuard,
}

impl DemoModel {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shutdown = CancellationToken::new();
        tokio::spawn(serve(listener, shutdown.clone().cancelled_owned()));
        Self { url: format!("http://{address}/v1"), _running: shutdown.drop_guard() }
    }
}

/// Serves the demo model on `listener` until `shutdown`.
pub async fn serve(listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    let router = Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(models))
        .route("/healthz", get(|| async { Json(json!({"role": "demo-model"})) }));
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

async fn complete(body: Bytes) -> Response {
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return wire::error(StatusCode::BAD_REQUEST, &format!("the body is not JSON: {error}")),
    };
    match answer(&request) {
        Some(reply) => reply.respond(&request).await,
        None => wire::error(StatusCode::BAD_REQUEST, "messages must hold a message of role user"),
    }
}

async fn models() -> Response {
    Json(json!({"object": "list", "data": [{"id": "demo", "object": "model", "created": 0, "owned_by": "openclaw-cloud"}]}))
        .into_response()
}

/// What the demo model says to `request`; nothing when no person said anything.
fn answer(request: &Value) -> Option<Reply> {
    let messages = request["messages"].as_array()?;
    let asked_at = messages.iter().rposition(|message| message["role"] == "user")?;
    let asked = content(&messages[asked_at]);
    let language = words::language(&asked, messages.first().map(content).as_deref());
    let results: Vec<(String, String)> = messages[asked_at..]
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|result| (tool_name(&messages[asked_at..], &result["tool_call_id"]), content(result)))
        .collect();
    if !results.is_empty() {
        return Some(Reply::text(speak::results(language, &results)));
    }
    let tools = choose::tools(request);
    if request["tool_choice"] != "none" {
        let calls = choose::calls(&asked, &tools);
        if !calls.is_empty() {
            return Some(Reply::tool_calls(calls));
        }
    }
    Some(Reply::text(speak::abilities(language, &tools)))
}

/// A message's text, whether it is a string or a list of parts.
fn content(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

fn tool_name(messages: &[Value], call: &Value) -> String {
    messages
        .iter()
        .filter_map(|message| message["tool_calls"].as_array())
        .flatten()
        .find(|candidate| candidate["id"] == *call)
        .and_then(|candidate| candidate["function"]["name"].as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
