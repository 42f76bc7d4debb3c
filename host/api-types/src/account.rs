//! Signing in.

use super::*;

/// Asks for a link by e-mail: `POST /v1/sign-in`. Always 202, whether the address is known or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// Where the link goes.
    pub email: String,
    /// `pt` or `en`.
    pub locale: String,
    /// The path of the web to go on at, such as `/pt/onboarding/…/plan`.
    pub next: Option<String>,
}

/// Uses a link: `POST /v1/session`. Sets the session's cookie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UseLink {
    /// The secret in the link (`/{locale}/sign-in?token=…`).
    pub token: String,
}

/// Signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// Who.
    pub customer: Customer,
    /// Where to go on.
    pub next: String,
}

/// The signed-in customer: `GET /v1/session` (401 problem `not-signed-in` otherwise).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Customer {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// `pt` or `en`.
    pub locale: String,
}

/// A mail in the outbox of `dev`: `GET /dev/outbox`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutboxMail {
    /// To whom.
    pub to: String,
    /// About what.
    pub subject: String,
    /// Plain text, links in full.
    pub text: String,
    /// When.
    pub sent_at: String,
}
