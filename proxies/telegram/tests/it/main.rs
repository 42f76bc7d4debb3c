//! The relay as gateways, the dashboard and Telegram see it: real Postgres, real HTTP, a stand-in for Telegram.

mod real_bots;
mod sending;
mod updates;
mod webhooks;
mod world;
