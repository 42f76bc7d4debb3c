//! `connections`: requests to a provider in the customer's name. No release is granted any yet, and the answer
//! says so; the contract's function is there so that a niche that can do without runs.

use wasmtime::component::HasSelf;

use super::Capability;
use crate::contract::bindings::openclaw::niche::connections::{self, ConnectionError, Request, Response};

pub(crate) const CAPABILITY: Capability = Capability {
    interface: "connections",
    link: |linker| connections::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.connections),
};

/// One call's connections: none is granted.
#[derive(Default)]
pub(crate) struct PerCall;

impl connections::Host for PerCall {
    async fn send(&mut self, _: Request) -> wasmtime::Result<Result<Response, ConnectionError>> {
        Ok(Err(ConnectionError::NotGranted))
    }
}
