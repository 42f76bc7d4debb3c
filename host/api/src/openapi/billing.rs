//! What the billing crate serves at the same address, for the document alone: that crate knows no OpenAPI. A test asks
//! each of these routes for an answer.

#![expect(dead_code, reason = "the document is made from what stands over these functions; nobody calls them")]

use openclaw_api_types::{BeginCheckout, Checkout, CheckoutStarted};

/// Begins a checkout with a finished interview and a tier.
#[utoipa::path(
    post, path = "/v1/checkout", tag = "checkout", request_body = BeginCheckout,
    responses((status = 201, body = CheckoutStarted))
)]
fn begin_checkout() {}

/// A checkout.
#[utoipa::path(
    get, path = "/v1/checkout/{id}", tag = "checkout", params(("id" = String, Path)),
    responses((status = 200, body = Checkout))
)]
fn show_checkout() {}

/// Pays a demo checkout: only in `dev` without a Stripe key. No money moves.
#[utoipa::path(
    post, path = "/v1/checkout/{id}/demo-pay", tag = "checkout", params(("id" = String, Path)),
    responses((status = 202))
)]
fn pay_demo_checkout() {}

/// Ends the agent's subscription now; the agent goes with it.
#[utoipa::path(
    post, path = "/v1/agents/{id}/cancel", tag = "agents", params(("id" = String, Path)), responses((status = 202))
)]
fn cancel_agent() {}

/// The address of Stripe's page for cards, invoices and plan changes, as `url`.
#[utoipa::path(post, path = "/v1/portal", tag = "checkout", responses((status = 200)))]
fn open_portal() {}

/// What Stripe tells: signed by it, kept before it is answered, applied once.
#[utoipa::path(
    post, path = "/webhooks/stripe", tag = "webhooks",
    params(("Stripe-Signature" = String, Header)), responses((status = 200))
)]
fn stripe_webhook() {}

/// The routes.
#[derive(utoipa::OpenApi)]
#[openapi(paths(begin_checkout, show_checkout, pay_demo_checkout, cancel_agent, open_portal, stripe_webhook))]
pub(super) struct Billing;
