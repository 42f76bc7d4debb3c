//! Releases of niches.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Request, State},
};
use http::StatusCode;
use openclaw_api_types::{List, ReleaseRow};
use openclaw_platform::releases;

use crate::{AppState, auth::Admin, body::too_large, error::Result, install, views};

/// Rows shown at most.
const MOST: i64 = 500;

/// The releases, the newest first.
#[utoipa::path(get, path = "/v1/admin/releases", tag = "admin", responses((status = 200, body = List<ReleaseRow>)))]
pub(crate) async fn list(State(state): State<AppState>, _: Admin) -> Result<Json<List<ReleaseRow>>> {
    let releases = releases::all(&state.db, MOST).await?;
    Ok(Json(List { items: releases.into_iter().map(views::release).collect() }))
}

/// Installs a release: the body is the component. 201 when it is on offer now, 200 when it was before.
#[utoipa::path(
    post, path = "/v1/admin/releases", tag = "admin",
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 201, body = ReleaseRow), (status = 200, body = ReleaseRow))
)]
pub(crate) async fn install(
    State(state): State<AppState>,
    _: Admin,
    request: Request,
) -> Result<(StatusCode, Json<ReleaseRow>)> {
    let limit = state.settings.release_mib as usize * (1 << 20);
    let component = Bytes::from_request(request, &state).await.map_err(|e| too_large(&e, limit))?;
    let installed = install::install(&state, &component, "admin").await?;
    let status = if installed.changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(installed.row)))
}
