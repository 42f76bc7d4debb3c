//! A file a page. Pages are made of components; their words are in `locales/`.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod admin;
pub(crate) mod agent;
pub(crate) mod agents;
pub(crate) mod demo_checkout;
pub(crate) mod design;
pub(crate) mod landing;
pub(crate) mod message;
pub(crate) mod niche;
pub(crate) mod onboarding;
pub(crate) mod outbox;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod sign_in;
