//! Whether a bot token is one: by its shape, and by asking Telegram when it can be reached.

use std::time::Duration;

use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

use crate::AppState;

/// How long Telegram may take to say whether it knows a token.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest id of a Telegram user: they have at most 52 significant bits (<https://core.telegram.org/bots/api#user>).
pub(crate) const LARGEST_USER: i64 = (1 << 52) - 1;

/// Whether `text` has the shape that BotFather's tokens have.
pub(crate) fn is_token(text: &str) -> bool {
    has_shape(text, 6..=12, 30..=50)
}

/// Whether `text` is near enough to a bot token to be taken from an operator, who may use a Bot API of their own.
pub(crate) fn is_token_like(text: &str) -> bool {
    has_shape(text, 1..=20, 1..=100)
}

fn has_shape(text: &str, digits: std::ops::RangeInclusive<usize>, secret: std::ops::RangeInclusive<usize>) -> bool {
    text.split_once(':').is_some_and(|(id, rest)| {
        digits.contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_digit())
            && secret.contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

/// Whether Telegram says that it knows no such bot. When it cannot be asked, the token is believed.
pub(crate) async fn is_refused(state: &AppState, token: &SecretString) -> bool {
    let url = format!("{}/bot{}/getMe", state.settings.telegram_api_url, token.expose_secret());
    match state.http.get(url).timeout(PATIENCE).send().await {
        Ok(answer) => matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND),
        Err(error) => {
            // The address holds the token.
            tracing::info!(error = %error.without_url(), "Telegram could not be asked about a bot token");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_by_its_shape() {
        assert!(is_token("123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"));
        assert!(is_token_like("123456:ABC-DEF") && !is_token("123456:ABC-DEF"));
        for wrong in ["", "web-chat", "123456", ":ABC", "12a456:ABC", "123456:ABC DEF", "123456:"] {
            assert!(!is_token(wrong) && !is_token_like(wrong), "{wrong}");
        }
    }
}
