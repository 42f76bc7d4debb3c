//! A scripted LLM provider: an OpenAI-compatible server that says what a test told it to, and records what it was asked.

pub mod wire;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, sync::DropGuard};

pub use wire::Reply;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its JSON body; null if it was none.
    pub body: Value,
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    always: Option<Reply>,
    requests: Vec<Recorded>,
}

/// A running scripted provider; it ends when this is dropped.
pub struct ScriptedLlm {
    /// Its base, ending in `/v1`.
    pub url: String,
    script: Arc<Mutex<Script>>,
    _running: DropGuard,
}

impl ScriptedLlm {
    /// Starts one on a free port, with an empty script.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound listener has an address");
        let script = Arc::new(Mutex::new(Script::default()));
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models))
            .with_state(script.clone());
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped => {}
                _ = axum::serve(listener, router) => {}
            }
        });
        Self { url: format!("http://{address}/v1"), script, _running: shutdown.drop_guard() }
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `reply` to the end of the script.
    pub fn push(&self, reply: Reply) -> &Self {
        self.script().replies.push_back(reply);
        self
    }

    /// What is said whenever the script is at its end; without it, 500.
    pub fn always(&self, reply: Reply) -> &Self {
        self.script().always = Some(reply);
        self
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.script().requests.clone()
    }
}

async fn complete(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reply = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.requests.push(Recorded { headers, body: body.clone() });
        script.replies.pop_front().or_else(|| script.always.clone())
    };
    reply.unwrap_or_else(|| Reply::status(500)).respond(&body).await
}

async fn models() -> Response {
    Json(json!({"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "openclaw-testkit"}]}))
        .into_response()
}
