//! The operator's part in a cluster, on a real API server. What runs there is kwok's, so no gateway does.

mod adoption;
pub(crate) mod children;
pub(crate) mod controller;
mod driver;
mod resources;
mod rights;
mod several;
