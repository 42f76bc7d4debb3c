//! The Bot API as gateways see it: whose token it is, and which method does what.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::{any, post},
};
use openclaw_platform::{
    AgentId,
    config::Settings,
    db::{self, Notice},
    http,
    relay::{self, Bot},
    vault::Vault,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::{Notify, broadcast::error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::{
    answer::{Answer, ApiError, ok},
    forward,
    pace::Pace,
    params::Params,
    polling::{self, Pollers},
    telegram::Telegram,
    web_chat,
    webhook::{self, Webhooks},
};

/// What the relay works with.
pub(crate) struct App {
    pub(crate) db: PgPool,
    pub(crate) vault: Vault,
    pub(crate) telegram: Telegram,
    pub(crate) pollers: Pollers,
    pub(crate) pace: Pace,
    /// Present when Telegram calls us; absent when we ask it.
    pub(crate) webhooks: Option<Webhooks>,
    pub(crate) shutdown: CancellationToken,
    /// Agents may have come, gone or changed.
    pub(crate) agents_changed: Notify,
    /// What Telegram said of agents' own bots, with the stand-in's id.
    pub(crate) bots: Mutex<HashMap<AgentId, Value>>,
}

impl App {
    pub(crate) fn start(settings: &Settings, shutdown: &CancellationToken) -> Result<Arc<Self>, crate::Error> {
        let app = Arc::new(Self {
            db: db::pool(&settings.database_url, settings.database_connections)?,
            vault: Vault::new(&settings.platform_key)?,
            telegram: Telegram::new(&settings.telegram_api_url),
            pollers: Pollers::default(),
            pace: Pace::default(),
            webhooks: Webhooks::new(settings),
            shutdown: shutdown.clone(),
            agents_changed: Notify::new(),
            bots: Mutex::default(),
        });
        tokio::spawn(hear(app.clone()));
        Ok(app)
    }

    pub(crate) fn bot_profile(&self, agent: AgentId) -> Option<Value> {
        self.bots.lock().unwrap_or_else(PoisonError::into_inner).get(&agent).cloned()
    }

    /// Forgets what is known of agents that no gateway speaks for any more, such as destroyed ones.
    pub(crate) async fn forget_closed(&self) -> Result<(), openclaw_platform::Error> {
        let mut known = self.pollers.agents();
        known.extend(self.bots.lock().unwrap_or_else(PoisonError::into_inner).keys());
        if known.is_empty() {
            return Ok(());
        }
        for agent in relay::closed(&self.db, &known).await? {
            self.pollers.forget(agent);
            self.bots.lock().unwrap_or_else(PoisonError::into_inner).remove(&agent);
        }
        Ok(())
    }

    pub(crate) fn keep_bot_profile(&self, agent: AgentId, profile: Value) {
        self.bots.lock().unwrap_or_else(PoisonError::into_inner).insert(agent, profile);
    }
}

/// Passes on what others tell through Postgres.
async fn hear(app: Arc<App>) {
    let notices = db::listen(&app.db, &["relay", "agents"]);
    let mut heard = notices.subscribe();
    loop {
        let notice = tokio::select! {
            () = app.shutdown.cancelled() => return,
            notice = heard.recv() => notice,
        };
        match notice {
            Ok(Notice::Changed { channel, payload }) => {
                if channel == "agents" {
                    app.agents_changed.notify_one();
                }
                if let Ok(agent) = payload.parse() {
                    app.pollers.wake(agent);
                }
            }
            Ok(Notice::Resumed) | Err(RecvError::Lagged(_)) => {
                app.agents_changed.notify_one();
                app.pollers.wake_all();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/telegram/{number}", post(webhook::receive))
        .route("/{bot}/{method}", any(call))
        .merge(http::health("telegram-relay"))
        .fallback(async || ApiError::not_found())
        .with_state(app)
}

/// `/bot<token>/<method>`
async fn call(
    State(app): State<Arc<App>>,
    Path((bot, method)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(token) = bot.strip_prefix("bot") else { return ApiError::not_found().into_response() };
    let token = SecretString::from(token);
    let bot = match relay::authenticate(&app.db, &token).await {
        Ok(Some(bot)) => bot,
        Ok(None) => return ApiError::unauthorized().into_response(),
        Err(error) => return ApiError::from(error).into_response(),
    };
    let answer = match Params::read(query.as_deref(), &headers, &body) {
        Ok(params) => dispatch(&app, bot, &token, &method.to_ascii_lowercase(), params).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(result) => ok(result),
        Err(error) => error.into_response(),
    }
}

/// Where a message goes.
enum Target {
    /// The dashboard's chat.
    Web,
    /// A chat in Telegram.
    Telegram(i64),
}

async fn target(app: &App, bot: &Bot, params: &Params) -> Result<Target, ApiError> {
    if !params.has("chat_id") {
        return Err(ApiError::bad("chat_id is empty"));
    }
    // A name (`@…`) is that of a channel or a group: an agent writes to none that has not written to it.
    let chat = params.integer("chat_id").ok_or_else(ApiError::chat_not_found)?;
    if chat == bot.web_chat() {
        return Ok(Target::Web);
    }
    if chat >= openclaw_platform::agents::WEB_CHAT_BASE || !bot.has_bot {
        return Err(ApiError::chat_not_found());
    }
    if relay::may_write(&app.db, bot, chat).await? {
        return Ok(Target::Telegram(chat));
    }
    Err(if chat > 0 {
        ApiError::forbidden("bot can't initiate conversation with a user")
    } else {
        ApiError::chat_not_found()
    })
}

/// Methods are told apart without regard to case, as Telegram does.
async fn dispatch(app: &Arc<App>, bot: Bot, token: &SecretString, method: &str, params: Params) -> Answer {
    match method {
        "getupdates" => polling::get_updates(app, &bot, token, &params).await,
        "getme" => Ok(me(app, &bot).await),
        "sendmessage" | "sendrichmessage" => {
            let method = if method == "sendmessage" { "sendMessage" } else { "sendRichMessage" };
            let key = key(&params)?;
            match target(app, &bot, &params).await? {
                Target::Web => web_chat::send(app, &bot, &params, key.as_deref()).await,
                Target::Telegram(chat) => forward::send(app, bot, method, params, chat, key).await,
            }
        }
        "editmessagetext" => match target(app, &bot, &params).await? {
            Target::Web => web_chat::edit(app, &bot, &params).await,
            Target::Telegram(_) => forward::pass(app, &bot, "editMessageText", params).await,
        },
        "deletemessage" => match target(app, &bot, &params).await? {
            Target::Web => web_chat::delete(app, &bot, &params).await,
            Target::Telegram(_) => forward::pass(app, &bot, "deleteMessage", params).await,
        },
        "sendchataction" => match target(app, &bot, &params).await? {
            Target::Web => web_chat::action(app, &bot, &params).await,
            Target::Telegram(_) => forward::pass(app, &bot, "sendChatAction", params).await,
        },
        "getchat" => match target(app, &bot, &params).await? {
            Target::Web => Ok(web_chat::chat(&bot)),
            Target::Telegram(_) => forward::pass(app, &bot, "getChat", params).await,
        },
        "getchatmember" => match target(app, &bot, &params).await? {
            Target::Web => web_chat::member(&bot, &params),
            Target::Telegram(_) => forward::pass(app, &bot, "getChatMember", params).await,
        },
        "setmessagereaction" => match target(app, &bot, &params).await? {
            // The dashboard shows no reactions.
            Target::Web => Ok(json!(true)),
            Target::Telegram(_) => forward::pass(app, &bot, "setMessageReaction", params).await,
        },
        "answercallbackquery" if bot.has_bot => forward::pass(app, &bot, "answerCallbackQuery", params).await,
        "setmycommands" if bot.has_bot => forward::pass(app, &bot, "setMyCommands", params).await,
        "getmycommands" if bot.has_bot => forward::pass(app, &bot, "getMyCommands", params).await,
        "deletemycommands" if bot.has_bot => forward::pass(app, &bot, "deleteMyCommands", params).await,
        "setmycommands" => {
            let commands = params.json("commands").filter(Value::is_array);
            let commands = commands.ok_or_else(|| ApiError::bad("parameter \"commands\" is required"))?;
            relay::set_commands(&app.db, bot.agent, &scope(&params), Some(commands)).await?;
            Ok(json!(true))
        }
        "getmycommands" => Ok(relay::commands(&app.db, bot.agent, &scope(&params)).await?),
        "deletemycommands" => {
            relay::set_commands(&app.db, bot.agent, &scope(&params), None).await?;
            Ok(json!(true))
        }
        "setwebhook" if params.text("url").is_some_and(|url| !url.is_empty()) => {
            Err(ApiError::bad("bad webhook: this server delivers by getUpdates only"))
        }
        "setwebhook" | "deletewebhook" => {
            if params.flag("drop_pending_updates") {
                relay::drop_waiting(&app.db, bot.agent).await?;
            }
            Ok(json!(true))
        }
        "getwebhookinfo" => Ok(json!({
            "url": "",
            "has_custom_certificate": false,
            "pending_update_count": relay::waiting(&app.db, bot.agent).await?,
        })),
        "getfile" => Err(ApiError::bad("files are not relayed")),
        _ => Err(ApiError::not_found()),
    }
}

/// The key under which a send happens once.
fn key(params: &Params) -> Result<Option<String>, ApiError> {
    match params.text("openclaw_key") {
        None if params.has("openclaw_key") => Err(ApiError::bad("openclaw_key must be a text")),
        None => Ok(None),
        Some(key) if key.is_empty() || key.chars().count() > 100 || key.contains('\0') => {
            Err(ApiError::bad("openclaw_key must have 1 to 100 characters"))
        }
        Some(key) => Ok(Some(key.to_owned())),
    }
}

/// Under what a list of commands is kept.
fn scope(params: &Params) -> String {
    let scope = params.json("scope").unwrap_or_else(|| json!({ "type": "default" }));
    format!("{scope} {}", params.text("language_code").unwrap_or_default()).replace('\0', "")
}

/// The agent's own bot as Telegram knows it, with the stand-in's id; else a bot that is as good. The web chat works
/// also when Telegram is away or refuses the real token, so this never fails.
async fn me(app: &App, bot: &Bot) -> Value {
    if bot.has_bot {
        if let Some(profile) = app.bot_profile(bot.agent) {
            return profile;
        }
        if let Ok(profile) = forward::greet(app, bot.agent, bot.number, forward::GREETING).await {
            return profile;
        }
    }
    let mut me = web_chat::bot_user(bot);
    for (name, value) in [
        ("can_join_groups", false),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[name] = value.into();
    }
    me
}
