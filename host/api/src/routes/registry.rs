//! The registry as a whole: its niches, its audit trail, its settings.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use openclaw_api_types::{AuditRow, List, RegistryNiche, RegistryNichePage, RegistrySettings};
use openclaw_platform::releases::{self, Filter, audit, roll_out, settings};
use serde::Deserialize;

use super::releases::{active, digest};
use crate::{
    AppState,
    auth::Admin,
    body::Body,
    error::{ApiError, Result},
    views::{self, Active},
};

/// Releases of a niche that its page lists at most.
const RELEASES: i64 = 200;
/// Roll-outs of a niche that its page lists at most.
const ROLL_OUTS: i64 = 20;
/// Rows of the audit trail on a niche's page.
const RECENT: i64 = 50;
/// Rows of the audit trail that are given at a time.
const ROWS: i64 = 100;

/// The niches that ever had a release, by id.
#[utoipa::path(get, path = "/v1/admin/registry", tag = "registry", responses((status = 200, body = List<RegistryNiche>)))]
pub(crate) async fn list(State(state): State<AppState>, _: Admin) -> Result<Json<List<RegistryNiche>>> {
    let active = active(&state, None).await?;
    let running = roll_out::Filter { running: true, ..roll_out::Filter::default() };
    let running = roll_out::list(&state.db, running, i64::MAX).await?;
    let mut running: HashMap<String, _> = running.into_iter().map(|one| (one.niche.clone(), one)).collect();
    let mut items = Vec::new();
    for niche in releases::niches(&state.db, None).await? {
        let running = running.remove(&niche.id);
        items.push(line(&state, niche, &active, running).await?);
    }
    Ok(Json(List { items }))
}

async fn line(
    state: &AppState,
    niche: releases::Niche,
    active: &Active,
    running: Option<roll_out::RollOut>,
) -> Result<RegistryNiche> {
    let newest = match active.of(&niche.id) {
        Some(_) => None,
        None => {
            let filter = Filter { niche: Some(&niche.id), ..Filter::default() };
            releases::list(&state.db, filter, 1).await?.pop()
        }
    };
    let shown = active.of(&niche.id).or(newest.as_ref()).cloned();
    Ok(views::registry_niche(niche, shown.as_ref(), active, running)?)
}

/// A niche with its releases, roll-outs and audit trail.
#[utoipa::path(
    get, path = "/v1/admin/registry/{niche}", tag = "registry", params(("niche" = String, Path)),
    responses((status = 200, body = RegistryNichePage))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    _: Admin,
    Path(niche): Path<String>,
) -> Result<Json<RegistryNichePage>> {
    let found = releases::niches(&state.db, Some(&niche)).await?.pop().ok_or(ApiError::NotFound("niche"))?;
    let active = active(&state, Some(&niche)).await?;
    let filter = Filter { niche: Some(&niche), ..Filter::default() };
    let releases = releases::list(&state.db, filter, RELEASES).await?;
    let filter = roll_out::Filter { niche: Some(&niche), ..roll_out::Filter::default() };
    let roll_outs = roll_out::list(&state.db, filter, ROLL_OUTS).await?;
    let filter = audit::Filter { niche: Some(&niche), ..audit::Filter::default() };
    let trail = audit::list(&state.db, filter, RECENT).await?;
    let running = roll_outs.iter().find(|one| one.state == roll_out::RollOutState::Running).cloned();
    Ok(Json(RegistryNichePage {
        niche: line(&state, found, &active, running).await?,
        releases: releases.iter().map(|release| views::release_summary(release, &active)).collect::<Result<_, _>>()?,
        roll_outs: roll_outs.into_iter().map(views::roll_out).collect(),
        audit: trail.into_iter().map(views::audit_row).collect(),
    }))
}

/// Which rows of the audit trail.
#[derive(Debug, Deserialize)]
pub(crate) struct Rows {
    niche: Option<String>,
    digest: Option<String>,
    before: Option<i64>,
}

/// The audit trail, the newest first, 100 rows at a time.
#[utoipa::path(
    get, path = "/v1/admin/audit", tag = "registry",
    params(
        ("niche" = Option<String>, Query, description = "About this niche"),
        ("digest" = Option<String>, Query, description = "About this release"),
        ("before" = Option<i64>, Query, description = "Before the row with this number"),
    ),
    responses((status = 200, body = List<AuditRow>))
)]
pub(crate) async fn trail(
    State(state): State<AppState>,
    _: Admin,
    Query(rows): Query<Rows>,
) -> Result<Json<List<AuditRow>>> {
    let filter = audit::Filter {
        niche: rows.niche.as_deref(),
        digest: rows.digest.as_deref().map(digest).transpose()?,
        before: rows.before,
    };
    let trail = audit::list(&state.db, filter, ROWS).await?;
    Ok(Json(List { items: trail.into_iter().map(views::audit_row).collect() }))
}

/// What the registry decides by itself.
#[utoipa::path(
    get, path = "/v1/admin/registry-settings", tag = "registry", responses((status = 200, body = RegistrySettings))
)]
pub(crate) async fn settings(State(state): State<AppState>, _: Admin) -> Result<Json<RegistrySettings>> {
    Ok(Json(current(&state).await?))
}

async fn current(state: &AppState) -> Result<RegistrySettings> {
    let settings::RegistrySettings { auto_approve_same_or_fewer } = settings::get(&state.db).await?;
    Ok(RegistrySettings { auto_approve_same_or_fewer })
}

/// Changes what the registry decides by itself.
#[utoipa::path(
    put, path = "/v1/admin/registry-settings", tag = "registry", request_body = RegistrySettings,
    responses((status = 200, body = RegistrySettings))
)]
pub(crate) async fn set(
    State(state): State<AppState>,
    admin: Admin,
    Body(wanted): Body<RegistrySettings>,
) -> Result<Json<RegistrySettings>> {
    let RegistrySettings { auto_approve_same_or_fewer } = wanted;
    let wanted = settings::RegistrySettings { auto_approve_same_or_fewer };
    settings::set(&state.db, wanted, admin.because(None)).await?;
    Ok(Json(current(&state).await?))
}
