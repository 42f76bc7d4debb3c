//! From payment to a live agent. Paying itself is the billing crate's.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
    response::sse::Event,
};
use openclaw_api_types::Progress;
use openclaw_platform::{CheckoutId, CustomerId, db::Notice};
use tokio::sync::broadcast;

use crate::{
    AppState,
    auth::SignedIn,
    error::Result,
    events::{self, Events, Sink},
    progress::{Watched, of_checkout},
};

/// How often it is looked for changes that were not heard of.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// How far it is.
#[utoipa::path(
    get, path = "/v1/checkout/{id}/progress", tag = "checkout", params(("id" = String, Path)),
    responses((status = 200, body = Progress))
)]
pub(crate) async fn progress(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Progress>> {
    let id = super::id(&id, "checkout")?;
    Ok(Json(of_checkout(&state, customer.id, id).await?.progress))
}

/// How far it is, as server-sent events `progress`, now and with each change. Ends once the agent is live or failed.
#[utoipa::path(
    get, path = "/v1/checkout/{id}/events", tag = "checkout", params(("id" = String, Path)),
    responses((status = 200, body = Progress, content_type = "text/event-stream"))
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<Events> {
    let id: CheckoutId = super::id(&id, "checkout")?;
    let notices = state.notices();
    let first = of_checkout(&state, customer.id, id).await?;
    Ok(events::stream(&state.clone(), move |sink| follow(state, customer.id, id, notices, first, sink)))
}

async fn follow(
    state: AppState,
    customer: CustomerId,
    id: CheckoutId,
    mut notices: broadcast::Receiver<Notice>,
    mut watched: Watched,
    sink: Sink,
) {
    let mut told = None;
    loop {
        if told.as_ref() != Some(&watched.progress) {
            let Ok(event) = Event::default().event("progress").json_data(&watched.progress) else { return };
            if !sink.send(event).await || watched.has_ended() {
                return;
            }
            told = Some(watched.progress.clone());
        }
        tokio::select! {
            () = concerned(&mut notices, &watched) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match of_checkout(&state, customer, id).await {
            Ok(now) => watched = now,
            Err(error) => tracing::warn!(checkout = %id, %error, "the progress could not be read"),
        }
    }
}

/// Returns when something changed that may be about what is watched.
async fn concerned(notices: &mut broadcast::Receiver<Notice>, watched: &Watched) {
    loop {
        let Notice::Changed { channel, payload } = events::next(notices).await else { return };
        let known = match channel.as_str() {
            "agents" => watched.agent.map(|agent| agent.to_string()),
            "jobs" => watched.job.map(|job| job.to_string()),
            _ => continue,
        };
        if known.is_none_or(|known| known == payload) {
            return;
        }
    }
}
