//! What each event changes. Each runs inside the transaction that also marks the event as applied.

use openclaw_platform::{
    AgentId, CheckoutId,
    agents::{self, NewAgent},
    billing::{self, StripeEvent, Subscription},
    jobs::{self, Instruction},
    usage,
};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::{
    Applier, BillingError,
    event::{CheckoutSession, Envelope, Invoice, Prices, Subscription as Told},
};

/// After this many failed attempts to take an invoice's money the agent is suspended.
const FAILED_PAYMENTS: i32 = 3;
/// The span opened by a checkout, until the first renewal says its own.
const FIRST_PERIOD: Duration = Duration::days(31);
/// Why an agent is suspended when nobody pays.
const PAYMENT_FAILED: &str = "payment-failed";

/// Applies `event` and says in a word or two what came of it.
pub(crate) async fn apply(
    on: &Applier,
    tx: &mut PgConnection,
    event: &StripeEvent,
) -> Result<&'static str, BillingError> {
    let envelope: Envelope = read(&event.body)?;
    let object = &envelope.data.object;
    match event.kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            checkout_completed(on, tx, event, read(object)?).await
        }
        "invoice.payment_succeeded" => payment_succeeded(tx, event, read(object)?).await,
        "invoice.payment_failed" => payment_failed(tx, event, read(object)?).await,
        "customer.subscription.updated" => subscription_updated(on, tx, event, read(object)?).await,
        "customer.subscription.deleted" => subscription_deleted(tx, event, read(object)?).await,
        _ => Ok("not for us"),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Result<T, BillingError> {
    T::deserialize(value).map_err(|e| BillingError::BadWebhook(format!("the event's object is of another shape: {e}")))
}

/// Subscription, period, agent and its `provision` job: all or nothing.
async fn checkout_completed(
    on: &Applier,
    tx: &mut PgConnection,
    event: &StripeEvent,
    session: CheckoutSession,
) -> Result<&'static str, BillingError> {
    if !matches!(session.payment_status.as_str(), "paid" | "no_payment_required") {
        // A slow payment: `checkout.session.async_payment_succeeded` follows when it arrives.
        return Ok("not paid yet");
    }
    let Some(id) = session.client_reference_id.as_deref().and_then(|id| id.parse::<CheckoutId>().ok()) else {
        return Ok("not a checkout of ours");
    };
    let Some(checkout) = billing::checkout(&mut *tx, id).await? else {
        return Ok("not a checkout of ours");
    };
    let (Some(subscription), Some(customer)) = (session.subscription, session.customer) else {
        return Err(BillingError::BadWebhook("a paid checkout without subscription or customer".into()));
    };
    if let Some(agent) = billing::agent_of_interview(tx, checkout.onboarding).await? {
        let known = billing::subscription_of_agent(&mut *tx, agent).await?;
        if known.is_none_or(|known| known.id == subscription.id()) {
            return Ok("the agent is there already");
        }
        // Paid twice, at two pages opened side by side: the second subscription has nothing to pay for.
        tracing::error!(subscription = subscription.id(), %agent, "a second payment for one agent: refund it");
        if let Some(stripe) = &on.stripe {
            stripe.cancel(subscription.id()).await?;
        }
        return Ok("a second payment, canceled");
    }
    let interview = billing::paid_interview(&mut *tx, &on.vault, id).await?;
    let telegram_users: Vec<i64> = interview.telegram_user.into_iter().collect();
    let agent = agents::create(
        tx,
        &on.vault,
        NewAgent {
            customer: checkout.customer,
            niche: &interview.niche,
            digest: interview.digest,
            tier: &checkout.tier,
            model: &on.settings.default_model,
            locale: &interview.locale,
            profile: &interview.answers,
            bot_token: interview.bot_token.as_ref(),
            telegram_users: &telegram_users,
        },
    )
    .await?;
    let ends_at = event.created_at + FIRST_PERIOD;
    let limit = billing::monthly_tokens(&mut *tx, &checkout.tier).await?;
    usage::open_period(tx, agent, event.created_at, ends_at, limit).await?;
    billing::create_subscription(
        tx,
        &Subscription {
            id: subscription.id().to_owned(),
            customer: checkout.customer,
            stripe_customer: customer.id().to_owned(),
            agent,
            tier: checkout.tier.clone(),
            state: "active".into(),
            failed_payments: 0,
            cancel_at_period_end: false,
            current_period_end: Some(ends_at),
            state_as_of: event.created_at,
            payment_as_of: event.created_at,
        },
    )
    .await?;
    billing::checkout_paid(tx, id, agent, OffsetDateTime::now_utc()).await?;
    jobs::enqueue(tx, checkout.customer, agent, &Instruction::Provision, Some(&format!("checkout:{id}"))).await?;
    // What came before its checkout can be applied now.
    billing::retry_waiting_events(tx).await?;
    Ok("provisioning")
}

