//! The marketplace.

use axum::{
    Json,
    extract::{Path, State},
};
use openclaw_api_types::{List, NicheDetail, NicheSummary};

use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
    views,
};

/// The niches, those for sale first.
#[utoipa::path(
    get, path = "/v1/niches", tag = "marketplace",
    params(("locale" = Option<String>, Query, description = "`pt` (default) or `en`")),
    responses((status = 200, body = List<NicheSummary>))
)]
pub(crate) async fn list(State(state): State<AppState>, locale: Locale) -> Json<List<NicheSummary>> {
    let items = state.niches.list(locale).await;
    Json(List { items: items.iter().map(|description| views::summary(&description.entry)).collect() })
}

/// A niche's page.
#[utoipa::path(
    get, path = "/v1/niches/{id}", tag = "marketplace",
    params(
        ("id" = String, Path, description = "The niche"),
        ("locale" = Option<String>, Query, description = "`pt` (default) or `en`"),
    ),
    responses((status = 200, body = NicheDetail))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    Path(id): Path<String>,
    locale: Locale,
) -> Result<Json<NicheDetail>> {
    let release = state.niches.offered(&id).await?.ok_or(ApiError::UnknownNiche(id))?;
    let description = state.niches.describe(&release, locale).await?;
    Ok(Json(views::detail(&description, release.digest())))
}
