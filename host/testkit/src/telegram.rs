//! A stand-in for api.telegram.org: the Bot API of any number of bots, with Telegram's offsets, long polls and webhooks.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::any,
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

/// How long the waiting functions wait before they panic.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts to deliver to a webhook that did not take an update.
const DELIVER_AGAIN: Duration = Duration::from_millis(50);

/// A message that a bot sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Where to.
    pub chat_id: i64,
    /// What it says now: an edit changes it.
    pub text: String,
    /// Its number in the chat.
    pub message_id: i64,
    /// When it came.
    pub at: Instant,
}

/// How a call can fail when the test wants it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 429 with `retry_after` seconds.
    TooManyRequests(u64),
    /// 500, and nothing was done.
    ServerError,
    /// 500, after it was done: the caller cannot know.
    DoneButServerError,
}

#[derive(Default)]
struct Bot {
    id: i64,
    updates: VecDeque<Value>,
    last_update: i64,
    last_message: i64,
    sent: Vec<Sent>,
    calls: Vec<(String, Value)>,
    webhook: Option<(String, String)>,
    revoked: bool,
    failures: HashMap<String, VecDeque<Failure>>,
    polls: u64,
}

struct Shared {
    bots: Mutex<HashMap<String, Bot>>,
    /// Counts changes of any bot.
    changes: watch::Sender<u64>,
    http: reqwest::Client,
}

/// The server; it ends when it is dropped.
pub struct TelegramServer {
    shared: Arc<Shared>,
    url: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for TelegramServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl TelegramServer {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shared =
            Arc::new(Shared { bots: Mutex::default(), changes: watch::Sender::new(0), http: reqwest::Client::new() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let app = Router::new().route("/{bot}/{method}", any(call)).with_state(shared.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the stand-in serves");
        });
        let delivering = tokio::spawn(deliver(shared.clone()));
        Self { shared, url, tasks: vec![serving, delivering] }
    }

    /// Its address, for `TELEGRAM_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a bot known; its id is what `token` begins with.
    pub fn add_bot(&self, token: &str) {
        let id = token.split(':').next().and_then(|id| id.parse().ok()).expect("a token begins with the bot's id");
        self.shared.lock().insert(token.to_owned(), Bot { id, ..Bot::default() });
    }

    /// A person writes to the bot in private; gives Telegram's number for the update.
    pub fn user_says(&self, token: &str, user_id: i64, text: &str) -> i64 {
        self.update(token, |message_id| {
            let person = json!({ "id": user_id, "is_bot": false, "first_name": "Ana", "language_code": "pt-br" });
            let chat = json!({ "id": user_id, "type": "private", "first_name": "Ana" });
            let date = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs());
            json!({ "message": { "message_id": message_id, "from": person, "chat": chat, "date": date, "text": text } })
        })
    }

    /// Any update, made from the next message id; gives Telegram's number for it.
    pub fn update(&self, token: &str, body: impl FnOnce(i64) -> Value) -> i64 {
        let id = self.shared.with(token, |bot| {
            bot.last_message += 1;
            // Real ids are large and begin anywhere.
            bot.last_update = bot.last_update.max(700_000_000) + 1;
            let mut update = body(bot.last_message);
            update["update_id"] = bot.last_update.into();
            bot.updates.push_back(update);
            bot.last_update
        });
        self.shared.changed();
        id
    }

    /// What the bot sent, in order.
    pub fn sent(&self, token: &str) -> Vec<Sent> {
        self.shared.with(token, |bot| bot.sent.clone())
    }

    /// Waits until the bot has sent `n` messages.
    pub async fn wait_for_sent(&self, token: &str, n: usize) -> Vec<Sent> {
        self.wait(&format!("{n} messages were sent"), || Some(self.sent(token)).filter(|sent| sent.len() >= n)).await
    }

    /// The bot's calls of `method`, with their parameters, in order.
    pub fn calls(&self, token: &str, method: &str) -> Vec<Value> {
        let method = method.to_ascii_lowercase();
        self.shared.with(token, |bot| bot.calls.iter().filter(|(m, _)| *m == method).map(|(_, p)| p.clone()).collect())
    }

