//! The one error of the API, and what each case looks like to whoever asked: a problem as RFC 9457 has it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use openclaw_api_types::TestCase;
use openclaw_oci::OciError;
use openclaw_platform::{Error as PlatformError, http::problem};
use openclaw_plugins::PluginError;

/// Why a request was not answered as wished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body is not said to be JSON.
    #[error("send the body with Content-Type: application/json")]
    NotSaidToBeJson,
    /// The body has more bytes than are taken.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// An agent keeps as many bytes as it may.
    #[error("an agent keeps at most {0} bytes in all: remove values first")]
    StateFull(i64),
    /// A field of the request will not do.
    #[error("{detail}")]
    Field {
        /// Stable.
        code: &'static str,
        /// The field.
        field: String,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// No niche is called this.
    #[error("there is no niche {0:?}: GET /v1/niches lists those there are")]
    UnknownNiche(String),
    /// Nothing has this id, or the asker may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// No route has this path.
    #[error("nothing is at {0}: GET /openapi.json lists what there is")]
    NoRoute(String),
    /// The path has no such method.
    #[error("this path does not take {0}")]
    MethodNotAllowed(String),
    /// The answer is of one media type, and the asker does not take it.
    #[error("the answer is {0}: send a header Accept that takes it")]
    NotAcceptable(&'static str),
    /// The route needs a session.
    #[error("sign in first: POST /v1/sign-in sends a link")]
    NotSignedIn,
    /// The route needs a token in the header `Authorization`.
    #[error("send a valid {0} as Authorization: Bearer …")]
    Unauthorized(&'static str),
    /// A browser sent this from another site.
    #[error("a request that changes something must come from our own pages, or be JSON")]
    ForeignOrigin,
    /// What was asked does not fit what is.
    #[error("{detail}")]
    Conflict {
        /// Stable.
        code: &'static str,
        /// Why, and what to do.
        detail: String,
    },
    /// The stored version is not the expected one.
    #[error("the value was changed since it was read: read it again")]
    Mismatch,
    /// Too often.
    #[error("{detail}")]
    TooMany {
        /// Why, and what to do.
        detail: String,
        /// Seconds after which it may be tried again.
        retry_after: u64,
    },
    /// A release that is not to be installed.
    #[error("{0}")]
    BadRelease(PluginError),
    /// A release failed its self-test.
    #[error("{}", failed_cases(.0))]
    SelfTest(Vec<TestCase>),
    /// A registry that a release was to be pulled from.
    #[error(transparent)]
    Registry(OciError),
    /// The domain's storage.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A niche.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Platform(error.into())
    }
}

fn failed_cases(cases: &[TestCase]) -> String {
    let failed: Vec<_> =
        cases.iter().filter_map(|c| c.error.as_ref().map(|error| format!("{}: {error}", c.name))).collect();
    format!("{} of {} cases failed. {}", failed.len(), cases.len(), failed.join("; "))
}

impl ApiError {
    /// A field that will not do.
    pub(crate) fn field(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Field { code, field: field.into(), detail: detail.into() }
    }

    /// Status, code and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotJson(_) => (S::BAD_REQUEST, "invalid-json", "Not JSON"),
            Self::NotSaidToBeJson => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not said to be JSON"),
            Self::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large"),
            Self::StateFull(_) => (S::PAYLOAD_TOO_LARGE, "state-full", "State full"),
            Self::Field { code, .. } => (S::UNPROCESSABLE_ENTITY, code, "A field will not do"),
            Self::UnknownNiche(_) => (S::NOT_FOUND, "unknown-niche", "Unknown niche"),
            Self::NotFound(_) => (S::NOT_FOUND, "not-found", "Not found"),
            Self::NoRoute(_) => (S::NOT_FOUND, "no-such-route", "No such route"),
            Self::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::NotAcceptable(_) => (S::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable"),
            Self::NotSignedIn => (S::UNAUTHORIZED, "not-signed-in", "Not signed in"),
            Self::Unauthorized(_) => (S::UNAUTHORIZED, "invalid-token", "No valid token"),
            Self::ForeignOrigin => (S::FORBIDDEN, "foreign-origin", "From another site"),
            Self::Conflict { code, .. } => (S::CONFLICT, code, "Does not fit what is"),
            Self::Mismatch => (S::PRECONDITION_FAILED, "changed", "Changed since it was read"),
            Self::TooMany { .. } => (S::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Self::BadRelease(error) => (S::UNPROCESSABLE_ENTITY, error.code(), "Not a release to install"),
            Self::SelfTest(_) => (S::UNPROCESSABLE_ENTITY, "self-test-failed", "Self-test failed"),
            Self::Registry(_) => (S::BAD_GATEWAY, "registry-failed", "The registry failed"),
            Self::Plugin(PluginError::PoolExhausted) => (S::SERVICE_UNAVAILABLE, "pool-exhausted", "Too busy"),
            Self::Plugin(_) => (S::BAD_GATEWAY, "niche-failed", "The niche failed"),
            Self::Platform(error) => match error {
                PlatformError::NotFound(_) => (S::NOT_FOUND, "not-found", "Not found"),
                PlatformError::WrongState(_) => (S::CONFLICT, "wrong-state", "Not as it is now"),
                PlatformError::Untrusted(_) => (S::UNPROCESSABLE_ENTITY, "untrusted", "Not a release to take in"),
                PlatformError::Conflict(_) => (S::CONFLICT, "conflict", "Does not fit what is"),
                PlatformError::DatabaseAway(_) => (S::SERVICE_UNAVAILABLE, "database-away", "Postgres is away"),
                PlatformError::RedisAway(_) => (S::SERVICE_UNAVAILABLE, "redis-away", "Redis is away"),
                PlatformError::Mail(_) => (S::SERVICE_UNAVAILABLE, "mail-away", "Mail is away"),
                _ => (S::INTERNAL_SERVER_ERROR, "internal", "Something of ours failed"),
            },
        }
    }

    fn blamed(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } => Some(field),
            Self::UnknownNiche(_) => Some("niche"),
            Self::BadRelease(_) | Self::SelfTest(_) | Self::Platform(PlatformError::Untrusted(_)) => Some("component"),
            Self::Registry(_) => Some("reference"),
            _ => None,
        }
    }

    /// The sentence for whoever asked; of our own failures the log has more.
    fn detail(&self) -> String {
        match self {
            Self::Platform(PlatformError::DatabaseAway(_)) => {
                "The database does not answer. Nothing was written; try again in a moment.".into()
            }
            Self::Platform(PlatformError::RedisAway(_)) => "Redis does not answer. Try again in a moment.".into(),
            Self::Platform(PlatformError::Mail(_)) => "The mail could not be sent. Try again in a moment.".into(),
            Self::Plugin(error) if error.is_components_fault() => {
                format!("The niche did not answer as it should ({}). Try again, or tell us.", error.code())
            }
            _ if self.kind().0 == StatusCode::INTERNAL_SERVER_ERROR => {
                "This is our fault; the log says more. Try again, or tell us.".into()
            }
            _ => capital(self.to_string()),
        }
    }
}

/// A sentence begins with a capital letter and ends with a stop.
fn capital(text: String) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, title) = self.kind();
        if status.is_server_error() {
            tracing::error!(code, error = %self, "a request failed");
        }
        let mut response = problem(status, code, title, &self.detail(), self.blamed());
        if let Self::TooMany { retry_after, .. } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        if matches!(self, Self::Unauthorized(_)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What handlers return.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;
