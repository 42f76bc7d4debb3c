//! Errors, as RFC 9457 problem details.

use super::*;

/// What went wrong. `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable: `https://openclaw.cloud/problems/<code>`.
    pub r#type: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do.
    pub detail: String,
    /// The field of the request that is to blame, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// The last part of the type, such as `unknown-niche`.
    pub fn code(&self) -> &str {
        self.r#type.rsplit('/').next().unwrap_or_default()
    }
}
