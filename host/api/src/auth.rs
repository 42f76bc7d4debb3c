//! Who asks: a customer's browser, an agent's gateway, or an admin.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use http::{HeaderMap, Method, header, request::Parts};
use openclaw_platform::{
    accounts::{self, Customer},
    releases::audit::{self, Actor},
    tokens::{Caller, Refusal},
};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use crate::{AppState, body::is_json, error::ApiError};

/// The customer whose session the request carries.
pub(crate) struct SignedIn(pub(crate) Customer);

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        customer(&parts.headers, state).await?.map(Self).ok_or(ApiError::NotSignedIn)
    }
}

impl OptionalFromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, ApiError> {
        Ok(customer(&parts.headers, state).await?.map(Self))
    }
}

async fn customer(headers: &HeaderMap, state: &AppState) -> Result<Option<Customer>, ApiError> {
    match CookieJar::from_headers(headers).get(accounts::SESSION_COOKIE) {
        Some(cookie) => Ok(accounts::customer_of_session(&state.db, cookie.value()).await?),
        None => Ok(None),
    }
}

/// The agent whose proxy token the request carries.
pub(crate) struct Gateway(pub(crate) Arc<Caller>);

impl FromRequestParts<AppState> for Gateway {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        gateway(&parts.headers, state).await.map(Self)
    }
}

async fn gateway(headers: &HeaderMap, state: &AppState) -> Result<Arc<Caller>, ApiError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    state.tokens.bearer(header).await.map_err(|refusal| match refusal {
        Refusal::Unknown => ApiError::Unauthorized("proxy token"),
        Refusal::Away(error) => error.into(),
    })
}

/// Someone with the admin token; in `dev` anyone on the machine, but no other site in their browser.
pub(crate) struct Admin {
    /// What the audit trail calls them.
    pub(crate) name: String,
}

/// The header in which an admin says who they are.
const ADMIN_NAME: &str = "openclaw-admin";
/// Whoever does not say.
const SOME_ADMIN: &str = "admin";
/// Longest name, in characters.
const LONGEST_NAME: usize = 80;

impl Admin {
    /// The admin that the request says it comes from. No name can be taken for the platform's own.
    fn named(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(value) = headers.get(ADMIN_NAME) else { return Ok(Self { name: SOME_ADMIN.to_owned() }) };
        let name = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
        let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !fits || [audit::RULE, audit::PLATFORM].contains(&name) {
            let detail = "a name has 1 to 80 printable characters, and is not one of the platform's own";
            return Err(ApiError::field("invalid-field", ADMIN_NAME, detail));
        }
        Ok(Self { name: name.to_owned() })
    }

    /// As the one who acts.
    pub(crate) fn because<'a>(&'a self, why: Option<&'a str>) -> Actor<'a> {
        Actor { who: &self.name, why }
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        let given = header.and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default().trim();
        let token = state.settings.admin_token.expose_secret();
        if given.as_bytes().ct_eq(token.as_bytes()).into() {
            return Self::named(&parts.headers);
        }
        if !state.settings.is_dev() || !given.is_empty() {
            return Err(ApiError::Unauthorized("admin token"));
        }
        match is_foreign(&parts.headers, state) {
            true => Err(ApiError::ForeignOrigin),
            false => Self::named(&parts.headers),
        }
    }
}

/// Whether a browser says that another site sent this.
fn is_foreign(headers: &HeaderMap, state: &AppState) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| !state.is_own_origin(origin.as_bytes()))
}

/// Refuses what another site may have had a browser send in its customer's name: a request with cookies that changes
/// something must be JSON, which browsers ask us about before they send it, or come from our own pages.
pub(crate) async fn refuse_forged(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let own = || headers.get(header::ORIGIN).is_some_and(|origin| state.is_own_origin(origin.as_bytes()));
    if changes && headers.contains_key(header::COOKIE) && !is_json(headers) && !own() {
        return Err(ApiError::ForeignOrigin);
    }
    Ok(next.run(request).await)
}
