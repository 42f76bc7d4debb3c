//! What a signed-in customer does with money.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
};
use axum_extra::extract::CookieJar;
use http::{StatusCode, request::Parts};
use openclaw_api_types::{BeginCheckout, Checkout as CheckoutView, CheckoutStarted, TierSummary};
use openclaw_platform::{
    AgentId, CheckoutId, OnboardingId,
    accounts::{self, Customer},
    agents::{self, AgentState},
    billing::{self, Checkout},
    jobs::{self, Instruction},
    onboarding, tiers,
    vault::Vault,
};

use crate::{Billing, BillingError, demo};

/// The customer whose session the request carries.
pub(crate) struct SignedIn(pub(crate) Customer);

impl FromRequestParts<Billing> for SignedIn {
    type Rejection = BillingError;

    async fn from_request_parts(parts: &mut Parts, state: &Billing) -> Result<Self, BillingError> {
        let cookies = CookieJar::from_headers(&parts.headers);
        let cookie = cookies.get(accounts::SESSION_COOKIE).ok_or(BillingError::NotSignedIn)?;
        let customer = accounts::customer_of_session(&state.db, cookie.value()).await?;
        customer.map(Self).ok_or(BillingError::NotSignedIn)
    }
}

/// `POST /v1/checkout`
pub(crate) async fn begin(
    State(state): State<Billing>,
    SignedIn(customer): SignedIn,
    Json(wanted): Json<BeginCheckout>,
) -> Result<(StatusCode, Json<CheckoutStarted>), BillingError> {
    if tiers::find(&state.db, &wanted.tier).await?.is_none() {
        return Err(BillingError::Invalid {
            code: "unknown-tier",
            field: "tier",
            detail: format!("there is no tier {:?}: choose starter, pro or team", wanted.tier),
        });
    }
    let unknown = || BillingError::Invalid {
        code: "unknown-onboarding",
        field: "onboarding",
        detail: "there is no such finished interview of yours: answer its questions first".into(),
    };
    let id = OnboardingId(wanted.onboarding.parse().map_err(|_| unknown())?);
    let vault = Vault::new(&state.settings.platform_key)?;
    let interview = onboarding::finished(&state.db, &vault, id).await.map_err(|error| match error {
        openclaw_platform::Error::NotFound(_) | openclaw_platform::Error::Conflict(_) => unknown(),
        other => other.into(),
    })?;
    if interview.customer != Some(customer.id) {
        return Err(unknown());
    }
    let mut tx = state.db.begin().await?;
    // Nobody pays a second time for what is there.
    if billing::agent_of_interview(&mut tx, id).await?.is_some() {
        return Err(BillingError::Conflict("already-paid", "this interview is paid for and has its agent".into()));
    }
    let checkout = billing::begin_checkout(&mut *tx, customer.id, id, &wanted.tier).await?;
    tx.commit().await?;
    let url = match &state.stripe {
        Some(stripe) => {
            let begun = of_customer(&state, &customer, checkout).await?;
            let before = billing::subscription_of_customer(&state.db, customer.id).await?.map(|s| s.stripe_customer);
            // Stripe knows nobody from the demo checkout.
            let known = before.filter(|id| !id.starts_with(demo::CUSTOMER));
            stripe.checkout_page(&begun, known, &interview.locale, &state.settings).await?
        }
        None => format!("{}/{}/demo-checkout/{checkout}", state.settings.public_url, interview.locale),
    };
    Ok((StatusCode::CREATED, Json(CheckoutStarted { id: checkout.to_string(), url })))
}

/// The customer's checkout `id`; another's does not exist for them.
pub(crate) async fn of_customer(
    state: &Billing,
    customer: &Customer,
    id: CheckoutId,
) -> Result<Checkout, BillingError> {
    billing::checkout(&state.db, id)
        .await?
        .filter(|c| c.customer == customer.id)
        .ok_or(BillingError::NotFound("checkout"))
}

/// `GET /v1/checkout/{id}`
pub(crate) async fn show(
    State(state): State<Billing>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<CheckoutView>, BillingError> {
    let id = id.parse().map_err(|_| BillingError::NotFound("checkout"))?;
    let checkout = of_customer(&state, &customer, id).await?;
    let tier = tiers::find(&state.db, &checkout.tier).await?.ok_or(BillingError::NotFound("tier"))?;
    Ok(Json(CheckoutView {
        id: checkout.id.to_string(),
        tier: TierSummary {
            id: tier.id,
            price_cents: tier.price_cents,
            monthly_tokens: tier.monthly_tokens,
            telegram_users: tier.telegram_users,
            thinking: tier.thinking,
        },
        niche: checkout.niche,
        paid: checkout.paid_at.is_some(),
        demo: state.stripe.is_none(),
        agent: checkout.agent.map(|a| a.to_string()),
    }))
}

/// `POST /v1/agents/{id}/cancel`: the subscription ends now, and the agent goes.
pub(crate) async fn cancel(
    State(state): State<Billing>,
    SignedIn(customer): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, BillingError> {
    let id: AgentId = id.parse().map_err(|_| BillingError::NotFound("agent"))?;
    let agent = agents::get(&state.db, id).await.map_err(|error| match error {
        openclaw_platform::Error::NotFound(_) => BillingError::NotFound("agent"),
        other => other.into(),
    })?;
    if agent.customer != customer.id {
        return Err(BillingError::NotFound("agent"));
    }
    if agent.state == AgentState::Destroyed {
        return Ok(StatusCode::ACCEPTED);
    }
    match (billing::subscription_of_agent(&state.db, id).await?, &state.stripe) {
        (Some(subscription), Some(stripe)) => stripe.cancel(&subscription.id).await?,
        (Some(subscription), None) => demo::cancel(&state, &subscription).await?,
        // An agent that nobody pays for through Stripe.
        (None, _) => {
            let mut tx = state.db.begin().await?;
            jobs::enqueue(&mut tx, customer.id, id, &Instruction::Destroy, Some(&format!("cancel:{id}"))).await?;
            tx.commit().await?;
        }
    }
    Ok(StatusCode::ACCEPTED)
}

/// `POST /v1/portal`: the address of Stripe's page for cards, invoices and plan changes.
pub(crate) async fn portal(
    State(state): State<Billing>,
    SignedIn(customer): SignedIn,
) -> Result<Json<serde_json::Value>, BillingError> {
    let Some(stripe) = &state.stripe else {
        return Err(BillingError::Conflict(
            "demo-billing",
            "the demo checkout has no portal: set STRIPE_SECRET_KEY".into(),
        ));
    };
    let subscription = billing::subscription_of_customer(&state.db, customer.id)
        .await?
        .ok_or(BillingError::NotFound("subscription"))?;
    let back = format!("{}/{}/agents", state.settings.public_url, customer.locale);
    let url = stripe.portal(&subscription.stripe_customer, back).await?;
    Ok(Json(serde_json::json!({ "url": url })))
}
