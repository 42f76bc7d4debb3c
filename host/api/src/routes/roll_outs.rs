//! How a release reaches agents: a share of them, everybody, or back; and how it does meanwhile.

use axum::{
    Json,
    extract::{Path, State},
};
use openclaw_api_types::{Margins, MaybeReason, Reason, RollOut, RollOutFigures, StartRollOut};
use openclaw_platform::{
    config::Settings,
    releases::{
        self,
        figures::{self, Axis},
        judge,
        roll_out::{self, Named},
    },
};
use time::OffsetDateTime;

use super::{
    reason,
    releases::{digest, follow},
    some_reason,
};
use crate::{
    AppState,
    auth::Admin,
    body::Body,
    error::{ApiError, Result},
    views::{self, Side},
};

/// When roll-outs are taken back by themselves.
fn margins(settings: &Settings) -> Margins {
    Margins {
        min_calls: settings.roll_out_min_calls,
        traps_points: settings.roll_out_traps_points,
        timeouts_points: settings.roll_out_timeouts_points,
        refusals_points: settings.roll_out_refusals_points,
        updates_points: settings.roll_out_updates_points,
        p95_factor: settings.roll_out_p95_factor,
        p95_floor_ms: settings.roll_out_p95_floor_ms,
    }
}

/// Gives a release to a share of its niche's agents, or changes the share of the roll-out that runs.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/roll-out", tag = "registry", params(("digest" = String, Path)),
    request_body = StartRollOut, responses((status = 200, body = RollOut))
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(wanted): Body<StartRollOut>,
) -> Result<Json<RollOut>> {
    let why = some_reason(wanted.reason.as_deref())?;
    if !(1..=100).contains(&wanted.share) {
        return Err(ApiError::field("invalid-field", "share", "a share is 1 to 100 percent"));
    }
    let (digest, margins) = (digest(&text)?, margins(&state.settings));
    let begun = roll_out::begin(&state.db, digest, wanted.share, margins, admin.because(why)).await?;
    follow(&state).await;
    Ok(Json(views::roll_out(begun)))
}

/// Gives a release to everybody: it becomes what its niche offers.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/complete", tag = "registry", params(("digest" = String, Path)),
    request_body = MaybeReason, responses((status = 200, body = RollOut))
)]
pub(crate) async fn complete(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(wanted): Body<MaybeReason>,
) -> Result<Json<RollOut>> {
    let why = some_reason(wanted.reason.as_deref())?;
    let completed = roll_out::complete(&state.db, digest(&text)?, margins(&state.settings), admin.because(why)).await?;
    follow(&state).await;
    Ok(Json(views::roll_out(completed)))
}

/// Gives everybody the release before again.
#[utoipa::path(
    post, path = "/v1/admin/releases/{digest}/roll-back", tag = "registry", params(("digest" = String, Path)),
    request_body = Reason, responses((status = 200, body = RollOut))
)]
pub(crate) async fn back(
    State(state): State<AppState>,
    admin: Admin,
    Path(text): Path<String>,
    Body(wanted): Body<Reason>,
) -> Result<Json<RollOut>> {
    let why = reason(&wanted)?;
    let taken_back = roll_out::roll_back(&state.db, digest(&text)?, admin.because(Some(why)), why).await?;
    follow(&state).await;
    Ok(Json(views::roll_out(taken_back)))
}

/// A release's newest roll-out with the figures of both releases, side by side.
#[utoipa::path(
    get, path = "/v1/admin/releases/{digest}/figures", tag = "registry", params(("digest" = String, Path)),
    responses((status = 200, body = RollOutFigures))
)]
pub(crate) async fn figures(
    State(state): State<AppState>,
    _: Admin,
    Path(text): Path<String>,
) -> Result<Json<RollOutFigures>> {
    let found = roll_out::newest(&state.db, digest(&text)?).await?.ok_or(ApiError::NotFound("roll-out"))?;
    let until = found.ended_at.unwrap_or_else(OffsetDateTime::now_utc);
    let axis = Axis::over(found.share_at, until);
    let new = side(&state, &found, found.new.clone(), until, axis).await?;
    let old = match &found.old {
        Some(old) => Some(side(&state, &found, old.clone(), until, axis).await?),
        None => None,
    };
    let before = old.as_ref().map(|old| old.tally).unwrap_or_default();
    let verdict = judge::judge(&new.tally, &before, &found.margins);
    Ok(Json(views::figures(found, new, old, axis, verdict)))
}

async fn side(
    state: &AppState,
    of: &roll_out::RollOut,
    release: Named,
    until: OffsetDateTime,
    axis: Axis,
) -> Result<Side> {
    Ok(Side {
        agents: releases::agents_on(&state.db, release.digest).await?,
        tally: figures::tally(&state.db, release.digest, of, until).await?,
        series: figures::series(&state.db, release.digest, axis, until).await?,
        release,
    })
}
