//! The provider of language models: where it is, what it calls the model, and the key that only this role holds.

use std::time::Duration;

use openclaw_platform::config::Settings;
use reqwest::{Response, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::{Error, problem::Problem};

/// Kimi's coding API, OpenAI-compatible. <https://www.kimi.com/coding/docs/en/third-party-agents.html>
const KIMI: &str = "https://api.kimi.com/coding/v1";
/// Moonshot's API. <https://platform.moonshot.ai/docs/api/chat>
const MOONSHOT: &str = "https://api.moonshot.ai/v1";
/// What Moonshot calls the model that Kimi's coding API calls `k2p5`.
const MOONSHOT_K2P5: &str = "kimi-k2.5";
/// Largest whole answer that is taken, in bytes.
const ANSWER_LIMIT: usize = 8 << 20;
/// Largest error that is read, in bytes.
const ERROR_LIMIT: usize = 64 << 10;

/// How a provider's names of models follow from ours.
#[derive(Debug, Clone)]
enum Naming {
    /// This one, whatever is asked.
    Always(String),
    /// As asked.
    Same,
    /// Without what stands before the slash.
    Kimi,
    /// The same, with Moonshot's own name for the default.
    Moonshot,
}

/// The provider that the settings name.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    completions: Url,
    key: Option<SecretString>,
    naming: Naming,
    /// How long it may take to begin an answer, and to go on with one.
    pub(crate) timeout: Duration,
    client: reqwest::Client,
}

impl Provider {
    /// The first that is set of `LLM_BASE_URL`, `KIMI_API_KEY`, `MOONSHOT_API_KEY`, `DEMO_MODEL_URL`.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Option<Self>, Error> {
        let key = |key: &Option<SecretString>| key.clone().filter(|k| !k.expose_secret().is_empty());
        let (kimi, moonshot) = (key(&settings.kimi_api_key), key(&settings.moonshot_api_key));
        let (name, setting, base, key, naming) = if !settings.llm_base_url.is_empty() {
            let naming = match settings.llm_model.as_str() {
                "" => Naming::Same,
                model => Naming::Always(model.to_owned()),
            };
            ("custom", "LLM_BASE_URL", settings.llm_base_url.as_str(), key(&settings.llm_api_key), naming)
        } else if kimi.is_some() {
            ("kimi", "KIMI_API_KEY", KIMI, kimi, Naming::Kimi)
        } else if moonshot.is_some() {
            ("moonshot", "MOONSHOT_API_KEY", MOONSHOT, moonshot, Naming::Moonshot)
        } else if !settings.demo_model_url.is_empty() {
            ("demo", "DEMO_MODEL_URL", settings.demo_model_url.as_str(), None, Naming::Same)
        } else {
            return Ok(None);
        };
        let completions = format!("{}/chat/completions", base.trim_end_matches('/'));
        let completions = Url::parse(&completions).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
        let completions = completions.ok_or_else(|| {
            openclaw_platform::Error::Config(format!(
                "{setting} must be an address such as https://host/v1, not {base:?}"
            ))
        })?;
        let timeout = Duration::from_secs(settings.llm_timeout_seconds.max(1));
        Ok(Some(Self { name, completions, key, naming, timeout, client: openclaw_platform::http::client() }))
    }

    /// What the provider calls the model `asked`.
    pub(crate) fn model<'a>(&'a self, asked: &'a str) -> &'a str {
        let bare = || asked.split_once('/').map_or(asked, |(_, model)| model);
        match &self.naming {
            Naming::Always(model) => model,
            Naming::Same => asked,
            Naming::Kimi => bare(),
            Naming::Moonshot if bare() == "k2p5" => MOONSHOT_K2P5,
            Naming::Moonshot => bare(),
        }
    }

    /// Sends `body`; the answer has begun, and is a good one. A connection that could not be made is tried once more.
    pub(crate) async fn send(&self, body: Vec<u8>) -> Result<Response, Problem> {
        let body = bytes::Bytes::from(body);
        let attempt = || {
            let mut request = self
                .client
                .post(self.completions.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone());
            if let Some(key) = &self.key {
                request = request.bearer_auth(key.expose_secret());
            }
            request.send()
        };
        let answered = tokio::time::timeout(self.timeout, async {
            match attempt().await {
                Err(error) if error.is_connect() => attempt().await,
                answered => answered,
            }
        });
        let response = match answered.await {
            Err(_) => return Err(Problem::slow()),
            Ok(Err(error)) => {
                tracing::warn!(provider = self.name, error = %error.without_url(), "the provider did not answer");
                return Err(Problem::unreachable());
            }
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(response).await) }
    }

    /// What a provider's error means to the client.
    async fn refusal(&self, mut response: Response) -> Problem {
        let status = response.status();
        let wait = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let body = tokio::time::timeout(Duration::from_secs(5), read(&mut response, ERROR_LIMIT)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let text = self.redact(&String::from_utf8_lossy(&body));
        let excerpt: String = text.chars().take(500).collect();
        tracing::warn!(provider = self.name, %status, body = excerpt, "the provider refused");
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => Problem::key_refused(),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Problem::busy(wait.map(Duration::from_secs))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Problem::slow(),
            // 529 is what several providers answer when overloaded.
            status if status.as_u16() == 529 => Problem::busy(wait.map(Duration::from_secs)),
            status if status.is_client_error() => {
                Problem::refused_request(status, &serde_json::from_str(&text).unwrap_or(Value::Null))
            }
            status => Problem::broken(format!("the language model's provider failed with status {}", status.as_u16())),
        }
    }

    /// The whole of an answer that does not stream.
    pub(crate) async fn whole(&self, mut response: Response) -> Result<Value, Problem> {
        let body = tokio::time::timeout(self.timeout, read(&mut response, ANSWER_LIMIT)).await;
        let body = body.map_err(|_| Problem::slow())??;
        let text = self.redact(&String::from_utf8_lossy(&body));
        serde_json::from_str(&text)
            .ok()
            .filter(|answer: &Value| answer["choices"].is_array())
            .ok_or_else(|| Problem::broken("the language model's provider sent no completion"))
    }

    /// `text` without the provider's key, should it ever repeat it.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose_secret(), "[redacted]"),
            None => text.to_owned(),
        }
    }
}