    /// Waits until the bot called `method` `n` times.
    pub async fn wait_for_calls(&self, token: &str, method: &str, n: usize) -> Vec<Value> {
        let calls = || Some(self.calls(token, method)).filter(|calls| calls.len() >= n);
        self.wait(&format!("{method} was called {n} times"), calls).await
    }

    /// How many updates wait to be confirmed.
    pub fn waiting(&self, token: &str) -> usize {
        self.shared.with(token, |bot| bot.updates.len())
    }

    /// The next call of `method` fails in this way; given twice, the next two do.
    pub fn fail_next(&self, token: &str, method: &str, failure: Failure) {
        self.shared.with(token, |bot| bot.failures.entry(method.to_ascii_lowercase()).or_default().push_back(failure));
    }

    /// The token opens nothing from now on.
    pub fn revoke(&self, token: &str) {
        self.shared.with(token, |bot| bot.revoked = true);
        self.shared.changed();
    }

    async fn wait<T>(&self, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let mut changes = self.shared.changes.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = found() {
                    return found;
                }
                changes.changed().await.expect("the sender lives as long as the server");
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Bot>> {
        self.bots.lock().expect("no test panics while it holds this")
    }

    fn with<T>(&self, token: &str, act: impl FnOnce(&mut Bot) -> T) -> T {
        act(self.lock().get_mut(token).expect("add_bot made it known"))
    }

    fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }
}

fn refused(code: u16, description: &str) -> Response {
    let body = json!({ "ok": false, "error_code": code, "description": description });
    (StatusCode::from_u16(code).expect("a status"), Json(body)).into_response()
}

