//! The routes, one file a resource.

mod admin;
mod agent_state;
mod agents;
mod chat;
mod checkout;
mod heartbeat;
mod internal;
mod niches;
mod onboarding;
mod outbox;
mod publishers;
mod registry;
mod releases;
mod roll_outs;
mod session;
mod tiers;

use axum::extract::DefaultBodyLimit;
use openclaw_api_types::Reason;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{AppState, body::LARGEST_JSON, error::ApiError};

/// Every route with its entry in the OpenAPI document.
pub(crate) fn router(release_bytes: usize) -> OpenApiRouter<AppState> {
    let json = OpenApiRouter::new()
        .routes(routes!(niches::list))
        .routes(routes!(niches::show))
        .routes(routes!(tiers::list))
        .routes(routes!(onboarding::begin))
        .routes(routes!(onboarding::show))
        .routes(routes!(onboarding::answer))
        .routes(routes!(onboarding::back))
        .routes(routes!(session::sign_in))
        .routes(routes!(session::open, session::show, session::close))
        .routes(routes!(outbox::list))
        .routes(routes!(agents::list))
        .routes(routes!(agents::show))
        .routes(routes!(agents::usage))
        .routes(routes!(agents::jobs))
        .routes(routes!(chat::list, chat::say))
        .routes(routes!(chat::events))
        .routes(routes!(checkout::progress))
        .routes(routes!(checkout::events))
        .routes(routes!(heartbeat::beat))
        .routes(routes!(internal::provision))
        .routes(routes!(internal::resize))
        .routes(routes!(internal::instruct))
        .routes(routes!(internal::job))
        .routes(routes!(internal::retry))
        .routes(routes!(admin::customers))
        .routes(routes!(admin::agents))
        .routes(routes!(admin::jobs))
        .routes(routes!(registry::list))
        .routes(routes!(registry::show))
        .routes(routes!(registry::trail))
        .routes(routes!(registry::settings, registry::set))
        .routes(routes!(publishers::list, publishers::register))
        .routes(routes!(publishers::revoke))
        .routes(routes!(releases::show))
        .routes(routes!(releases::approve))
        .routes(routes!(releases::reject))
        .routes(routes!(releases::retire))
        .routes(routes!(roll_outs::begin))
        .routes(routes!(roll_outs::complete))
        .routes(routes!(roll_outs::back))
        .routes(routes!(roll_outs::figures))
        .layer(DefaultBodyLimit::max(LARGEST_JSON));
    let state = OpenApiRouter::new()
        .routes(routes!(agent_state::get, agent_state::put, agent_state::delete))
        .layer(DefaultBodyLimit::max(openclaw_platform::agent_state::LARGEST));
    let releases = OpenApiRouter::new()
        .routes(routes!(releases::list, releases::create))
        .layer(DefaultBodyLimit::max(release_bytes));
    json.merge(state).merge(releases)
}

/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Why an admin does something.
fn reason(given: &Reason) -> Result<&str, ApiError> {
    some_reason(Some(&given.reason))?
        .ok_or_else(|| ApiError::field("invalid-field", "reason", "say why, in 1 to 500 characters"))
}

/// Why an admin does something, if they say.
fn some_reason(given: Option<&str>) -> Result<Option<&str>, ApiError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    match given {
        Some(text) if text.chars().count() > LONGEST_REASON => {
            Err(ApiError::field("invalid-field", "reason", "a reason has at most 500 characters"))
        }
        given => Ok(given),
    }
}

/// An id of a path. What is none names nothing.
fn id<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(what))
}
