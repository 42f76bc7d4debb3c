//! The domain and its storage: what every role agrees on, and the only crate that speaks SQL.
//!
//! One module a subject. HTTP, plugins and gateways live elsewhere; nothing here knows a niche by name.

pub mod accounts;
pub mod agent_state;
pub mod agents;
pub mod billing;
pub mod config;
pub mod db;
pub mod digest;
pub mod erasure;
pub mod error;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod lifeline;
pub mod locks;
pub mod mail;
pub mod niche_storage;
pub mod onboarding;
pub mod plugin_usage;
pub mod relay;
pub mod releases;
pub mod telemetry;
pub mod tiers;
pub mod tokens;
pub mod tool_calls;
pub mod usage;
pub mod vault;

pub use digest::Digest;
pub use error::Error;
pub use ids::{AgentId, CheckoutId, CustomerId, JobId, OnboardingId, PeriodId, RequestId, TokenId};
