//! Real servers for tests and for `openclaw-cloud dev`: private Postgres, Redis, OCI registries and Kubernetes clusters, and stand-ins that speak the
//! protocol of what lies outside the product (Telegram, LLM providers). Nothing inside the product is mocked.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod components;
pub mod demo_model;
pub mod llm;
pub mod oci;
pub mod postgres;
pub mod redis;
pub mod server;
pub mod telegram;
