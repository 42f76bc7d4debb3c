//! What goes on to Telegram itself, with the agent's real bot token.

use std::{sync::Arc, time::Duration};

use openclaw_platform::{
    AgentId, agents,
    relay::{
        self, Bot,
        sends::{self, Begun},
    },
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    answer::{Answer, ApiError},
    params::Params,
    server::App,
    telegram::{CALL, CallError, bot_id, stand_in},
};

/// How long `getMe` may ask Telegram before a gateway's start goes on without.
pub(crate) const GREETING: Duration = Duration::from_secs(3);
/// A 429 that asks for no more than this is waited for; a longer one is passed on.
const SHORT_BAN: u64 = 4;
/// How long it is tried to keep what became of a send while Postgres is away: a gateway waits for the answer.
const KEEPING: Duration = Duration::from_secs(5);
/// The wait between two such tries.
const KEEP_AGAIN: Duration = Duration::from_millis(200);
/// No send lives longer: it waited for its turn (`pace::LONGEST_WAIT`), two attempts with a short ban between them have
/// ended, and what became of them was kept.
const LIFE: Duration = Duration::from_secs(40);

/// Passes a call on as it is.
pub(crate) async fn pass(app: &App, bot: &Bot, method: &str, params: Params) -> Answer {
    let (token, real) = real_token(app, bot).await?;
    let outcome = app.telegram.call(&token, method, &cleaned(params), CALL).await;
    answer(bot, real, outcome)
}

/// Sends a message in its turn. With a `key`, once: see `openclaw_platform::relay::sends`.
pub(crate) async fn send(
    app: &Arc<App>,
    bot: Bot,
    method: &'static str,
    params: Params,
    chat: i64,
    key: Option<String>,
) -> Answer {
    // Of its own: when the gateway hangs up in the middle, what was sent is still known to have been sent.
    let sending = tokio::spawn(send_in_turn(app.clone(), bot, method, params, chat, key));
    sending.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a send broke off");
        Err(ApiError::bad_gateway())
    })
}

async fn send_in_turn(
    app: Arc<App>,
    bot: Bot,
    method: &'static str,
    params: Params,
    chat: i64,
    key: Option<String>,
) -> Answer {
    let (token, real) = real_token(&app, &bot).await?;
    let params = cleaned(params);
    let turn = app.pace.turn(bot.agent, chat).await?;
    // In its turn, so that a repeat sees what became of the first.
    if let Some(key) = &key {
        match sends::begin(&app.db, bot.agent, key, LIFE).await? {
            Begun::Now => {}
            Begun::Before(result) => return Ok(result),
            Begun::UnderWay(rest) => return Err(ApiError::later(rest.as_secs() + 1)),
        }
    }
    turn.ready().await;
    let mut outcome = app.telegram.call(&token, method, &params, CALL).await;
    if let Some(seconds) = outcome.as_ref().err().and_then(CallError::retry_after) {
        if seconds <= SHORT_BAN {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            outcome = app.telegram.call(&token, method, &params, CALL).await;
        } else {
            turn.hold(Duration::from_secs(seconds));
        }
    }
    let known = !matches!(outcome, Err(CallError::Unanswered(_)));
    let answer = answer(&bot, real, outcome);
    if let (Some(key), true) = (&key, known) {
        keep(&app, bot.agent, key, &answer).await;
    }
    if answer.is_ok() {
        metrics::counter!("relay_sends_total", "to" => "telegram").increment(1);
    }
    answer
}

/// Keeps what became of the send under `key`, before anybody is told: while it is not known, a repeat would send again.
async fn keep(app: &App, agent: AgentId, key: &str, answer: &Answer) {
    let deadline = Instant::now() + KEEPING;
    loop {
        let kept = async {
            match answer {
                Ok(result) => sends::finish(&app.db, agent, key, result).await,
                Err(_) => sends::abandon(&app.db, agent, key).await,
            }
        };
        match timeout_at(deadline, kept).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) if Instant::now() + KEEP_AGAIN < deadline => {
                tracing::warn!(%error, %agent, "what became of a send could not be kept; trying again");
                sleep(KEEP_AGAIN).await;
            }
            Ok(Err(_)) | Err(_) => {
                tracing::error!(%agent, "what became of a send could not be kept; a repeat sends again");
                return;
            }
        }
    }
}

/// Asks Telegram who the agent's own bot is, and keeps it.
pub(crate) async fn greet(app: &App, agent: AgentId, number: i64, timeout: Duration) -> Result<Value, CallError> {
    let token = match agents::bot_token(&app.db, &app.vault, agent).await {
        Ok(Some(token)) => token,
        Ok(None) => return Err(CallError::Unreached("the agent has no bot of its own".into())),
        Err(error) => return Err(CallError::Unreached(error.to_string())),
    };
    let mut profile = app.telegram.call(&token, "getMe", &json!({}), timeout).await?;
    if let Some(username) = profile["username"].as_str()
        && let Err(error) = relay::set_bot_username(&app.db, agent, username).await
    {
        tracing::warn!(%error, %agent, "the bot's name could not be kept");
    }
    profile["id"] = number.into();
    app.keep_bot_profile(agent, profile.clone());
    Ok(profile)
}

async fn real_token(app: &App, bot: &Bot) -> Result<(SecretString, i64), ApiError> {
    let token = agents::bot_token(&app.db, &app.vault, bot.agent).await?.ok_or_else(ApiError::chat_not_found)?;
    let real = bot_id(&token).ok_or_else(refused_token)?;
    Ok((token, real))
}

/// Without what would let a call reach further than the chat it names, or is meant for the relay alone.
fn cleaned(mut params: Params) -> Value {
    for name in ["openclaw_key", "business_connection_id", "inline_message_id"] {
        params.remove(name);
    }
    if let Some(Value::Object(mut reply)) = params.json("reply_parameters") {
        reply.remove("chat_id");
        params.set("reply_parameters", reply.into());
    }
    params.into_value()
}

fn refused_token() -> ApiError {
    ApiError::forbidden("Telegram refuses the agent's own bot token")
}

fn answer(bot: &Bot, real: i64, outcome: Result<Value, CallError>) -> Answer {
    match outcome {
        Ok(mut result) => {
            stand_in(&mut result, real, bot.number);
            Ok(result)
        }
        // Passed on, it would tell the gateway that its own token is wrong, which closes the web chat as well.
        Err(CallError::Refused { code: 401, .. }) => Err(refused_token()),
        Err(CallError::Refused { code, description, parameters }) => {
            Err(ApiError::telegram(code, description, parameters))
        }
        Err(error) => {
            tracing::warn!(%error, agent = %bot.agent, "a call to Telegram failed");
            Err(ApiError::bad_gateway())
        }
    }
}
