//! The parts of Stripe's events that matter here. Everything else in them may change without harm.
//!
//! Shapes: <https://docs.stripe.com/api/events>. Two places moved in API version 2025-03-31: an invoice's subscription
//! (to `parent.subscription_details`) and a subscription's period (to its items). Both versions are read.

use openclaw_platform::config::Settings;
use serde::Deserialize;
use time::OffsetDateTime;

/// The envelope.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(with = "time::serde::timestamp")]
    pub(crate) created: OffsetDateTime,
    pub(crate) data: Data,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Data {
    pub(crate) object: serde_json::Value,
}

/// `checkout.session.completed`.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckoutSession {
    pub(crate) client_reference_id: Option<String>,
    pub(crate) customer: Option<Reference>,
    pub(crate) subscription: Option<Reference>,
    pub(crate) payment_status: String,
}

/// An id, or the object it stands for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// `customer.subscription.*`.
#[derive(Debug, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) cancel_at_period_end: bool,
    #[serde(default, with = "time::serde::timestamp::option")]
    current_period_end: Option<OffsetDateTime>,
    items: Items<Item>,
}

#[derive(Debug, Deserialize)]
struct Items<T> {
    data: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Item {
    price: Price,
    #[serde(default, with = "time::serde::timestamp::option")]
    current_period_end: Option<OffsetDateTime>,
}

#[derive(Debug, Deserialize)]
struct Price {
    id: String,
}

impl Subscription {
    pub(crate) fn period_end(&self) -> Option<OffsetDateTime> {
        self.current_period_end.or_else(|| self.items.data.first()?.current_period_end)
    }

    /// The tier of its price; an error names a price that belongs to none.
    pub(crate) fn tier(&self, prices: &Prices) -> Result<&'static str, String> {
        let price = self.items.data.first().map(|i| i.price.id.as_str()).unwrap_or_default();
        prices.tier(price).ok_or_else(|| format!("price {price:?} belongs to no tier: is STRIPE_PRICE_… set?"))
    }
}

/// `invoice.payment_*`.
#[derive(Debug, Deserialize)]
pub(crate) struct Invoice {
    #[serde(default)]
    pub(crate) attempt_count: i32,
    pub(crate) billing_reason: Option<String>,
    subscription: Option<Reference>,
    parent: Option<Parent>,
    lines: Items<Line>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    subscription_details: Option<SubscriptionDetails>,
}

#[derive(Debug, Deserialize)]
struct SubscriptionDetails {
    subscription: Reference,
}

#[derive(Debug, Deserialize)]
struct Line {
    period: Period,
}

/// From when to when an invoice's line pays.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Period {
    #[serde(with = "time::serde::timestamp")]
    pub(crate) start: OffsetDateTime,
    #[serde(with = "time::serde::timestamp")]
    pub(crate) end: OffsetDateTime,
}

impl Invoice {
    /// The subscription it is for; none for an invoice of another kind.
    pub(crate) fn subscription(&self) -> Option<&str> {
        let details = self.parent.as_ref().and_then(|p| p.subscription_details.as_ref()).map(|d| &d.subscription);
        details.or(self.subscription.as_ref()).map(Reference::id)
    }

    /// The span it pays for: the line that reaches furthest. The others are corrections of the span before.
    pub(crate) fn period(&self) -> Option<Period> {
        self.lines.data.iter().map(|l| l.period).max_by_key(|p| (p.end, p.start))
    }
}

/// Which price is which tier's.
pub(crate) struct Prices([(&'static str, String); 3]);

impl Prices {
    pub(crate) fn new(settings: &Settings) -> Self {
        let price = |tier: &'static str, set: &str| {
            // The demo checkout's prices, where none is set.
            (tier, if set.is_empty() { format!("price_demo_{tier}") } else { set.to_owned() })
        };
        Self([
            price("starter", &settings.stripe_price_starter),
            price("pro", &settings.stripe_price_pro),
            price("team", &settings.stripe_price_team),
        ])
    }

    pub(crate) fn tier(&self, price: &str) -> Option<&'static str> {
        self.0.iter().find(|(_, p)| p == price).map(|(tier, _)| *tier)
    }

    pub(crate) fn price(&self, tier: &str) -> Option<&str> {
        self.0.iter().find(|(t, _)| *t == tier).map(|(_, price)| price.as_str())
    }
}
