//! Checkouts, subscriptions, and the events Stripe sent.

use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::{
    AgentId, CheckoutId, CustomerId, Error, OnboardingId,
    error::Result,
    onboarding::{self, FinishedOnboarding},
    vault::Vault,
};

/// A checkout that was begun.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// Its id, Stripe's `client_reference_id`.
    pub id: CheckoutId,
    /// Who pays.
    pub customer: CustomerId,
    /// Their address.
    pub email: String,
    /// The interview that the agent is made from.
    pub onboarding: OnboardingId,
    /// The interview's niche.
    pub niche: String,
    /// The tier that was chosen.
    pub tier: String,
    /// The agent, once it was paid.
    pub agent: Option<AgentId>,
    /// When it was paid.
    pub paid_at: Option<OffsetDateTime>,
}

/// Begins a checkout of the finished interview `onboarding`, as it is now.
pub async fn begin_checkout(
    db: impl PgExecutor<'_>,
    customer: CustomerId,
    onboarding: OnboardingId,
    tier: &str,
) -> Result<CheckoutId> {
    let id = CheckoutId::new();
    let begun = sqlx::query!(
        "INSERT INTO checkouts (id, customer_id, onboarding_id, tier, digest, answers, bot_token, telegram_user)
         SELECT $1, $2, id, $4, digest, answers, bot_token, telegram_user
         FROM onboarding_sessions WHERE id = $3 AND done",
        id.0,
        customer.0,
        onboarding.0,
        tier
    )
    .execute(db)
    .await?;
    if begun.rows_affected() == 0 {
        return Err(Error::Conflict("the interview is not finished: there are questions left".into()));
    }
    Ok(id)
}

/// What is paid for: the interview as it was when the checkout began.
pub async fn paid_interview(db: impl PgExecutor<'_>, vault: &Vault, id: CheckoutId) -> Result<FinishedOnboarding> {
    let row = sqlx::query!(
        r#"SELECT o.id AS "onboarding: OnboardingId", o.niche, o.locale, k.customer_id, k.digest, k.answers, k.bot_token,
                  k.telegram_user
           FROM checkouts k JOIN onboarding_sessions o ON o.id = k.onboarding_id WHERE k.id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("checkout"))?;
    let context = onboarding::bot_token_context(row.onboarding);
    Ok(FinishedOnboarding {
        customer: Some(CustomerId(row.customer_id)),
        niche: row.niche,
        digest: row.digest.try_into()?,
        locale: row.locale,
        answers: serde_json::from_value(row.answers).map_err(|e| Error::Corrupt(format!("answers: {e}")))?,
        bot_token: row.bot_token.map(|sealed| vault.open(&context, &sealed)).transpose()?,
        telegram_user: row.telegram_user,
    })
}

