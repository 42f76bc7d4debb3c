//! What a client is told when it gets no answer: errors in OpenAI's shape, with a stable `code`.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};

/// An error as OpenAI's clients read it.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Stable: clients may tell errors apart by it, and metrics do.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The field of the request that is wrong.
    pub(crate) param: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// OpenAI's `type`.
    kind: &'static str,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), param: None, retry_after: None, kind }
    }

    fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request", message);
        problem.param = (!param.is_empty()).then(|| param.to_owned());
        problem
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request_error",
            "request_too_large",
            format!("the request is larger than {limit} bytes"),
        )
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            "the proxy token is missing, unknown or closed: send `Authorization: Bearer oct_…`",
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "invalid_request_error",
            "unknown_url",
            "there is POST /v1/chat/completions and GET /v1/models",
        )
    }

    pub(crate) fn too_fast(wait: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "rate_limit_exceeded",
            "too many requests a second",
        )
        .after(wait)
    }

    /// What is left of the quota is reserved for requests that are under way, which may give some of it back.
    pub(crate) fn quota_reserved() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "quota_reserved",
            "what is left of the quota is reserved for requests under way",
        )
        .after(Duration::from_secs(2))
    }

    pub(crate) fn away(what: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            "service_unavailable",
            format!("{what} is away; nothing was forwarded or counted. Try again in a moment"),
        )
        .after(Duration::from_secs(2))
    }

    pub(crate) fn no_provider() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            "no_provider",
            "no language model is configured: set KIMI_API_KEY, MOONSHOT_API_KEY, or LLM_BASE_URL and LLM_API_KEY",
        )
        .after(Duration::from_secs(60))
    }

    pub(crate) fn unreachable() -> Self {
        Self::provider(
            StatusCode::BAD_GATEWAY,
            "provider_unreachable",
            "the language model's provider cannot be reached",
        )
    }

    pub(crate) fn slow() -> Self {
        Self::provider(
            StatusCode::GATEWAY_TIMEOUT,
            "provider_timeout",
            "the language model's provider did not answer in time",
        )
    }

    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::provider(StatusCode::BAD_GATEWAY, "provider_broken", message)
    }

    pub(crate) fn busy(wait: Option<Duration>) -> Self {
        Self::provider(StatusCode::SERVICE_UNAVAILABLE, "provider_busy", "the language model's provider is overloaded")
            .after(wait.unwrap_or(Duration::from_secs(5)))
    }

    /// The provider does not take the platform's key: nothing the client did, and nothing it should give up its key for.
    pub(crate) fn key_refused() -> Self {
        Self::provider(
            StatusCode::BAD_GATEWAY,
            "provider_refused",
            "the language model's provider refused the platform's account; its operator has to look",
        )
        .after(Duration::from_secs(60))
    }

    /// The provider says that the request itself is wrong; `body` is what it said.
    pub(crate) fn refused_request(status: StatusCode, body: &Value) -> Self {
        let error = &body["error"];
        let message = error["message"].as_str().or(error.as_str()).or(body["message"].as_str());
        let message = message.map_or_else(
            || format!("the language model's provider refused the request with status {}", status.as_u16()),
            |m| m.chars().take(1_000).collect(),
        );
        let mut problem = Self::new(status, "invalid_request_error", "provider_rejected_request", message);
        problem.param = error["param"].as_str().map(|p| p.chars().take(100).collect());
        problem
    }

    fn provider(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, "server_error", code, message).after(Duration::from_secs(5))
    }

    /// The body, also for an event in a stream that has begun.
    pub(crate) fn body(&self) -> Value {
        json!({ "error": { "message": self.message, "type": self.kind, "code": self.code, "param": self.param } })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)));
        }
        response
    }
}
