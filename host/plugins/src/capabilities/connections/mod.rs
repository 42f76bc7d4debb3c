//! `connections`: requests to a provider in the customer's name. No release is granted any yet, and the answer
//! says so; the contract's function is there so that a niche that can do without runs.

use wasmtime::component::HasSelf;

use super::{Capability, Served, Setup};
use crate::Spent;
use crate::contract::bindings::openclaw::niche::connections::{self, ConnectionError, Request, Response};

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "openclaw:niche", interfaces: &["connections"] }],
    import: "openclaw:niche/connections",
    wished: |wishes| {
        wishes.connections.first().map(|wish| format!("the connection to {}", wish.provider))
    },
    link: |linker| connections::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.connections),
};

/// One call's connections: none is granted.
pub(crate) struct PerCall;

impl PerCall {
    pub(crate) fn new(_: &Setup<'_>) -> Self {
        Self
    }

    pub(crate) fn meter(&self, _: &mut Spent) {}
}

impl connections::Host for PerCall {
    async fn send(&mut self, _: Request) -> wasmtime::Result<Result<Response, ConnectionError>> {
        Ok(Err(ConnectionError::NotGranted))
    }
}
