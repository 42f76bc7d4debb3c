//! The token proxy against real Postgres and Redis, and providers that say what a test told them to.

mod backing;
mod canned;
mod clients;
mod harness;
mod metering;
mod providers;
mod quota;
mod restarts;
