//! For operators and tests: agents without a checkout, and what may be done with any agent.

use axum::{
    Json,
    extract::{Path, State},
};
use http::{HeaderMap, StatusCode};
use openclaw_api_types::{Accepted, JobView, Provision};
use openclaw_platform::{
    AgentId, JobId, accounts,
    agents::{self, AgentState, Answer, NewAgent},
    jobs::{self, Instruction},
    tiers::{self, Tier},
    usage,
};
use openclaw_plugins::Status;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{
    AppState,
    auth::Admin,
    body::Body,
    error::{ApiError, Result},
    locale::Locale,
    telegram, views,
};

/// How long an agent that nobody pays for through Stripe may spend its tier's tokens.
const PERIOD: Duration = Duration::days(30);
/// Longest `Idempotency-Key`, in bytes.
const LONGEST_KEY: usize = 100;

/// Makes an agent without a checkout. With `Idempotency-Key`, the same request again gives the first answer again.
#[utoipa::path(
    post, path = "/internal/provision", tag = "internal", request_body = Provision,
    responses((status = 202, body = Accepted))
)]
pub(crate) async fn provision(
    State(state): State<AppState>,
    _: Admin,
    headers: HeaderMap,
    Body(wanted): Body<Provision>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let dedup_key = dedup_key(&headers)?;
    let checked = Checked::new(&state, wanted).await?;
    let mut tx = state.db.begin().await?;
    if let Some(key) = &dedup_key
        && let Some((job, agent)) = jobs::claim_key(&mut tx, key).await?
    {
        return Ok(accepted(agent, job));
    }
    let customer = accounts::ensure_customer(&mut tx, &checked.email, checked.locale.as_str()).await?;
    let agent = agents::create(
        &mut tx,
        &state.vault,
        NewAgent {
            customer: customer.id,
            niche: &checked.niche,
            digest: checked.digest,
            tier: &checked.tier.id,
            model: &checked.model,
            locale: checked.locale.as_str(),
            profile: &checked.profile,
            bot_token: checked.bot_token.as_ref(),
            telegram_users: checked.telegram_user.as_slice(),
        },
    )
    .await?;
    let now = OffsetDateTime::now_utc();
    usage::open_period(&mut tx, agent, now, now + PERIOD, checked.tier.monthly_tokens).await?;
    let job = jobs::enqueue(&mut tx, customer.id, agent, &Instruction::Provision, dedup_key.as_deref()).await?;
    tx.commit().await?;
    Ok(accepted(agent, job))
}

fn accepted(agent: AgentId, job: JobId) -> (StatusCode, Json<Accepted>) {
    (StatusCode::ACCEPTED, Json(Accepted { agent: agent.to_string(), job: job.to_string() }))
}

fn dedup_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let wrong = || ApiError::field("invalid-field", "Idempotency-Key", "a key has 1 to 100 visible characters");
    let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len())).ok_or_else(wrong)?;
    Ok(Some(format!("provision:{key}")))
}

/// What was asked for, once everything of it holds.
struct Checked {
    email: String,
    niche: String,
    digest: openclaw_platform::Digest,
    tier: Tier,
    model: String,
    locale: Locale,
    profile: Vec<Answer>,
    bot_token: Option<SecretString>,
    telegram_user: Option<i64>,
}

impl Checked {
    async fn new(state: &AppState, wanted: Provision) -> Result<Self> {
        let email = accounts::email(&wanted.customer_email)
            .ok_or_else(|| ApiError::field("invalid-email", "customer_email", "this is no e-mail address"))?;
        let locale = wanted.locale.as_deref().map_or(Ok(Locale::default()), Locale::named)?;
        let tier = known_tier(state, &wanted.tier).await?;
        let release = state.niches.offered(&wanted.niche).await?.ok_or_else(|| {
            ApiError::field("unknown-niche", "niche", ApiError::UnknownNiche(wanted.niche.clone()).to_string())
        })?;
        if state.niches.describe(&release, locale).await?.entry.status == Status::ComingSoon {
            return Err(ApiError::field("niche-coming-soon", "niche", "this niche is not for sale yet"));
        }
        let model = wanted.model.unwrap_or_else(|| state.settings.default_model.clone());
        if !is_model(&model) {
            let detail = format!("{model:?} is no model: write provider/model, as in {}", state.settings.default_model);
            return Err(ApiError::field("invalid-model", "model", detail));
        }
        if wanted.telegram_bot_token.as_ref().is_some_and(|token| !telegram::is_token_like(token)) {
            let detail = "this is no bot token: @BotFather gives one like 123456789:AAH…";
            return Err(ApiError::field("invalid-telegram-token", "telegram_bot_token", detail));
        }
        if wanted.telegram_user_id.is_some_and(|user| !(1..=telegram::LARGEST_USER).contains(&user)) {
            let detail = "a Telegram user id is a positive number below 2^52";
            return Err(ApiError::field("invalid-telegram-user", "telegram_user_id", detail));
        }
        let mut profile: Vec<Answer> = Vec::new();
        for answer in wanted.profile {
            if profile.iter().any(|a| a.question == answer.question) {
                let detail = format!("the question {:?} is answered twice", answer.question);
                return Err(ApiError::field("invalid-profile", "profile", detail));
            }
            profile.push(Answer { question: answer.question, value: answer.value });
        }
        Ok(Self {
            digest: openclaw_platform::Digest(*release.digest().as_bytes()),
            bot_token: wanted.telegram_bot_token.map(Into::into),
            telegram_user: wanted.telegram_user_id,
            niche: wanted.niche,
            email,
            tier,
            model,
            locale,
            profile,
        })
    }
}

