//! Stripe: checkout, portal, and webhooks into changes of the domain.
//!
//! A webhook is kept before it is answered; the worker applies it, once, in one transaction. Without a Stripe key,
//! `dev` has a demo checkout that sends the same signed events to the same webhook.

mod apply;
mod checkout;
mod demo;
mod error;
mod event;
mod stripe;
mod webhook;
mod worker;

pub use error::BillingError;
pub use worker::{apply_waiting, serve};

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use openclaw_platform::{config::Settings, vault::Vault};
use secrecy::SecretString;
use sqlx::PgPool;

use crate::stripe::Stripe;

/// What the routes need.
#[derive(Clone)]
pub struct Billing {
    db: PgPool,
    settings: Arc<Settings>,
    webhook_secret: SecretString,
    /// Stripe itself; none for the demo checkout.
    stripe: Option<Stripe>,
}

impl Billing {
    /// Billing over `db`. Without a Stripe key only `dev` is allowed.
    pub fn new(settings: Arc<Settings>, db: PgPool) -> Result<Self, BillingError> {
        let webhook_secret = settings.stripe_webhook_secret.clone().ok_or(BillingError::Setting(
            "STRIPE_WEBHOOK_SECRET is not set: copy it from the webhook's page at Stripe",
        ))?;
        let stripe = Stripe::from_settings(&settings)?;
        if stripe.is_none() && !settings.is_dev() {
            return Err(BillingError::Setting("STRIPE_SECRET_KEY is not set: without it nobody can pay"));
        }
        Ok(Self { db, settings, webhook_secret, stripe })
    }

    /// `/webhooks/stripe`, the checkout, the portal and the end of a subscription.
    pub fn router(self) -> Router {
        let router = Router::new()
            .route("/webhooks/stripe", post(webhook::receive))
            .route("/v1/checkout", post(checkout::begin))
            .route("/v1/checkout/{id}", get(checkout::show))
            .route("/v1/agents/{id}/cancel", post(checkout::cancel))
            .route("/v1/portal", post(checkout::portal));
        let router = match self.stripe {
            Some(_) => router,
            None => router.route("/v1/checkout/{id}/demo-pay", post(demo::pay)),
        };
        router.with_state(self)
    }
}

/// What the worker needs.
#[derive(Clone)]
pub struct Applier {
    pub(crate) db: PgPool,
    pub(crate) vault: Vault,
    pub(crate) settings: Arc<Settings>,
    pub(crate) stripe: Option<Stripe>,
}

impl Applier {
    /// One that writes to `db`.
    pub fn new(settings: Arc<Settings>, db: PgPool) -> Result<Self, BillingError> {
        let stripe = Stripe::from_settings(&settings)?;
        Ok(Self { vault: Vault::new(&settings.platform_key)?, db, settings, stripe })
    }
}