/// The next period; an agent that was suspended for want of money comes back.
async fn payment_succeeded(
    tx: &mut PgConnection,
    event: &StripeEvent,
    invoice: Invoice,
) -> Result<&'static str, BillingError> {
    let Some(mut subscription) = of_invoice(tx, &invoice).await? else { return Ok("not a subscription's invoice") };
    if subscription.state == "canceled" {
        return Ok("canceled before");
    }
    // The checkout opened the first period itself, and a change of plan is paid within the period under way: were
    // that to open another, every change would give all tokens anew.
    let within = matches!(invoice.billing_reason.as_deref(), Some("subscription_create" | "subscription_update"));
    if let (Some(period), false) = (invoice.period(), within) {
        let limit = billing::monthly_tokens(&mut *tx, &subscription.tier).await?;
        usage::open_period(tx, subscription.agent, period.start, period.end, limit).await?;
        subscription.current_period_end = subscription.current_period_end.max(Some(period.end));
    }
    if event.created_at >= subscription.payment_as_of {
        let was_past_due = subscription.state == "past_due";
        subscription.payment_as_of = event.created_at;
        subscription.failed_payments = 0;
        subscription.state = "active".into();
        if was_past_due {
            enqueue(tx, event, &subscription, Instruction::Reactivate).await?;
        }
    }
    billing::update_subscription(tx, &subscription).await?;
    Ok("paid")
}

/// Counted; the third in a row suspends.
async fn payment_failed(
    tx: &mut PgConnection,
    event: &StripeEvent,
    invoice: Invoice,
) -> Result<&'static str, BillingError> {
    let Some(mut subscription) = of_invoice(tx, &invoice).await? else { return Ok("not a subscription's invoice") };
    if subscription.state == "canceled" || event.created_at < subscription.payment_as_of {
        return Ok("overtaken");
    }
    subscription.payment_as_of = event.created_at;
    subscription.failed_payments = invoice.attempt_count.max(subscription.failed_payments + 1);
    let suspend = subscription.failed_payments >= FAILED_PAYMENTS && subscription.state != "past_due";
    if suspend {
        subscription.state = "past_due".into();
        enqueue(tx, event, &subscription, Instruction::Suspend { reason: PAYMENT_FAILED.into() }).await?;
    }
    billing::update_subscription(tx, &subscription).await?;
    Ok(if suspend { "suspending" } else { "counted" })
}

/// Another tier resizes.
async fn subscription_updated(
    on: &Applier,
    tx: &mut PgConnection,
    event: &StripeEvent,
    told: Told,
) -> Result<&'static str, BillingError> {
    let mut subscription = lock(tx, &told.id).await?;
    if subscription.state == "canceled" || event.created_at < subscription.state_as_of {
        return Ok("overtaken");
    }
    let tier = told.tier(&Prices::new(&on.settings)).map_err(BillingError::BadWebhook)?;
    let resized = tier != subscription.tier;
    subscription.state_as_of = event.created_at;
    subscription.cancel_at_period_end = told.cancel_at_period_end;
    subscription.current_period_end = told.period_end().or(subscription.current_period_end);
    if resized {
        tier.clone_into(&mut subscription.tier);
        enqueue(tx, event, &subscription, Instruction::Resize { tier: tier.into() }).await?;
    }
    billing::update_subscription(tx, &subscription).await?;
    Ok(if resized { "resizing" } else { "noted" })
}

/// Over: the agent goes.
async fn subscription_deleted(
    tx: &mut PgConnection,
    event: &StripeEvent,
    told: Told,
) -> Result<&'static str, BillingError> {
    let mut subscription = lock(tx, &told.id).await?;
    if subscription.state == "canceled" {
        return Ok("canceled before");
    }
    subscription.state = "canceled".into();
    subscription.state_as_of = event.created_at;
    enqueue(tx, event, &subscription, Instruction::Destroy).await?;
    billing::update_subscription(tx, &subscription).await?;
    Ok("destroying")
}

async fn of_invoice(tx: &mut PgConnection, invoice: &Invoice) -> Result<Option<Subscription>, BillingError> {
    match invoice.subscription() {
        Some(id) => lock(tx, id).await.map(Some),
        None => Ok(None),
    }
}

/// The subscription, or a wait: Stripe does not promise that its checkout comes first.
async fn lock(tx: &mut PgConnection, id: &str) -> Result<Subscription, BillingError> {
    billing::lock_subscription(tx, id)
        .await?
        .ok_or_else(|| BillingError::Waits(format!("the checkout of subscription {id}")))
}

async fn enqueue(
    tx: &mut PgConnection,
    event: &StripeEvent,
    subscription: &Subscription,
    instruction: Instruction,
) -> Result<(), BillingError> {
    let agent: AgentId = subscription.agent;
    jobs::enqueue(tx, subscription.customer, agent, &instruction, Some(&format!("stripe:{}", event.id))).await?;
    Ok(())
}
