//! The admin page: customers, agents, jobs. Releases are in `releases`.

use axum::{Json, extract::State};
use openclaw_api_types::{AgentRow, CustomerRow, JobView, List};
use openclaw_platform::{accounts, agents as platform_agents, jobs as platform_jobs};

use crate::{AppState, auth::Admin, error::Result, views};

/// Rows shown at most.
const MOST: i64 = 500;

/// The customers, the newest first.
#[utoipa::path(get, path = "/v1/admin/customers", tag = "admin", responses((status = 200, body = List<CustomerRow>)))]
pub(crate) async fn customers(State(state): State<AppState>, _: Admin) -> Result<Json<List<CustomerRow>>> {
    let customers = accounts::all(&state.db, MOST).await?;
    let row = |(customer, agents): (accounts::Customer, i64)| CustomerRow {
        created_at: views::instant(customer.created_at),
        customer: views::customer(customer),
        agents,
    };
    Ok(Json(List { items: customers.into_iter().map(row).collect() }))
}

/// The agents, the newest first.
#[utoipa::path(get, path = "/v1/admin/agents", tag = "admin", responses((status = 200, body = List<AgentRow>)))]
pub(crate) async fn agents(State(state): State<AppState>, _: Admin) -> Result<Json<List<AgentRow>>> {
    let agents = platform_agents::overview(&state.db, MOST).await?;
    Ok(Json(List { items: agents.into_iter().map(views::agent_row).collect() }))
}

/// The jobs, the newest first.
#[utoipa::path(get, path = "/v1/admin/jobs", tag = "admin", responses((status = 200, body = List<JobView>)))]
pub(crate) async fn jobs(State(state): State<AppState>, _: Admin) -> Result<Json<List<JobView>>> {
    let jobs = platform_jobs::all(&state.db, MOST).await?;
    Ok(Json(List { items: jobs.into_iter().map(views::job).collect() }))
}