/// Forgets checkouts that nobody paid for within [`onboarding::FORGET_DAYS`]; Stripe closes their pages after a day.
pub async fn forget_unpaid(db: impl PgExecutor<'_>) -> Result<u64> {
    let gone = sqlx::query!(
        "DELETE FROM checkouts WHERE agent_id IS NULL AND created_at < now() - make_interval(days => $1)",
        onboarding::FORGET_DAYS
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}

/// The checkout `id`.
pub async fn checkout(db: impl PgExecutor<'_>, id: CheckoutId) -> Result<Option<Checkout>> {
    Ok(sqlx::query_as!(
        Checkout,
        r#"SELECT k.id AS "id: CheckoutId", k.customer_id AS "customer: CustomerId", c.email,
                  k.onboarding_id AS "onboarding: OnboardingId", o.niche, k.tier,
                  k.agent_id AS "agent: AgentId", k.paid_at
           FROM checkouts k
           JOIN customers c ON c.id = k.customer_id
           JOIN onboarding_sessions o ON o.id = k.onboarding_id
           WHERE k.id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?)
}

/// The agent that interview `onboarding` was already turned into, if it was. Locks the interview's row, so that of
/// two checkouts of one interview the second sees what the first made.
pub async fn agent_of_interview(db: &mut PgConnection, onboarding: OnboardingId) -> Result<Option<AgentId>> {
    sqlx::query!("SELECT id FROM onboarding_sessions WHERE id = $1 FOR UPDATE", onboarding.0)
        .fetch_optional(&mut *db)
        .await?;
    let made = sqlx::query_scalar!(
        r#"SELECT agent_id AS "agent!: AgentId" FROM checkouts WHERE onboarding_id = $1 AND agent_id IS NOT NULL"#,
        onboarding.0
    )
    .fetch_optional(db)
    .await?;
    Ok(made)
}

/// Notes that the checkout was paid and what it made.
pub async fn checkout_paid(db: &mut PgConnection, id: CheckoutId, agent: AgentId, at: OffsetDateTime) -> Result<()> {
    sqlx::query!("UPDATE checkouts SET agent_id = $2, paid_at = $3 WHERE id = $1", id.0, agent.0, at)
        .execute(db)
        .await?;
    Ok(())
}

/// A subscription at Stripe.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Stripe's id, `sub_…`.
    pub id: String,
    /// Whose.
    pub customer: CustomerId,
    /// Stripe's id of the customer, `cus_…`.
    pub stripe_customer: String,
    /// The agent it pays for.
    pub agent: AgentId,
    /// Its tier.
    pub tier: String,
    /// `active`, `past_due` or `canceled`.
    pub state: String,
    /// Payments that failed since the last that did not.
    pub failed_payments: i32,
    /// Whether it ends with the paid time.
    pub cancel_at_period_end: bool,
    /// When the paid time ends.
    pub current_period_end: Option<OffsetDateTime>,
    /// When Stripe made the newest event about its state that was applied.
    pub state_as_of: OffsetDateTime,
    /// When Stripe made the newest event about its payments that was applied.
    pub payment_as_of: OffsetDateTime,
}

/// Writes a new subscription.
pub async fn create_subscription(db: &mut PgConnection, new: &Subscription) -> Result<()> {
    sqlx::query!(
        "INSERT INTO subscriptions (id, customer_id, stripe_customer, agent_id, tier, state, current_period_end,
                                    state_as_of, payment_as_of)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        new.customer.0,
        new.stripe_customer,
        new.agent.0,
        new.tier,
        new.state,
        new.current_period_end,
        new.state_as_of,
        new.payment_as_of,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The subscription `id`, locked until the transaction ends.
pub async fn lock_subscription(db: &mut PgConnection, id: &str) -> Result<Option<Subscription>> {
    Ok(sqlx::query_as!(
        Subscription,
        r#"SELECT id, customer_id AS "customer: CustomerId", stripe_customer, agent_id AS "agent: AgentId", tier, state,
                  failed_payments, cancel_at_period_end, current_period_end, state_as_of, payment_as_of
           FROM subscriptions WHERE id = $1 FOR UPDATE"#,
        id
    )
    .fetch_optional(db)
    .await?)
}

/// The subscription that pays for `agent`.
pub async fn subscription_of_agent(db: impl PgExecutor<'_>, agent: AgentId) -> Result<Option<Subscription>> {
    Ok(sqlx::query_as!(
        Subscription,
        r#"SELECT id, customer_id AS "customer: CustomerId", stripe_customer, agent_id AS "agent: AgentId", tier, state,
                  failed_payments, cancel_at_period_end, current_period_end, state_as_of, payment_as_of
           FROM subscriptions WHERE agent_id = $1"#,
        agent.0
    )
    .fetch_optional(db)
    .await?)
}

/// Some subscription of `customer`, the newest: its Stripe customer opens the portal.
pub async fn subscription_of_customer(db: impl PgExecutor<'_>, customer: CustomerId) -> Result<Option<Subscription>> {
    Ok(sqlx::query_as!(
        Subscription,
        r#"SELECT id, customer_id AS "customer: CustomerId", stripe_customer, agent_id AS "agent: AgentId", tier, state,
                  failed_payments, cancel_at_period_end, current_period_end, state_as_of, payment_as_of
           FROM subscriptions WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 1"#,
        customer.0
    )
    .fetch_optional(db)
    .await?)
}

/// Writes what changed of `subscription` back. Its agent, customer and ids never change.
pub async fn update_subscription(db: &mut PgConnection, subscription: &Subscription) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions SET tier = $2, state = $3, failed_payments = $4, cancel_at_period_end = $5,
                current_period_end = $6, state_as_of = $7, payment_as_of = $8
         WHERE id = $1",
        subscription.id,
        subscription.tier,
        subscription.state,
        subscription.failed_payments,
        subscription.cancel_at_period_end,
        subscription.current_period_end,
        subscription.state_as_of,
        subscription.payment_as_of,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An event as Stripe sent it.
#[derive(Debug, Clone)]
pub struct StripeEvent {
    /// `evt_…`.
    pub id: String,
    /// Such as `invoice.payment_failed`.
    pub kind: String,
    /// When Stripe made it.
    pub created_at: OffsetDateTime,
    /// All of it.
    pub body: serde_json::Value,
    /// How often it was tried.
    pub attempts: i32,
}

/// Keeps an event and wakes the worker. The answer says whether it is new.
pub async fn keep_event(
    db: &PgPool,
    id: &str,
    kind: &str,
    created_at: OffsetDateTime,
    body: &serde_json::Value,
) -> Result<bool> {
    let mut tx = db.begin().await?;
    let kept = sqlx::query!(
        "INSERT INTO stripe_events (id, kind, created_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        id,
        kind,
        created_at,
        body
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar!("SELECT pg_notify('stripe_events', $1)::text", id).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(kept.rows_affected() > 0)
}

/// The next event to apply, locked until the transaction ends: those that Stripe made first come first.
pub async fn next_event(db: &mut PgConnection) -> Result<Option<StripeEvent>> {
    Ok(sqlx::query_as!(
        StripeEvent,
        "SELECT id, kind, created_at, body, attempts FROM stripe_events
         WHERE applied_at IS NULL AND retry_at <= now()
         ORDER BY created_at, received_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    .fetch_optional(db)
    .await?)
}

/// Notes that the event was applied and what came of it, in the transaction that applied it.
pub async fn event_applied(db: &mut PgConnection, id: &str, outcome: &str) -> Result<()> {
    sqlx::query!("UPDATE stripe_events SET applied_at = now(), outcome = $2, error = NULL WHERE id = $1", id, outcome)
        .execute(db)
        .await?;
    Ok(())
}

/// Puts the event off for `seconds`.
pub async fn event_put_off(db: &PgPool, id: &str, why: &str, seconds: f64) -> Result<()> {
    sqlx::query!(
        "UPDATE stripe_events SET attempts = attempts + 1, error = $2, retry_at = now() + make_interval(secs => $3)
         WHERE id = $1 AND applied_at IS NULL",
        id,
        why,
        seconds
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes events that wait for something try again now, since something new was applied.
pub async fn retry_waiting_events(db: &mut PgConnection) -> Result<()> {
    sqlx::query!("UPDATE stripe_events SET retry_at = now() WHERE applied_at IS NULL AND retry_at > now()")
        .execute(db)
        .await?;
    Ok(())
}

/// The customer and tier's tokens of an agent, for opening its next period.
pub async fn monthly_tokens(db: impl PgExecutor<'_>, tier: &str) -> Result<i64> {
    sqlx::query_scalar!("SELECT monthly_tokens FROM tiers WHERE id = $1", tier)
        .fetch_optional(db)
        .await?
        .ok_or(Error::NotFound("tier"))
}
