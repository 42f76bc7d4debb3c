//! What a gateway lives in, and the gateway itself as a task that can be killed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use openclaw_gateway::Environment;
use openclaw_testkit::llm::ScriptedLlm;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    bot_api::{self, BotApi, Sent, TOKEN},
    tools,
};

/// The one on the list, and their chat.
pub(crate) const ANA: u64 = 42;
pub(crate) const CHAT: i64 = 42;
pub(crate) const PROXY_TOKEN: &str = "oct_test";

/// Relay and API in one server.
pub(crate) struct Platform {
    bot: Mutex<BotApi>,
    pub(crate) state: Mutex<HashMap<String, (u64, Value)>>,
    pub(crate) beats: Mutex<Vec<Value>>,
    pub(crate) calls: Mutex<Vec<String>>,
    /// The niche's release.
    pub(crate) release: AtomicUsize,
    /// The first release no longer serves those who name it.
    pub(crate) first_is_gone: AtomicBool,
    /// The release that served each call.
    pub(crate) served_by: Mutex<Vec<usize>>,
    /// The `order` tool does not come back.
    pub(crate) stuck: watch::Sender<bool>,
    pub(crate) mcp_away: AtomicBool,
    pub(crate) api_away: AtomicBool,
    /// The largest state that is taken, in bytes.
    pub(crate) largest: AtomicUsize,
    /// So many changes of the state are made, and their answers lost.
    pub(crate) lost_answers: AtomicUsize,
}

impl Platform {
    pub(crate) fn bot(&self) -> MutexGuard<'_, BotApi> {
        self.bot.lock().unwrap()
    }
}

pub(crate) struct World {
    pub(crate) platform: Arc<Platform>,
    pub(crate) llm: ScriptedLlm,
    pub(crate) variables: HashMap<&'static str, String>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let platform = Arc::new(Platform {
            bot: Mutex::default(),
            state: Mutex::default(),
            beats: Mutex::default(),
            calls: Mutex::default(),
            release: AtomicUsize::new(1),
            first_is_gone: AtomicBool::new(false),
            served_by: Mutex::default(),
            stuck: watch::channel(false).0,
            mcp_away: AtomicBool::new(false),
            api_away: AtomicBool::new(false),
            largest: AtomicUsize::new(1 << 20),
            lost_answers: AtomicUsize::new(0),
        });
        let mcp = Router::new()
            .nest_service("/mcp", tools::service(platform.clone()))
            .layer(middleware::from_fn_with_state(platform.clone(), mcp_gate));
        let router = Router::new()
            .route("/v1/agent/state/{key}", get(read_state).put(write_state))
            .route("/v1/agent/heartbeat", post(heartbeat))
            .layer(middleware::from_fn_with_state(platform.clone(), api_gate))
            .route("/{token}/{method}", any(bot_api::method))
            .with_state(platform.clone())
            .merge(mcp);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let llm = ScriptedLlm::start().await;
        let variables = HashMap::from([
            ("TELEGRAM_BOT_TOKEN", TOKEN.to_owned()),
            ("TELEGRAM_API_ROOT", root.clone()),
            ("TELEGRAM_ALLOW_FROM", format!("{ANA},43")),
            ("OPENCLAW_MODEL", "test/model".to_owned()),
            ("OPENCLAW_THINKING", "medium".to_owned()),
            ("OPENCLAW_SYSTEM_PROMPT", "You keep a shelf.".to_owned()),
            ("OPENCLAW_PROXY_TOKEN", PROXY_TOKEN.to_owned()),
            ("OPENCLAW_LLM_URL", llm.url.clone()),
            ("OPENCLAW_MCP_URL", format!("{root}/mcp")),
            ("OPENCLAW_API_URL", root),
            ("OPENCLAW_LOCALE", "pt".to_owned()),
        ]);
        Self { platform, llm, variables, server }
    }

    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::from_lookup(|name| self.variables.get(name).cloned()).unwrap();
        environment.limits.first_pause = Duration::from_millis(5);
        environment.limits.longest_pause = Duration::from_millis(50);
        environment.limits.repoll = Duration::from_millis(10);
        environment.limits.llm_attempts = 3;
        environment
    }

    pub(crate) fn gateway(&self) -> Gateway {
        self.gateway_in(self.environment())
    }

    pub(crate) fn gateway_in(&self, environment: Environment) -> Gateway {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { openclaw_gateway::run(environment, shutdown).await.unwrap() }
        });
        Gateway { task, shutdown }
    }

    pub(crate) fn says(&self, text: &str) -> u32 {
        self.platform.bot().push(CHAT, ANA, serde_json::json!({ "text": text }))
    }

    /// The messages sent, once there are at least `count`.
    pub(crate) async fn sent(&self, count: usize) -> Vec<Sent> {
        until("messages to be sent", || self.platform.bot().sent.len() >= count).await;
        self.platform.bot().sent.clone()
    }

    /// Waits until Telegram has nothing left to confirm.
    pub(crate) async fn settled(&self) {
        until("all updates to be confirmed", || self.platform.bot().updates.is_empty()).await;
    }

    pub(crate) fn conversation(&self) -> Value {
        self.platform.state.lock().unwrap().get(&format!("chat.{CHAT}")).map(|(_, v)| v.clone()).unwrap_or_default()
    }
}

/// A gateway as a task; dropping it kills it where it stands.
pub(crate) struct Gateway {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Gateway {
    /// Kills it where it stands.
    pub(crate) async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Stops it as SIGTERM does.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn mcp_gate(State(platform): State<Arc<Platform>>, request: Request, next: Next) -> Response {
    if platform.mcp_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    authorized(request, next).await
}

async fn api_gate(State(platform): State<Arc<Platform>>, request: Request, next: Next) -> Response {
    if platform.api_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    authorized(request, next).await
}

async fn authorized(request: Request, next: Next) -> Response {
    let expected = format!("Bearer {PROXY_TOKEN}");
    if request.headers().get("authorization").is_none_or(|value| value != expected.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

async fn heartbeat(State(platform): State<Arc<Platform>>, Json(beat): Json<Value>) -> StatusCode {
    platform.beats.lock().unwrap().push(beat);
    StatusCode::NO_CONTENT
}

fn tag(version: u64) -> [(&'static str, String); 1] {
    [("etag", format!("\"{version}\""))]
}

async fn read_state(State(platform): State<Arc<Platform>>, Path(key): Path<String>) -> Response {
    match platform.state.lock().unwrap().get(&key) {
        Some((version, value)) => (tag(*version), value.to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn write_state(
    State(platform): State<Arc<Platform>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if body.len() > platform.largest.load(Ordering::SeqCst) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let mut state = platform.state.lock().unwrap();
    let version = state.get(&key).map(|(version, _)| *version);
    let expected = match (headers.get("if-match"), headers.get("if-none-match")) {
        (Some(tag), None) => tag.to_str().unwrap().trim_matches('"').parse().ok(),
        (None, Some(_)) => None,
        _ => panic!("every change says what it is based on"),
    };
    if version != expected {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let next = version.unwrap_or_default() + 1;
    state.insert(key, (next, serde_json::from_slice(&body).unwrap()));
    let less = |lost: usize| lost.checked_sub(1);
    if platform.lost_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    (StatusCode::NO_CONTENT, tag(next)).into_response()
}
