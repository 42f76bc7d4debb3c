//! Answers in the Bot API's form.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error as Telegram tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) parameters: Option<Value>,
}

impl ApiError {
    fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    /// 400 with Telegram's usual beginning.
    pub(crate) fn bad(what: &str) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub(crate) fn chat_not_found() -> Self {
        Self::bad("chat not found")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    pub(crate) fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub(crate) fn superseded() -> Self {
        Self::new(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        )
    }

    /// 429: try again after `seconds`.
    pub(crate) fn later(seconds: u64) -> Self {
        let seconds = seconds.max(1);
        Self {
            parameters: Some(json!({ "retry_after": seconds })),
            ..Self::new(429, format!("Too Many Requests: retry after {seconds}"))
        }
    }

    /// 502: Telegram did not answer.
    pub(crate) fn bad_gateway() -> Self {
        Self::new(502, "Bad Gateway")
    }

    /// Telegram's own words.
    pub(crate) fn telegram(code: u16, description: String, parameters: Option<Value>) -> Self {
        Self { code, description, parameters }
    }

    /// Seconds to wait, when that is what it says.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.parameters.as_ref()?.get("retry_after")?.as_u64()
    }
}

impl From<openclaw_platform::Error> for ApiError {
    fn from(error: openclaw_platform::Error) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the relay's storage is away");
            return Self::new(503, "Service Unavailable");
        }
        if let openclaw_platform::Error::Conflict(what) = &error {
            return Self::bad(what);
        }
        tracing::error!(%error, "the relay failed");
        Self::new(500, "Internal Server Error")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        let retry_after = self.retry_after().or((self.code == 503).then_some(1));
        if let Some(parameters) = self.parameters {
            body["parameters"] = parameters;
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a method gives, or Telegram's kind of error.
pub(crate) type Answer = Result<Value, ApiError>;

/// `{"ok": true, "result": …}`.
pub(crate) fn ok(result: Value) -> Response {
    Json(json!({ "ok": true, "result": result })).into_response()
}
