//! The interview before a customer pays. Whoever holds its cookie may continue it, until a customer makes it theirs.

use axum::{
    Json,
    extract::{Path, State},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use http::StatusCode;
use openclaw_api_types::{BeginOnboarding, GiveAnswer, Onboarding};
use openclaw_platform::{
    OnboardingId,
    accounts::Customer,
    locks::Lock,
    onboarding::{self, Interview},
};
use openclaw_plugins::{Release, Status};
use time::Duration;
use uuid::Uuid;

use crate::{
    AppState,
    auth::SignedIn,
    body::Body,
    error::{ApiError, Result},
    interview::{self, replay},
    limits::Client,
    locale::Locale,
    views,
};

/// Holds the id of the interview that the browser may continue.
const COOKIE: &str = "openclaw_onboarding";
/// How long a browser may continue it.
const LIFETIME: Duration = Duration::days(7);

/// Begins an interview. The answer sets the cookie that continues it.
#[utoipa::path(
    post, path = "/v1/onboarding", tag = "onboarding", request_body = BeginOnboarding,
    responses((status = 201, body = Onboarding))
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    client: Client,
    signed_in: Option<SignedIn>,
    cookies: CookieJar,
    Body(wanted): Body<BeginOnboarding>,
) -> Result<(StatusCode, CookieJar, Json<Onboarding>)> {
    state.limits.interview(client)?;
    let locale = Locale::named(&wanted.locale)?;
    let release = state.niches.offered(&wanted.niche).await?.ok_or_else(|| unknown_niche(&wanted.niche))?;
    let description = state.niches.describe(&release, locale).await?;
    if description.entry.status == Status::ComingSoon {
        return Err(ApiError::Conflict {
            code: "niche-coming-soon",
            detail: format!("{} is not for sale yet", description.entry.name),
        });
    }
    let digest = openclaw_platform::Digest(*release.digest().as_bytes());
    let customer = signed_in.map(|SignedIn(customer)| customer.id);
    let begun = onboarding::begin(&state.db, &wanted.niche, digest, locale.as_str(), customer).await?;
    let cookie = Cookie::build((COOKIE, begun.id.to_string()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_https())
        .max_age(LIFETIME);
    let Json(view) = view(&state, &release, &begun).await?;
    Ok((StatusCode::CREATED, cookies.add(cookie), Json(view)))
}

fn unknown_niche(niche: &str) -> ApiError {
    ApiError::field("unknown-niche", "niche", ApiError::UnknownNiche(niche.to_owned()).to_string())
}

/// Where an interview is.
#[utoipa::path(
    get, path = "/v1/onboarding/{id}", tag = "onboarding", params(("id" = String, Path)),
    responses((status = 200, body = Onboarding))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    Path(id): Path<String>,
    client: Client,
    signed_in: Option<SignedIn>,
    cookies: CookieJar,
) -> Result<Json<Onboarding>> {
    let Opened { interview, release, _alone } = open(&state, &id, client, signed_in, &cookies).await?;
    view(&state, &release, &interview).await
}

/// Answers the current question, or an earlier one anew. A refused answer is a problem `invalid-answer`.
#[utoipa::path(
    post, path = "/v1/onboarding/{id}/answers", tag = "onboarding", params(("id" = String, Path)),
    request_body = GiveAnswer, responses((status = 200, body = Onboarding))
)]
pub(crate) async fn answer(
    State(state): State<AppState>,
    Path(id): Path<String>,
    client: Client,
    signed_in: Option<SignedIn>,
    cookies: CookieJar,
    Body(given): Body<GiveAnswer>,
) -> Result<Json<Onboarding>> {
    let Opened { interview, release, _alone } = open(&state, &id, client, signed_in, &cookies).await?;
    // Browsers send a text of several lines with the line ends of mail.
    let value = given.value.replace("\r\n", "\n");
    let given = interview::answer(&state, &release, &interview, &given.question, &value).await?;
    keep(&state, &release, interview, given).await
}

/// Takes the last answer back.
#[utoipa::path(
    post, path = "/v1/onboarding/{id}/back", tag = "onboarding", params(("id" = String, Path)),
    responses((status = 200, body = Onboarding))
)]
pub(crate) async fn back(
    State(state): State<AppState>,
    Path(id): Path<String>,
    client: Client,
    signed_in: Option<SignedIn>,
    cookies: CookieJar,
) -> Result<Json<Onboarding>> {
    let Opened { interview, release, _alone } = open(&state, &id, client, signed_in, &cookies).await?;
    let given = interview::back(&release, &interview).await?;
    keep(&state, &release, interview, given).await
}

/// An interview that somebody may continue, and nobody else of theirs does meanwhile: a slow niche is asked once for each
/// customer, whatever they send.
struct Opened {
    interview: Interview,
    release: Release,
    _alone: Lock<Uuid>,
}

/// The interview `id`, if the asker may continue it. One that is no one's becomes that of the customer who opens it.
async fn open(
    state: &AppState,
    id: &str,
    client: Client,
    signed_in: Option<SignedIn>,
    cookies: &CookieJar,
) -> Result<Opened> {
    let id = OnboardingId(super::id(id, "interview")?);
    let customer: Option<Customer> = signed_in.map(|SignedIn(customer)| customer);
    let mut interview = onboarding::get(&state.db, id).await?;
    let holds_cookie = cookies.get(COOKIE).is_some_and(|cookie| cookie.value() == id.to_string());
    match (interview.customer, customer) {
        (Some(owner), Some(customer)) if owner == customer.id => {}
        (None, Some(customer)) if holds_cookie => {
            if !onboarding::claim(&state.db, id, customer.id).await? {
                return Err(ApiError::NotFound("interview"));
            }
            interview.customer = Some(customer.id);
        }
        (None, None) if holds_cookie => {}
        _ => return Err(ApiError::NotFound("interview")),
    }
    // Each look at an interview asks the niche for all of its questions again.
    let whose = interview.customer.map_or(interview.id.0, |customer| customer.0);
    state.limits.question(client, whose)?;
    let _alone = state.interviews.lock(whose).await;
    // What came before it may have answered.
    let interview = onboarding::get(&state.db, id).await?;
    let release = state.niches.release(interview.digest).await?;
    Ok(Opened { interview, release, _alone })
}

async fn keep(
    state: &AppState,
    release: &Release,
    mut interview: Interview,
    given: interview::Given,
) -> Result<Json<Onboarding>> {
    let mut answers = Vec::new();
    onboarding::save(&state.db, &state.vault, &interview, given.change(&mut answers)).await?;
    interview.answers = answers;
    view(state, release, &interview).await
}

async fn view(state: &AppState, release: &Release, interview: &Interview) -> Result<Json<Onboarding>> {
    let locale = Locale::stored(&interview.locale);
    let asked = replay(release, &interview.answers, locale).await?;
    let description = state.niches.describe(release, locale).await?;
    Ok(Json(views::interview(interview, asked, &description.entry)))
}
