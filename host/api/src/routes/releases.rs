//! Releases: they are uploaded, looked at, approved or rejected, and retired. How they reach agents is in `roll_outs`.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Path, Query, Request, State},
};
use http::{HeaderMap, StatusCode, header};
use openclaw_api_types::{Approve, List, PullRelease, Reason, ReleasePage, ReleaseSummary};
use openclaw_platform::{
    Digest, plugin_usage,
    releases::{self, Filter, life, roll_out},
};
use serde::Deserialize;

use super::{reason, some_reason};
use crate::{
    AppState,
    auth::Admin,
    body::{Body, is_json, too_large},
    error::{ApiError, Result},
    releases::{
        pull::pull,
        rights,
        upload::{Upload, upload},
    },
    views::{self, Active},
};

/// Rows shown at most.
const MOST: i64 = 500;
/// Days of usage on a release's page.
const DAYS: i32 = 30;
/// The header that holds an upload's signature.
const SIGNATURE: &str = "openclaw-signature";

/// Of which niche.
#[derive(Debug, Deserialize)]
pub(crate) struct OfNiche {
    niche: Option<String>,
}

/// The releases, the newest first.
#[utoipa::path(
    get, path = "/v1/admin/releases", tag = "registry",
    params(("niche" = Option<String>, Query, description = "Of this niche alone")),
    responses((status = 200, body = List<ReleaseSummary>))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _: Admin,
    Query(of): Query<OfNiche>,
) -> Result<Json<List<ReleaseSummary>>> {
    let filter = Filter { niche: of.niche.as_deref(), ..Filter::default() };
    let active = active(&state, of.niche.as_deref()).await?;
    let all = releases::list(&state.db, filter, MOST).await?;
    let items = all.iter().map(|release| views::release_summary(release, &active)).collect::<Result<_, _>>()?;
    Ok(Json(List { items }))
}

/// The releases on offer, of every niche or of one.
pub(super) async fn active(state: &AppState, niche: Option<&str>) -> Result<Active> {
    let filter = Filter { niche, active: true, ..Filter::default() };
    Ok(Active::new(releases::list(&state.db, filter, i64::MAX).await?))
}

/// The release that a path names.
pub(super) fn digest(text: &str) -> Result<Digest> {
    text.parse().map_err(|_| ApiError::NotFound("release"))
}

/// The page of `digest`.
pub(super) async fn page(state: &AppState, digest: Digest) -> Result<ReleasePage> {
    let release = releases::get(&state.db, digest).await?;
    let active = active(state, Some(&release.niche)).await?;
    let roll_out = roll_out::newest(&state.db, digest).await?;
    let usage = plugin_usage::of_release(&state.db, digest, None, DAYS).await?;
    Ok(views::release_page(release, &active, state.niches.ceiling(), roll_out, usage)?)
}

/// What this process offers and grants follows at once; the others hear of it.
pub(super) async fn follow(state: &AppState) {
    if let Err(error) = state.niches.look().await {
        tracing::warn!(%error, "the releases changed and could not be read again yet");
    }
}

/// Uploads a release: the body is the component, or JSON with a reference to pull it by. It is verified and waits for
/// an admin. 201 when it is new, 200 when it was there.
#[utoipa::path(
    post, path = "/v1/admin/releases", tag = "registry",
    request_body(content(
        (Vec<u8> = "application/wasm"),
        (PullRelease = "application/json"),
    )),
    responses((status = 201, body = ReleasePage), (status = 200, body = ReleasePage))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    admin: Admin,
    request: Request,
) -> Result<(StatusCode, Json<ReleasePage>)> {
    let uploaded = if is_json(request.headers()) {
        let Body(wanted) = Body::<PullRelease>::from_request(request, &state).await?;
        let (fetched, reference) = pull(&state, &wanted.reference).await?;
        let what = Upload {
            component: &fetched.component,
            signature: fetched.signature.as_deref(),
            reference: Some(&reference),
        };
        upload(&state, what, admin.because(None)).await?
    } else {
        let limit = state.settings.release_mib as usize * (1 << 20);
        // What says that it is too large need not be read to be believed.
        if announced(request.headers()).is_some_and(|bytes| bytes > limit as u64) {
            return Err(ApiError::TooLarge(limit));
        }
        let signature = match request.headers().get(SIGNATURE) {
            Some(line) => Some(
                line.to_str()
                    .map_err(|_| {
                        ApiError::field("invalid-signature", SIGNATURE, "a signature is a line of hexadecimal digits")
                    })?
                    .to_owned(),
            ),
            None => None,
        };
        let component = Bytes::from_request(request, &state).await.map_err(|e| too_large(&e, limit))?;
        let what = Upload { component: &component, signature: signature.as_deref(), reference: None };
        upload(&state, what, admin.because(None)).await?
    };
    follow(&state).await;
    let status = if uploaded.changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(page(&state, uploaded.digest).await?)))
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A release's page.
#[utoipa::path(
    get, path = "/v1/admin/releases/{digest}", tag = "registry", params(("digest" = String, Path)),
    responses((status = 200, body = ReleasePage))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    _: Admin,
    Path(text): Path<String>,
) -> Result<Json<ReleasePage>> {
    Ok(Json(page(&state, digest(&text)?).await?))
}

/// Approves a release for all it asks, or for less.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/approve", tag = "registry", params(("digest" = String, Path)),
    request_body = Approve, responses((status = 200, body = ReleasePage))
)]
pub(crate) async fn approve(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(wanted): Body<Approve>,
) -> Result<Json<ReleasePage>> {
    let (digest, why) = (digest(&text)?, some_reason(wanted.reason.as_deref())?);
    let asked = releases::get(&state.db, digest).await?.asked;
    let given = match &wanted.rights {
        None => asked,
        Some(rights) => {
            let wrong = |detail: String| ApiError::field("invalid-field", "rights", detail);
            // Read and written again: hosts and methods come out as they are compared.
            let given = rights::shown(&rights::compared(rights).map_err(|error| wrong(error.to_string()))?);
            let more = rights::beyond(&given, &asked)?;
            if !more.is_empty() {
                let more: Vec<String> = more.iter().map(ToString::to_string).collect();
                return Err(wrong(format!("the release does not ask for this: {}", more.join(", "))));
            }
            given
        }
    };
    life::approve(&state.db, digest, &given, admin.because(why)).await?;
    follow(&state).await;
    Ok(Json(page(&state, digest).await?))
}

/// Rejects a release that waits for an admin.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/reject", tag = "registry", params(("digest" = String, Path)),
    request_body = Reason, responses((status = 200, body = ReleasePage))
)]
pub(crate) async fn reject(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(why): Body<Reason>,
) -> Result<Json<ReleasePage>> {
    let digest = digest(&text)?;
    life::reject(&state.db, digest, admin.because(Some(reason(&why)?))).await?;
    follow(&state).await;
    Ok(Json(page(&state, digest).await?))
}

/// Retires a release that no agent has.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/retire", tag = "registry", params(("digest" = String, Path)),
    request_body = Reason, responses((status = 200, body = ReleasePage))
)]
pub(crate) async fn retire(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(why): Body<Reason>,
) -> Result<Json<ReleasePage>> {
    let digest = digest(&text)?;
    life::retire(&state.db, digest, admin.because(Some(reason(&why)?))).await?;
    follow(&state).await;
    Ok(Json(page(&state, digest).await?))
}
