//! `GET /v1/models`: the model that agents may ask for.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use serde_json::json;

use crate::{problem::Problem, proxy::Proxy};

/// Lists it, to agents only.
pub(crate) async fn list(State(proxy): State<Proxy>, headers: HeaderMap) -> Result<Response, Problem> {
    proxy.caller(&headers).await?;
    Ok(Json(json!({
        "object": "list",
        "data": [{
            "id": proxy.settings.default_model,
            "object": "model",
            "created": 0,
            "owned_by": proxy.provider_name(),
        }],
    }))
    .into_response())
}