async fn known_tier(state: &AppState, id: &str) -> Result<Tier> {
    tiers::find(&state.db, id).await?.ok_or_else(|| {
        ApiError::field("unknown-tier", "tier", format!("there is no tier {id:?}: GET /v1/tiers lists them"))
    })
}

/// `provider/model`.
fn is_model(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/');
    text.len() <= 100
        && text.chars().all(fits)
        && text.split_once('/').is_some_and(|(provider, model)| !provider.is_empty() && !model.is_empty())
}

/// The tier to go to.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Resize {
    /// `starter`, `pro`, `team`.
    tier: String,
}

/// Gives an agent another tier.
#[utoipa::path(
    post, path = "/internal/agents/{id}/resize", tag = "internal", params(("id" = String, Path)),
    request_body = Resize, responses((status = 202, body = Accepted))
)]
pub(crate) async fn resize(
    State(state): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
    Body(wanted): Body<Resize>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let tier = known_tier(&state, &wanted.tier).await?.id;
    enqueue(&state, &id, Instruction::Resize { tier }).await
}

/// Has something done with an agent: `destroy`, `suspend`, `reactivate`, `update` or `health-check`.
#[utoipa::path(
    post, path = "/internal/agents/{id}/{action}", tag = "internal",
    params(("id" = String, Path), ("action" = String, Path)), responses((status = 202, body = Accepted))
)]
pub(crate) async fn instruct(
    State(state): State<AppState>,
    _: Admin,
    Path((id, action)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let instruction = match action.as_str() {
        "destroy" => Instruction::Destroy,
        "suspend" => Instruction::Suspend { reason: "by-admin".into() },
        "reactivate" => Instruction::Reactivate,
        "update" => Instruction::Update,
        "health-check" => Instruction::HealthCheck,
        _ => return Err(ApiError::NoRoute(format!("/internal/agents/{id}/{action}"))),
    };
    enqueue(&state, &id, instruction).await
}

async fn enqueue(state: &AppState, id: &str, instruction: Instruction) -> Result<(StatusCode, Json<Accepted>)> {
    let agent = agents::get(&state.db, super::id(id, "agent")?).await?;
    if agent.state == AgentState::Destroyed && instruction != Instruction::Destroy {
        return Err(ApiError::Conflict { code: "agent-destroyed", detail: "the agent is gone for good".into() });
    }
    let mut tx = state.db.begin().await?;
    let job = jobs::enqueue(&mut tx, agent.customer, agent.id, &instruction, None).await?;
    tx.commit().await?;
    Ok(accepted(agent.id, job))
}

/// A job.
#[utoipa::path(
    get, path = "/internal/jobs/{id}", tag = "internal", params(("id" = String, Path)),
    responses((status = 200, body = JobView))
)]
pub(crate) async fn job(State(state): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<JobView>> {
    Ok(Json(views::job(jobs::get(&state.db, super::id(&id, "job")?).await?)))
}

/// Gives a job that was given up another set of attempts.
#[utoipa::path(
    post, path = "/internal/jobs/{id}/retry", tag = "internal", params(("id" = String, Path)),
    responses((status = 202, body = JobView))
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<JobView>)> {
    let id = super::id(&id, "job")?;
    jobs::retry(&state.db, id).await?;
    Ok((StatusCode::ACCEPTED, Json(views::job(jobs::get(&state.db, id).await?))))
}
