//! Telegram itself, as a client: calls with a real bot token, which appears in no error and no log.

use std::{error::Error as _, time::Duration};

use openclaw_platform::http;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// How long a call that does not wait for messages may take.
pub(crate) const CALL: Duration = Duration::from_secs(10);

/// The Bot API at one address.
pub(crate) struct Telegram {
    http: reqwest::Client,
    root: String,
}

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Telegram said no.
    #[error("Telegram refused: {code} {description}")]
    Refused { code: u16, description: String, parameters: Option<Value> },
    /// Nothing was sent.
    #[error("Telegram could not be reached: {0}")]
    Unreached(String),
    /// It was sent, and may have been done.
    #[error("Telegram did not answer: {0}")]
    Unanswered(String),
}

impl CallError {
    /// Seconds that Telegram asks to wait.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Refused { code: 429, parameters, .. } => {
                Some(parameters.as_ref().and_then(|p| p["retry_after"].as_u64()).unwrap_or(1))
            }
            _ => None,
        }
    }

    /// For metrics: Telegram's code, or what else went wrong.
    fn label(&self) -> String {
        match self {
            Self::Refused { code, .. } => code.to_string(),
            Self::Unreached(_) => "unreached".into(),
            Self::Unanswered(_) => "unanswered".into(),
        }
    }
}

impl Telegram {
    pub(crate) fn new(root: &str) -> Self {
        Self { http: http::client(), root: root.trim_end_matches('/').into() }
    }

    /// Calls `method` of the bot that `token` opens.
    pub(crate) async fn call(
        &self,
        token: &SecretString,
        method: &str,
        params: &Value,
        timeout: Duration,
    ) -> Result<Value, CallError> {
        let outcome = self.attempt(token, method, params, timeout).await;
        if let Err(error) = &outcome {
            metrics::counter!("relay_upstream_errors_total", "error" => error.label()).increment(1);
        }
        outcome
    }

    async fn attempt(
        &self,
        token: &SecretString,
        method: &str,
        params: &Value,
        timeout: Duration,
    ) -> Result<Value, CallError> {
        let secret = token.expose_secret();
        if bot_id(token).is_none() {
            return Err(CallError::Refused { code: 401, description: "Unauthorized".into(), parameters: None });
        }
        let sent =
            self.http.post(format!("{}/bot{secret}/{method}", self.root)).timeout(timeout).json(params).send().await;
        let response = sent.map_err(|error| {
            // Only a connection that was never made is certain to have carried nothing.
            if error.is_connect() || error.is_builder() {
                CallError::Unreached(told(error))
            } else {
                CallError::Unanswered(told(error))
            }
        })?;
        let status = response.status();
        let text = response.text().await.map_err(|error| CallError::Unanswered(told(error)))?;
        // Telegram does not repeat the token; should an error page in between do so, it goes no further.
        let text = if text.contains(secret) { text.replace(secret, "[bot token]") } else { text };
        let mut body: Value = serde_json::from_str(&text)
            .map_err(|_| CallError::Unanswered(format!("{status}, which is no answer of the Bot API")))?;
        if body["ok"] == true {
            return Ok(body["result"].take());
        }
        let description = body["description"].as_str().unwrap_or_default().to_owned();
        let code = body["error_code"].as_u64().and_then(|c| u16::try_from(c).ok()).unwrap_or(status.as_u16());
        if code >= 500 {
            return Err(CallError::Unanswered(format!("{code} {description}")));
        }
        Err(CallError::Refused { code, description, parameters: body.get("parameters").cloned() })
    }
}

/// An error of the client in words, without the address, which holds the token.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

/// The bot's id, which its token begins with; none if it is no token.
pub(crate) fn bot_id(token: &SecretString) -> Option<i64> {
    let (id, secret) = token.expose_secret().split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!secret.is_empty() && secret.chars().all(plain)).then(|| id.parse().ok()).flatten()
}

/// Turns the real bot's id into that of the stand-in, wherever the bot itself is meant: to its gateway it is one bot.
pub(crate) fn stand_in(value: &mut Value, real: i64, number: i64) {
    match value {
        Value::Object(fields) => {
            if fields.get("is_bot") == Some(&json!(true)) && fields.get("id") == Some(&json!(real)) {
                fields.insert("id".into(), number.into());
            }
            fields.values_mut().for_each(|value| stand_in(value, real, number));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| stand_in(value, real, number)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_token_is_put_into_an_address() {
        assert_eq!(bot_id(&"123:AbC-d_9".to_owned().into()), Some(123));
        for text in ["123", "123:", "x:abc", "1:../../x", "1:a?b", "1:a/b"] {
            assert_eq!(bot_id(&text.to_owned().into()), None, "{text}");
        }
    }

    #[test]
    fn a_gateway_sees_one_bot() {
        let mut update = json!({ "message": { "from": { "id": 9, "is_bot": false }, "reply_to_message":
            { "from": { "id": 9, "is_bot": true }, "via_bot": { "id": 8, "is_bot": true } } } });
        stand_in(&mut update, 9, 1);
        let reply = &update["message"]["reply_to_message"];
        assert_eq!(update["message"]["from"]["id"], 9);
        assert_eq!((&reply["from"]["id"], &reply["via_bot"]["id"]), (&json!(1), &json!(8)));
    }
}