fn done(result: &Value) -> Response {
    Json(json!({ "ok": true, "result": result })).into_response()
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Path((token, method)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let token = token.strip_prefix("bot").unwrap_or_default().to_owned();
    let method = method.to_ascii_lowercase();
    let params: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    let failure = {
        let mut bots = shared.lock();
        let Some(bot) = bots.get_mut(&token).filter(|bot| !bot.revoked) else { return refused(401, "Unauthorized") };
        bot.calls.push((method.clone(), params.clone()));
        bot.failures.get_mut(&method).and_then(VecDeque::pop_front)
    };
    shared.changed();
    match failure {
        None => {}
        Some(Failure::TooManyRequests(seconds)) => {
            let body = json!({
                "ok": false, "error_code": 429, "description": format!("Too Many Requests: retry after {seconds}"),
                "parameters": { "retry_after": seconds },
            });
            return (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
        }
        Some(Failure::ServerError) => return refused(500, "Internal Server Error"),
        Some(Failure::DoneButServerError) => {
            shared.with(&token, |bot| act(bot, &method, &params)).ok();
            shared.changed();
            return refused(500, "Internal Server Error");
        }
    }
    if method == "getupdates" {
        return poll(&shared, &token, &params).await;
    }
    let outcome = shared.with(&token, |bot| act(bot, &method, &params));
    shared.changed();
    match outcome {
        Ok(result) => done(&result),
        Err((code, description)) => refused(code, description),
    }
}

async fn poll(shared: &Shared, token: &str, params: &Value) -> Response {
    let offset = params["offset"].as_i64().unwrap_or(0);
    let limit = params["limit"].as_u64().unwrap_or(100) as usize;
    let deadline = Instant::now() + Duration::from_secs(params["timeout"].as_u64().unwrap_or(0));
    let mut changes = shared.changes.subscribe();
    let mine = shared.with(token, |bot| {
        bot.polls += 1;
        bot.updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
        bot.polls
    });
    shared.changed();
    loop {
        changes.borrow_and_update();
        let (newest, revoked, webhook, updates) = shared.with(token, |bot| {
            let updates: Vec<Value> = bot.updates.iter().take(limit).cloned().collect();
            (bot.polls, bot.revoked, bot.webhook.is_some(), updates)
        });
        if revoked {
            return refused(401, "Unauthorized");
        }
        if webhook {
            let words = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
            return refused(409, words);
        }
        if newest != mine {
            let words =
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
            return refused(409, words);
        }
        let now = Instant::now();
        if !updates.is_empty() || now >= deadline {
            return done(&updates.into());
        }
        let _ = tokio::time::timeout(deadline - now, changes.changed()).await;
    }
}

/// What the methods do that answer at once.
fn act(bot: &mut Bot, method: &str, params: &Value) -> Result<Value, (u16, &'static str)> {
    let chat = &params["chat_id"];
    let chat = || chat.as_i64().or_else(|| chat.as_str()?.parse().ok()).ok_or((400, "Bad Request: chat not found"));
    let me = json!({
        "id": bot.id, "is_bot": true, "first_name": "Real bot", "username": format!("real_{}_bot", bot.id),
        "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        "can_connect_to_business": false, "has_main_web_app": false,
    });
    let message = |sent: &Sent| {
        json!({
            "message_id": sent.message_id, "from": me, "date": 1_760_000_000, "text": sent.text,
            "chat": { "id": sent.chat_id, "type": "private", "first_name": "Ana" },
        })
    };
    match method {
        "getme" => Ok(me),
        "sendmessage" | "sendrichmessage" => {
            let text =
                params["text"].as_str().or_else(|| params["rich_message"]["markdown"].as_str()).unwrap_or_default();
            if text.trim().is_empty() {
                return Err((400, "Bad Request: message text is empty"));
            }
            if text.encode_utf16().count() > 4096 {
                return Err((400, "Bad Request: message is too long"));
            }
            bot.last_message += 1;
            let sent = Sent { chat_id: chat()?, text: text.into(), message_id: bot.last_message, at: Instant::now() };
            bot.sent.push(sent.clone());
            Ok(message(&sent))
        }
        "editmessagetext" => {
            let (chat, id) = (chat()?, params["message_id"].as_i64());
            let text = params["text"].as_str().unwrap_or_default();
            let sent = bot.sent.iter_mut().find(|sent| sent.chat_id == chat && Some(sent.message_id) == id);
            let sent = sent.ok_or((400, "Bad Request: message to edit not found"))?;
            if sent.text == text {
                return Err((400, "Bad Request: message is not modified"));
            }
            sent.text = text.into();
            Ok(message(sent))
        }
        "deletemessage" => {
            let (chat, id) = (chat()?, params["message_id"].as_i64());
            bot.sent.retain(|sent| !(sent.chat_id == chat && Some(sent.message_id) == id));
            Ok(json!(true))
        }
        "setwebhook" | "deletewebhook" => {
            let url = params["url"].as_str().unwrap_or_default().to_owned();
            let secret = params["secret_token"].as_str().unwrap_or_default().to_owned();
            bot.webhook = (method == "setwebhook" && !url.is_empty()).then_some((url, secret));
            Ok(json!(true))
        }
        "getwebhookinfo" => Ok(json!({
            "url": bot.webhook.as_ref().map(|(url, _)| url.as_str()).unwrap_or_default(),
            "has_custom_certificate": false, "pending_update_count": bot.updates.len(),
        })),
        "getmycommands" => Ok(json!([])),
        "sendchataction" | "setmycommands" | "deletemycommands" | "answercallbackquery" | "setmessagereaction" => {
            Ok(json!(true))
        }
        "getchat" => Ok(json!({
            "id": chat()?, "type": "private", "first_name": "Ana", "accent_color_id": 0, "max_reaction_count": 11,
        })),
        "getchatmember" => Ok(json!({
            "user": { "id": params["user_id"], "is_bot": false, "first_name": "Ana" }, "status": "member",
        })),
        _ => Err((404, "Not Found")),
    }
}

/// Posts what waits to the bots' webhooks, each bot's updates in order, again until they are taken.
async fn deliver(shared: Arc<Shared>) {
    let mut changes = shared.changes.subscribe();
    loop {
        changes.borrow_and_update();
        let waiting: Vec<(String, String, String, Value)> = shared
            .lock()
            .iter()
            .filter_map(|(token, bot)| {
                let (url, secret) = bot.webhook.clone()?;
                Some((token.clone(), url, secret, bot.updates.front()?.clone()))
            })
            .collect();
        if waiting.is_empty() {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        let mut failed = false;
        for (token, url, secret, update) in waiting {
            let post = shared.http.post(url).header("X-Telegram-Bot-Api-Secret-Token", secret).json(&update);
            if post.send().await.is_ok_and(|response| response.status().is_success()) {
                shared.with(&token, |bot| bot.updates.retain(|u| u["update_id"] != update["update_id"]));
                shared.changed();
            } else {
                failed = true;
            }
        }
        if failed {
            tokio::time::sleep(DELIVER_AGAIN).await;
        }
    }
}
