//! How anything leaves this host in a niche's name: HTTPS only, to names and never to addresses, over a connection
//! to an address that was looked at, within the call's bounds. `http` and `connections` both send through it.

mod address;
mod connector;
mod error;
mod meter;
mod names;
mod network;
mod wire;

pub(crate) use connector::{Connection, Connector, Target};
pub(crate) use error::NetError;
pub(crate) use meter::Meter;
pub use network::{Dialer, Network, Resolver, Wire};
