//! The Bot API as a gateway uses it, at the relay or at Telegram itself.
//!
//! teloxide gives the bot and its HTTP client. The requests are posted here, for two reasons: `sendMessage`
//! carries `openclaw_key`, which teloxide cannot send, and teloxide sleeps ten seconds on every answer of 5xx, which
//! would make each restart of the relay that long.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use teloxide::{Bot, net};
use url::Url;

use crate::{GatewayError, backoff::told, format::Part, state::retry_after};

/// One request that does not wait for messages.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What a long poll may take beyond its own time.
const POLL_SLACK: Duration = Duration::from_secs(15);

/// The agent's bot.
pub(crate) struct Telegram {
    bot: Bot,
}

/// Why Telegram did not do it.
#[derive(Debug)]
pub(crate) enum TelegramError {
    /// It did not answer, or not as Telegram: worth trying again.
    Away(String),
    /// Telegram's own refusal.
    Refused { code: u16, description: String, wait: Option<Duration> },
}

#[derive(Deserialize)]
struct Envelope<T> {
    ok: bool,
    result: Option<T>,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

impl Telegram {
    pub(crate) fn new(token: &SecretString, root: Url) -> Result<Self, GatewayError> {
        let client = net::default_reqwest_settings()
            // Each request says how long it may take.
            .timeout(Duration::from_secs(120))
            .pool_max_idle_per_host(3)
            .no_proxy()
            .build()
            .map_err(|error| GatewayError::Start(told(&error)))?;
        Ok(Self { bot: Bot::with_client(token.expose_secret(), client).set_api_url(root) })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &Value,
        timeout: Duration,
    ) -> Result<T, TelegramError> {
        let mut url = self.bot.api_url();
        url.path_segments_mut()
            .map_err(|()| TelegramError::Away("TELEGRAM_API_ROOT cannot carry a path".into()))?
            .pop_if_empty()
            .extend([&format!("bot{}", self.bot.token()), method]);
        let response = self
            .bot
            .client()
            .post(url)
            .timeout(timeout)
            .json(body)
            .send()
            .await
            .map_err(|error| TelegramError::Away(told(&error.without_url())))?;
        let status = response.status();
        let header = retry_after(response.headers());
        let bytes = response.bytes().await.map_err(|error| TelegramError::Away(told(&error.without_url())))?;
        let envelope: Envelope<T> = serde_json::from_slice(&bytes)
            .map_err(|error| TelegramError::Away(format!("{status}, which does not read as the Bot API: {error}")))?;
        match envelope {
            Envelope { ok: true, result: Some(result), .. } => Ok(result),
            Envelope { error_code, description, parameters, .. } => Err(TelegramError::Refused {
                code: error_code,
                description,
                wait: parameters.and_then(|p| p.retry_after).map(Duration::from_secs).or(header),
            }),
        }
    }

    /// Who the bot is: shows that the token is good.
    pub(crate) async fn me(&self) -> Result<(), TelegramError> {
        self.call("getMe", &json!({}), TIMEOUT).await.map(|_: Value| ())
    }

    /// Messages from `offset` on, waiting up to `wait` for the first. Confirms all before `offset`.
    pub(crate) async fn updates(&self, offset: u32, wait: Duration) -> Result<Vec<Value>, TelegramError> {
        let body = json!({ "offset": offset, "timeout": wait.as_secs(), "allowed_updates": ["message"] });
        self.call("getUpdates", &body, wait + POLL_SLACK).await
    }

    /// Shows "typing…" for five seconds.
    pub(crate) async fn typing(&self, chat: i64) -> Result<(), TelegramError> {
        let body = json!({ "chat_id": chat, "action": "typing" });
        self.call("sendChatAction", &body, TIMEOUT).await.map(|_: bool| ())
    }

    /// Sends `part`, once for `key` however often it is asked: the relay knows the key, Telegram ignores it.
    pub(crate) async fn send(&self, chat: i64, part: &Part, key: &str) -> Result<(), TelegramError> {
        let mut body = json!({ "chat_id": chat, "text": part.text, "openclaw_key": key });
        if !part.entities.is_empty() {
            body["entities"] = json!(part.entities);
        }
        self.call("sendMessage", &body, TIMEOUT).await.map(|_: Value| ())
    }
}

impl TelegramError {
    /// The same request would be refused again: the chat is gone, the bot is blocked, the text is not accepted.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { code: 400 | 403 | 413, .. })
    }

    /// How long Telegram asked to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { wait, .. } => *wait,
            Self::Away(_) => None,
        }
    }
}

impl std::fmt::Display for TelegramError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away(why) => write!(f, "Telegram is away: {why}"),
            Self::Refused { code, description, .. } => write!(f, "Telegram refused ({code}): {description}"),
        }
    }
}
