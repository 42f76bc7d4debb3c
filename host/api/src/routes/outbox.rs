//! The mail of `dev`.

use axum::{Json, extract::State};
use openclaw_api_types::{List, OutboxMail};
use openclaw_platform::mail;

use crate::{
    AppState,
    error::{ApiError, Result},
    views,
};

/// Mails shown at most.
const MOST: i64 = 50;

/// The newest mails, the newest first. Only in `dev`.
#[utoipa::path(get, path = "/dev/outbox", tag = "dev", responses((status = 200, body = List<OutboxMail>)))]
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<List<OutboxMail>>> {
    if !state.settings.is_dev() {
        return Err(ApiError::NoRoute("/dev/outbox".into()));
    }
    let mails = mail::outbox(&state.db, MOST).await?;
    Ok(Json(List { items: mails.into_iter().map(views::outbox_mail).collect() }))
}
