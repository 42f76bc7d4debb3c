//! The dashboard's chat with an agent.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::sse::Event,
};
use http::{HeaderMap, StatusCode};
use openclaw_api_types::{ChatItem, List, Say};
use openclaw_platform::{
    Error as PlatformError,
    agents::{Agent, AgentState},
    db::Notice,
    relay,
};
use serde::Deserialize;

use super::agents::owned;
use crate::{
    AppState,
    auth::SignedIn,
    body::Body,
    chat::{self, Cursor, Seen},
    error::{ApiError, Result},
    events::{self, Events, Sink},
    views,
};

/// Where to go on.
#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}

impl After {
    fn cursor(&self) -> Result<Option<Cursor>> {
        let wrong = || ApiError::field("invalid-field", "after", "this is no number of a message");
        self.after.as_deref().map(|text| Cursor::parse(text).ok_or_else(wrong)).transpose()
    }
}

/// What was said and which tools were called, in order of time: the newest, or what came after a message.
#[utoipa::path(
    get, path = "/v1/agents/{id}/chat", tag = "chat",
    params(("id" = String, Path), ("after" = Option<String>, Query, description = "The number of a message")),
    responses((status = 200, body = List<ChatItem>))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Json<List<ChatItem>>> {
    let agent = owned(&state, &customer, &id).await?;
    let after = after.cursor()?.map(|cursor| cursor.message());
    Ok(Json(List { items: chat::list(&state, &agent, after).await? }))
}

/// Says something to the agent.
#[utoipa::path(
    post, path = "/v1/agents/{id}/chat", tag = "chat", params(("id" = String, Path)), request_body = Say,
    responses((status = 201, body = ChatItem))
)]
pub(crate) async fn say(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
    Body(say): Body<Say>,
) -> Result<(StatusCode, Json<ChatItem>)> {
    let agent = owned(&state, &customer, &id).await?;
    if !matches!(agent.state, AgentState::Live | AgentState::Provisioning) {
        return Err(ApiError::Conflict {
            code: "agent-not-live",
            detail: format!("the agent is {} and reads nothing", agent.state.as_str()),
        });
    }
    let message = relay::post_chat(&state.db, agent.id, &say.text).await.map_err(|error| match error {
        PlatformError::Conflict(why) => ApiError::field("invalid-text", "text", why),
        other => other.into(),
    })?;
    Ok((StatusCode::CREATED, Json(ChatItem::Message(views::message(message)))))
}

/// What is new in the chat, as server-sent events: `chat` with an item, new or changed, and `typing`.
///
/// Begins now, after the place `after`, or after `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/agents/{id}/chat/events", tag = "chat",
    params(("id" = String, Path), ("after" = Option<String>, Query, description = "An event's id")),
    responses((status = 200, body = ChatItem, content_type = "text/event-stream"))
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
    Query(after): Query<After>,
    headers: HeaderMap,
) -> Result<Events> {
    let agent = owned(&state, &customer, &id).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(Cursor::parse);
    let from = match last {
        Some(last) => Some(last),
        None => after.cursor()?,
    };
    // Listening begins before the first look, so that nothing falls between.
    let notices = state.notices();
    let seen = Seen::new(&state, &agent, from).await?;
    Ok(events::stream(&state.clone(), |sink| follow(state, agent, notices, seen, sink)))
}

async fn follow(
    state: AppState,
    agent: Agent,
    mut notices: tokio::sync::broadcast::Receiver<Notice>,
    mut seen: Seen,
    sink: Sink,
) {
    let about = agent.id.to_string();
    loop {
        match seen.look(&state).await {
            Ok(items) => {
                for (place, item) in items {
                    let event = Event::default().event("chat").id(place.to_string());
                    let Ok(event) = event.json_data(item) else { return };
                    if !sink.send(event).await {
                        return;
                    }
                }
            }
            // The next notice brings another look; after Postgres was away there is one.
            Err(error) => tracing::warn!(agent = %agent.id, %error, "a chat could not be read"),
        }
        loop {
            match events::next(&mut notices).await {
                Notice::Changed { channel, payload } if payload == about && channel == "typing" => {
                    if !sink.send(Event::default().event("typing").data("{}")).await {
                        return;
                    }
                }
                Notice::Changed { channel, payload } if payload == about && channel == "chat" => break,
                Notice::Changed { .. } => {}
                Notice::Resumed => break,
            }
        }
    }
}
