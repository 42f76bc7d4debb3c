//! The language an answer is given in: `?locale=pt` or `?locale=en`.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::error::ApiError;

/// A language of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Locale {
    /// Portuguese, the default.
    #[default]
    Pt,
    /// English.
    En,
}

impl Locale {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Pt, Self::En];

    /// As niches and tables know it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pt => "pt",
            Self::En => "en",
        }
    }

    /// The one that a request named in its field `locale`.
    pub(crate) fn named(text: &str) -> Result<Self, ApiError> {
        Self::ALL.into_iter().find(|l| l.as_str() == text).ok_or_else(|| {
            ApiError::field("unknown-locale", "locale", format!("{text:?} is no language of ours: use pt or en"))
        })
    }

    /// The one that was stored.
    pub(crate) fn stored(text: &str) -> Self {
        if text == "en" { Self::En } else { Self::Pt }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Locale {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        match url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "locale") {
            Some((_, value)) => Self::named(&value),
            None => Ok(Self::default()),
        }
    }
}
