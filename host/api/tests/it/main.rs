//! The API over HTTP, on a real Postgres, with the components built for real.

mod admin;
mod agents;
mod app;
mod chat;
mod checkout;
mod marketplace;
mod mcp;
mod onboarding;
mod openapi;
mod outage;
mod provision;
mod registry;
mod roll_outs;
mod sign_in;
mod state;
