//! Sessions: a name that a client carries from its first message on. Nothing is kept under it.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::error::{ApiError, Result};

const HEADER: HeaderName = HeaderName::from_static("mcp-session-id");

/// What a client calls its session.
pub(super) type Session = Uuid;

/// The session that a message belongs to; none for a client that has none. A name that we did not give is unknown.
pub(super) fn named(headers: &HeaderMap) -> Result<Option<Session>> {
    let Some(name) = headers.get(HEADER) else { return Ok(None) };
    let name = name.to_str().ok().and_then(|name| name.parse().ok());
    name.map(Some).ok_or(ApiError::NotFound("session"))
}

/// Gives the client a name for its session.
pub(super) fn give(headers: &mut HeaderMap) {
    let name = Uuid::new_v4().to_string();
    headers.insert(HEADER, HeaderValue::try_from(name).expect("a UUID is visible ASCII"));
}