async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Problem::broken("the provider's answer broke off"))? {
        if body.len() + chunk.len() > limit {
            return Err(Problem::broken("the provider's answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(variables: &[(&'static str, &str)]) -> Provider {
        let least = [
            ("DATABASE_URL", "postgres://unused/x"),
            ("REDIS_URL", "redis://unused/0"),
            ("PLATFORM_KEY", "unused"),
            ("ADMIN_TOKEN", "0123456789abcdef"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let settings =
            Settings::from_pairs(least.into_iter().chain(variables.iter().map(|(n, v)| (*n, (*v).to_owned()))));
        Provider::from_settings(&settings.unwrap()).unwrap().unwrap()
    }

    #[test]
    fn each_provider_is_asked_for_the_model_by_its_own_name() {
        let asked = "kimi-coding/k2p5";
        assert_eq!(provider(&[("KIMI_API_KEY", "sk-a")]).model(asked), "k2p5");
        assert_eq!(provider(&[("MOONSHOT_API_KEY", "sk-a")]).model(asked), "kimi-k2.5");
        assert_eq!(provider(&[("DEMO_MODEL_URL", "http://127.0.0.1:1/v1")]).model(asked), asked);
        let own =
            provider(&[("LLM_BASE_URL", "http://127.0.0.1:1/v1/"), ("LLM_MODEL", "gpt-x"), ("KIMI_API_KEY", "sk-a")]);
        assert_eq!((own.model(asked), own.completions.as_str()), ("gpt-x", "http://127.0.0.1:1/v1/chat/completions"));
    }
}
