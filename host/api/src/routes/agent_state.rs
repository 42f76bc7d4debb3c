//! What gateways keep outside themselves: values under keys, changed only by those who have seen the last version.

use axum::{
    body::Bytes,
    extract::{FromRequest as _, Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use openclaw_platform::agent_state::{self, Expect, LARGEST, MOST_BYTES, MOST_KEYS, Put};

use crate::{
    AppState,
    auth::Gateway,
    body::too_large,
    error::{ApiError, Result},
};

fn key(text: &str) -> Result<&str> {
    if agent_state::is_key(text) {
        return Ok(text);
    }
    Err(ApiError::field("invalid-key", "key", "a key has 1 to 100 lower-case letters, digits and . _ -"))
}

/// What `If-Match` and `If-None-Match` expect.
fn expected(headers: &HeaderMap) -> Result<Expect> {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wrong = |name: &str| Err(ApiError::field("invalid-field", name, "this is no version of ours"));
    if let Some(version) = value(header::IF_MATCH) {
        let version = version.strip_prefix('"').and_then(|v| v.strip_suffix('"')).and_then(|v| v.parse().ok());
        return version.map_or_else(|| wrong("If-Match"), |version| Ok(Expect::Version(version)));
    }
    match value(header::IF_NONE_MATCH) {
        None => Ok(Expect::Anything),
        Some("*") => Ok(Expect::Absent),
        Some(_) => wrong("If-None-Match"),
    }
}

fn etag(version: i64) -> (HeaderName, HeaderValue) {
    let quoted = HeaderValue::try_from(format!("\"{version}\"")).expect("a quoted number is a header's value");
    (header::ETAG, quoted)
}

/// The value under a key, with its version as ETag.
#[utoipa::path(
    get, path = "/v1/agent/state/{key}", tag = "gateways", params(("key" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    Gateway(caller): Gateway,
    Path(name): Path<String>,
) -> Result<Response> {
    let stored = agent_state::get(&state.db, caller.agent, key(&name)?).await?.ok_or(ApiError::NotFound("value"))?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([etag(stored.version), (header::CONTENT_TYPE, kind)], stored.value).into_response())
}

/// Sets a key, of 1,000 at most with 64 MiB at most in all. With `If-Match` or `If-None-Match: *` only if its version is the expected one; 412 otherwise.
#[utoipa::path(
    put, path = "/v1/agent/state/{key}", tag = "gateways", params(("key" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204))
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    Gateway(caller): Gateway,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response> {
    let (name, expect) = (key(&name)?, expected(request.headers())?);
    let value = Bytes::from_request(request, &state).await.map_err(|e| too_large(&e, LARGEST))?;
    let version = match agent_state::put(&state.db, caller.agent, name, &value, expect).await? {
        Put::Set(version) => version,
        Put::Unexpected => return Err(ApiError::Mismatch),
        Put::TooManyKeys => {
            let detail = format!("an agent keeps at most {MOST_KEYS} values: remove one first");
            return Err(ApiError::Conflict { code: "too-many-keys", detail });
        }
        Put::TooManyBytes => return Err(ApiError::StateFull(MOST_BYTES)),
    };
    Ok((StatusCode::NO_CONTENT, [etag(version)]).into_response())
}

/// Removes a key. Removing what is not there is no error, unless a version was expected.
#[utoipa::path(
    delete, path = "/v1/agent/state/{key}", tag = "gateways", params(("key" = String, Path)),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Gateway(caller): Gateway,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let expect = expected(&headers)?;
    let removed = agent_state::delete(&state.db, caller.agent, key(&name)?, expect).await?;
    if !removed && matches!(expect, Expect::Version(_)) {
        return Err(ApiError::Mismatch);
    }
    Ok(StatusCode::NO_CONTENT)
}
