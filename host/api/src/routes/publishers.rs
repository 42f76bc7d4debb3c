//! Publishers of releases and their keys.

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use openclaw_api_types::{List, Publisher, Reason, RegisterPublisher};
use openclaw_platform::releases::publishers;

use super::reason;
use crate::{
    AppState,
    auth::Admin,
    body::Body,
    error::{ApiError, Result},
    niches::is_niche_id,
    views,
};

/// Longest name, in characters.
const LONGEST_NAME: usize = 80;

/// The publishers, by name.
#[utoipa::path(get, path = "/v1/admin/publishers", tag = "registry", responses((status = 200, body = List<Publisher>)))]
pub(crate) async fn list(State(state): State<AppState>, _: Admin) -> Result<Json<List<Publisher>>> {
    let all = publishers::all(&state.db).await?;
    Ok(Json(List { items: all.into_iter().map(views::publisher).collect() }))
}

/// Registers a publisher.
#[utoipa::path(
    post, path = "/v1/admin/publishers", tag = "registry", request_body = RegisterPublisher,
    responses((status = 201, body = Publisher))
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    admin: Admin,
    Body(wanted): Body<RegisterPublisher>,
) -> Result<(StatusCode, Json<Publisher>)> {
    let name = wanted.name.trim();
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(ApiError::field("invalid-field", "name", "a name has 1 to 80 printable characters"));
    }
    let key = publishers::parse_key(&wanted.key)
        .ok_or_else(|| ApiError::field("invalid-field", "key", "an Ed25519 public key has 64 hexadecimal digits"))?;
    if let Some(wrong) = wanted.niches.iter().find(|niche| !is_niche_id(niche)) {
        return Err(ApiError::field("invalid-field", "niches", format!("{wrong:?} cannot be a niche's id")));
    }
    let registered = publishers::register(&state.db, name, key, &wanted.niches, admin.because(None)).await?;
    Ok((StatusCode::CREATED, Json(views::publisher(registered))))
}

/// Revokes a publisher: its signatures count no more.
#[utoipa::path(
    post, path = "/v1/admin/publishers/{id}/revoke", tag = "registry", params(("id" = String, Path)),
    request_body = Reason, responses((status = 200, body = Publisher))
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Body(why): Body<Reason>,
) -> Result<Json<Publisher>> {
    let id = super::id(&id, "publisher")?;
    Ok(Json(views::publisher(publishers::revoke(&state.db, id, reason(&why)?, &admin.name).await?)))
}
