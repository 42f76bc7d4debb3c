//! What can go wrong, and how it is told.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use openclaw_platform::http::problem;

/// What can go wrong in billing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BillingError {
    /// A setting is missing.
    #[error("{0}")]
    Setting(&'static str),
    /// The platform's storage.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// A webhook whose signature is wrong, or that is no event.
    #[error("{0}")]
    BadWebhook(String),
    /// Not signed in.
    #[error("sign in first")]
    NotSignedIn,
    /// Nothing has this id, or the asker may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field of the request.
    #[error("{detail}")]
    Invalid {
        /// The stable code.
        code: &'static str,
        /// The field.
        field: &'static str,
        /// What is wrong and what to do.
        detail: String,
    },
    /// It fits the request, but not what is.
    #[error("{1}")]
    Conflict(&'static str, String),
    /// Stripe is away or refused.
    #[error("Stripe did not do it: {0}")]
    Stripe(String),
    /// An event that speaks of something that is not there yet: it is tried again.
    #[error("waits for {0}")]
    Waits(String),
}

impl From<sqlx::Error> for BillingError {
    fn from(error: sqlx::Error) -> Self {
        Self::Platform(error.into())
    }
}

impl IntoResponse for BillingError {
    fn into_response(self) -> Response {
        let mut detail = self.to_string();
        let (status, code, title, field) = match &self {
            Self::BadWebhook(_) => (StatusCode::BAD_REQUEST, "bad-webhook", "Not a signed event of Stripe's", None),
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "not-signed-in", "Not signed in", None),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found", None),
            Self::Invalid { code, field, .. } => (StatusCode::UNPROCESSABLE_ENTITY, *code, "Not valid", Some(*field)),
            Self::Conflict(code, _) => (StatusCode::CONFLICT, *code, "Does not fit", None),
            Self::Stripe(_) => (StatusCode::BAD_GATEWAY, "stripe-away", "Stripe did not answer as it should", None),
            Self::Platform(e) if e.is_transient() => {
                tracing::warn!(error = %self, "billing's storage is away");
                detail = "the database is away: try again in a moment".into();
                (StatusCode::SERVICE_UNAVAILABLE, "away", "Away for a moment", None)
            }
            Self::Platform(_) | Self::Setting(_) | Self::Waits(_) => {
                tracing::error!(error = %self, "billing failed");
                // What went wrong inside is for the log, not for whoever asked.
                detail = "it is in the log".into();
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault", None)
            }
        };
        problem(status, code, title, &detail, field)
    }
}
