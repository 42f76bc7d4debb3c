//! The price table.

use axum::{Json, extract::State};
use openclaw_api_types::{List, TierSummary};
use openclaw_platform::tiers;

use crate::{AppState, error::Result, views};

/// The tiers, the cheapest first.
#[utoipa::path(get, path = "/v1/tiers", tag = "marketplace", responses((status = 200, body = List<TierSummary>)))]
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<List<TierSummary>>> {
    let tiers = tiers::all(&state.db).await?;
    Ok(Json(List { items: tiers.into_iter().map(views::tier).collect() }))
}
