//! A customer's agents.

use axum::{
    Json,
    extract::{Path, State},
};
use openclaw_api_types::{Agent, JobView, List, Usage};
use openclaw_platform::{accounts::Customer, agents, jobs as platform_jobs, usage as platform_usage};

use crate::{
    AppState,
    auth::SignedIn,
    error::{ApiError, Result},
    locale::Locale,
    views,
};

/// The agent `id` of `customer`; another's does not exist for them.
pub(super) async fn owned(state: &AppState, customer: &Customer, id: &str) -> Result<agents::Agent> {
    let agent = agents::get(&state.db, super::id(id, "agent")?).await?;
    if agent.customer == customer.id { Ok(agent) } else { Err(ApiError::NotFound("agent")) }
}

/// The customer's agents, the newest first.
#[utoipa::path(
    get, path = "/v1/agents", tag = "agents",
    params(("locale" = Option<String>, Query, description = "`pt` (default) or `en`")),
    responses((status = 200, body = List<Agent>))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    locale: Locale,
) -> Result<Json<List<Agent>>> {
    let mut items = Vec::new();
    for agent in agents::of_customer(&state.db, customer.id).await? {
        items.push(views::agent(&state, agent, locale).await?);
    }
    Ok(Json(List { items }))
}

/// One agent.
#[utoipa::path(
    get, path = "/v1/agents/{id}", tag = "agents",
    params(("id" = String, Path), ("locale" = Option<String>, Query, description = "`pt` (default) or `en`")),
    responses((status = 200, body = Agent))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
    locale: Locale,
) -> Result<Json<Agent>> {
    let agent = owned(&state, &customer, &id).await?;
    Ok(Json(views::agent(&state, agent, locale).await?))
}

/// What the agent used in the current period, day by day.
#[utoipa::path(
    get, path = "/v1/agents/{id}/usage", tag = "agents", params(("id" = String, Path)),
    responses((status = 200, body = Usage))
)]
pub(crate) async fn usage(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Usage>> {
    let agent = owned(&state, &customer, &id).await?;
    let period =
        platform_usage::current_period(&state.db, agent.id).await?.ok_or(ApiError::NotFound("usage period"))?;
    Ok(Json(views::usage(&state, agent.id, period).await?))
}

/// What was done with the agent, in order.
#[utoipa::path(
    get, path = "/v1/agents/{id}/jobs", tag = "agents", params(("id" = String, Path)),
    responses((status = 200, body = List<JobView>))
)]
pub(crate) async fn jobs(
    State(state): State<AppState>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<List<JobView>>> {
    let agent = owned(&state, &customer, &id).await?;
    let jobs = platform_jobs::of_agent(&state.db, agent.id).await?;
    // What went wrong in detail is for those who operate the platform.
    let items = jobs.into_iter().map(|job| JobView { error: None, ..views::job(job) }).collect();
    Ok(Json(List { items }))
}
