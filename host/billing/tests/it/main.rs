//! Billing against a real Postgres: what each event changes, once, in whatever order it comes.

mod checkout;
mod events;
mod stripe_api;
mod webhook;

use std::sync::Arc;

use axum::Router;
use openclaw_billing::{Applier, Billing, apply_waiting};
use openclaw_platform::{
    CheckoutId, CustomerId, Digest, OnboardingId, accounts, billing, config::Settings, vault::Vault,
};
use openclaw_testkit::postgres::{Database, database};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use stripe_webhook::Webhook;

const SECRET: &str = "whsec_of_the_test";

/// Billing, served on a port of its own.
struct TestBilling {
    database: Database,
    applier: Applier,
    url: String,
}

impl TestBilling {
    /// With the demo checkout.
    async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With settings of its own.
    async fn with(more: &[(&'static str, String)]) -> Self {
        let database = database().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = [
            ("DATABASE_URL", database.url.clone()),
            ("REDIS_URL", "redis://unused".into()),
            ("PLATFORM_KEY", Vault::random_key().expose_secret().to_owned()),
            ("ADMIN_TOKEN", "an admin token of a test".into()),
            ("ENVIRONMENT", "dev".into()),
            ("STRIPE_WEBHOOK_SECRET", SECRET.into()),
            ("API_URL", url.clone()),
        ];
        let settings = Settings::from_pairs(settings.into_iter().chain(more.iter().cloned())).unwrap();
        let settings = Arc::new(settings);
        let router: Router = Billing::new(settings.clone(), database.pool.clone()).unwrap().router();
        tokio::spawn(axum::serve(listener, router).into_future());
        let applier = Applier::new(settings, database.pool.clone()).unwrap();
        Self { database, applier, url }
    }

    async fn customer(&self) -> CustomerId {
        let mut connection = self.database.pool.acquire().await.unwrap();
        accounts::ensure_customer(&mut connection, "ana@example.com", "pt").await.unwrap().id
    }

    /// A finished interview of `customer` and a checkout begun for it.
    async fn checkout(&self, customer: CustomerId, tier: &str) -> CheckoutId {
        let onboarding = self.interview(customer).await;
        billing::begin_checkout(&self.database.pool, customer, onboarding, tier).await.unwrap()
    }

    async fn interview(&self, customer: CustomerId) -> OnboardingId {
        let digest = Digest::of(b"a component");
        sqlx::query(
            "INSERT INTO releases (digest, niche, version, contract, component, exports, imports, state, uploaded_by, asked, approved, decided_by, decided_at)
             VALUES ($1, 'florist', '1.0.0', '0.1', 'a component', '{}', '{}', 'active', 'test', '{}', '{}', 'test', now()) ON CONFLICT DO NOTHING",
        )
        .bind(digest.0.as_slice())
        .execute(&self.database.pool)
        .await
        .unwrap();
        let id = OnboardingId::new();
        sqlx::query(
            "INSERT INTO onboarding_sessions (id, niche, digest, locale, customer_id, answers, done)
             VALUES ($1, 'florist', $2, 'pt', $3, '[]', true)",
        )
        .bind(id.0)
        .bind(digest.0.as_slice())
        .bind(customer.0)
        .execute(&self.database.pool)
        .await
        .unwrap();
        id
    }

    /// Sends `event` as Stripe would.
    async fn send(&self, event: &Value) -> reqwest::StatusCode {
        let body = event.to_string();
        let signature = Webhook::generate_test_header(&body, SECRET, None);
        self.send_raw(body, Some(signature)).await
    }

    async fn send_raw(&self, body: String, signature: Option<String>) -> reqwest::StatusCode {
        let mut request = openclaw_platform::http::client().post(format!("{}/webhooks/stripe", self.url)).body(body);
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        request.send().await.unwrap().status()
    }

    /// Sends each event and applies what waits after each.
    async fn apply(&self, events: &[Value]) {
        for event in events {
            assert_eq!(self.send(event).await, 200);
            apply_waiting(&self.applier).await.unwrap();
        }
    }

    /// Counts rows.
    async fn count(&self, table_and_condition: &'static str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table_and_condition}")))
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// The jobs' kinds, in order.
    async fn jobs(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT kind FROM jobs ORDER BY sequence").fetch_all(&self.database.pool).await.unwrap()
    }
}

/// An event made `seconds` after the first.
fn event(id: &str, kind: &str, seconds: i64, object: Value) -> Value {
    json!({
        "id": id, "object": "event", "type": kind, "created": 1_790_000_000 + seconds, "livemode": false,
        "pending_webhooks": 1, "data": { "object": object },
    })
}

fn paid(checkout: CheckoutId) -> Value {
    event(
        "evt_paid",
        "checkout.session.completed",
        0,
        json!({
            "id": "cs_1", "object": "checkout.session", "payment_status": "paid",
            "client_reference_id": checkout.to_string(), "customer": "cus_1", "subscription": "sub_1",
        }),
    )
}

fn invoice(id: &str, kind: &str, seconds: i64, attempt: i32) -> Value {
    let start = 1_790_000_000 + seconds;
    event(
        id,
        kind,
        seconds,
        json!({
            "id": format!("in_{id}"), "object": "invoice", "attempt_count": attempt,
            "billing_reason": "subscription_cycle",
            "parent": { "subscription_details": { "subscription": "sub_1" } },
            "lines": { "data": [{ "period": { "start": start, "end": start + 2_592_000 } }] },
        }),
    )
}

fn subscription(id: &str, kind: &str, seconds: i64, tier: &str) -> Value {
    event(
        id,
        kind,
        seconds,
        json!({
            "id": "sub_1", "object": "subscription", "status": "active", "cancel_at_period_end": false,
            "items": { "data": [{ "price": { "id": format!("price_demo_{tier}") },
                                  "current_period_end": 1_792_592_000 }] },
        }),
    )
}
