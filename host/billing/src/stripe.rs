//! The calls to Stripe itself.

use openclaw_platform::{billing::Checkout, config::Settings};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use stripe::{Client, ClientBuilder, RequestStrategy, StripeError};
use stripe_billing::{billing_portal_session::CreateBillingPortalSession, subscription::CancelSubscription};
use stripe_checkout::checkout_session::{CreateCheckoutSession, CreateCheckoutSessionLineItems};

use crate::{BillingError, event::Prices};

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client with the platform's key.
#[derive(Clone)]
pub(crate) struct Stripe(Client);

impl Stripe {
    /// One with the key of `settings`, if there is one.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Option<Self>, BillingError> {
        let Some(key) = &settings.stripe_secret_key else { return Ok(None) };
        let client = ClientBuilder::new(key.expose_secret())
            .url(settings.stripe_api_url.clone())
            .timeout(TIMEOUT)
            .request_strategy(RequestStrategy::ExponentialBackoff(3))
            .build()
            .map_err(|e| BillingError::Stripe(e.to_string()))?;
        Ok(Some(Self(client)))
    }

    /// The address of the page to pay `checkout` at. `known` is the customer at Stripe, who then finds all their
    /// subscriptions in one portal.
    pub(crate) async fn checkout_page(
        &self,
        checkout: &Checkout,
        known: Option<String>,
        locale: &str,
        settings: &Settings,
    ) -> Result<String, BillingError> {
        let prices = Prices::new(settings);
        let price = prices.price(&checkout.tier).ok_or(BillingError::NotFound("tier"))?.to_owned();
        let item = CreateCheckoutSessionLineItems { price: Some(price), quantity: Some(1), ..Default::default() };
        let site = &settings.public_url;
        let session = match known {
            Some(customer) => CreateCheckoutSession::new().customer(customer),
            None => CreateCheckoutSession::new().customer_email(checkout.email.clone()),
        };
        let session = session
            .mode(stripe_shared::CheckoutSessionMode::Subscription)
            .client_reference_id(checkout.id.to_string())
            .line_items(vec![item])
            .success_url(format!("{site}/{locale}/progress/{}", checkout.id))
            .cancel_url(format!("{site}/{locale}/onboarding/{}/plan", checkout.onboarding))
            .send(&self.0)
            .await
            .map_err(|e| BillingError::Stripe(e.to_string()))?;
        session.url.ok_or_else(|| BillingError::Stripe("a checkout session without a page".into()))
    }

    /// The address of the customer's portal: cards, invoices, plan changes.
    pub(crate) async fn portal(&self, stripe_customer: &str, back: String) -> Result<String, BillingError> {
        let session = CreateBillingPortalSession::new()
            .customer(stripe_customer)
            .return_url(back)
            .send(&self.0)
            .await
            .map_err(|e| BillingError::Stripe(e.to_string()))?;
        Ok(session.url)
    }

    /// Ends a subscription now; `customer.subscription.deleted` follows. One that has ended is fine.
    pub(crate) async fn cancel(&self, subscription: &str) -> Result<(), BillingError> {
        match CancelSubscription::new(subscription.to_owned()).send(&self.0).await {
            // Stripe did it; that its answer is of an API version the library does not know changes nothing.
            Ok(_) | Err(StripeError::JSONDeserialize(_) | StripeError::Stripe(_, 404)) => Ok(()),
            Err(error) => Err(BillingError::Stripe(error.to_string())),
        }
    }
}
