//! The API's side of an agent: its state, kept under versions, and its heartbeat.

use std::time::Duration;

use reqwest::{
    Client, StatusCode,
    header::{ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::backoff::told;

/// One request; the API answers in milliseconds or is not well.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The agent's routes of the API.
pub(crate) struct Api {
    http: Client,
    root: String,
    token: SecretString,
}

/// The version of a stored value that a change is based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Version {
    /// There was none.
    Absent,
    /// Its ETag.
    Tag(String),
}

/// Why the API did not do it.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// Someone else changed the value since it was read.
    Changed,
    /// It will never be taken, however often it is sent: too large, or not understood.
    Refused(String),
    /// Worth trying again.
    Away { why: String, wait: Option<Duration> },
}

impl Api {
    pub(crate) fn new(http: Client, root: &Url, token: SecretString) -> Self {
        Self { http, root: root.as_str().trim_end_matches('/').to_owned(), token }
    }

    fn state(&self, key: &str) -> String {
        format!("{}/v1/agent/state/{key}", self.root)
    }

    /// The value under `key`. What does not parse counts as empty, and is overwritten by the next save.
    pub(crate) async fn load<T: DeserializeOwned + Default>(&self, key: &str) -> Result<(T, Version), ApiError> {
        let response = self
            .http
            .get(self.state(key))
            .bearer_auth(self.token.expose_secret())
            .timeout(TIMEOUT)
            .send()
            .await
            .map_err(away)?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok((T::default(), Version::Absent)),
            StatusCode::OK => {
                let version = version(response.headers())?;
                let bytes = response.bytes().await.map_err(away)?;
                let value = serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                    tracing::error!(key, %error, "what was kept cannot be read; starting afresh");
                    T::default()
                });
                Ok((value, version))
            }
            _ => Err(refusal(&response)),
        }
    }

    /// Keeps `value` under `key` if its version is still `based_on`.
    pub(crate) async fn save<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        based_on: &Version,
    ) -> Result<Version, ApiError> {
        let request =
            self.http.put(self.state(key)).bearer_auth(self.token.expose_secret()).timeout(TIMEOUT).json(value);
        let request = match based_on {
            Version::Absent => request.header(IF_NONE_MATCH, "*"),
            Version::Tag(tag) => request.header(IF_MATCH, tag),
        };
        let response = request.send().await.map_err(away)?;
        match response.status() {
            status if status.is_success() => version(response.headers()),
            StatusCode::PRECONDITION_FAILED => Err(ApiError::Changed),
            _ => Err(refusal(&response)),
        }
    }

    /// Tells the platform how the agent is.
    pub(crate) async fn heartbeat<T: Serialize + Sync>(&self, beat: &T) -> Result<(), ApiError> {
        let response = self
            .http
            .post(format!("{}/v1/agent/heartbeat", self.root))
            .bearer_auth(self.token.expose_secret())
            .timeout(TIMEOUT)
            .json(beat)
            .send()
            .await
            .map_err(away)?;
        if response.status().is_success() { Ok(()) } else { Err(refusal(&response)) }
    }
}

fn version(headers: &HeaderMap) -> Result<Version, ApiError> {
    headers
        .get(ETAG)
        .and_then(|tag| tag.to_str().ok())
        .map(|tag| Version::Tag(tag.to_owned()))
        .ok_or_else(|| ApiError::Away { why: "the API gave no ETag".into(), wait: None })
}

fn away(error: reqwest::Error) -> ApiError {
    ApiError::Away { why: told(&error.without_url()), wait: None }
}

/// 401 and 404 pass, with a restart of the API or with what is in front of it.
fn refusal(response: &reqwest::Response) -> ApiError {
    let why = format!("the API answered {}", response.status());
    match response.status() {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            ApiError::Refused(why)
        }
        _ => ApiError::Away { why, wait: retry_after(response.headers()) },
    }
}

/// `Retry-After` in seconds; the form with a date is not used by our services.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
