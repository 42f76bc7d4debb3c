//! The JSON the API speaks: shared by the API, the web and the tests, and compiled to WebAssembly for the browser.
//!
//! Instants are RFC 3339 in UTC; money is in cents of US dollars; tokens are LLM tokens.

use serde::{Deserialize, Serialize};

mod account;
mod admin;
mod agent;
mod niche;
mod onboarding;
mod problem;
mod registry;

pub use account::*;
pub use admin::*;
pub use agent::*;
pub use niche::*;
pub use onboarding::*;
pub use problem::*;
pub use registry::*;

/// A list, so that fields can be added beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
}
