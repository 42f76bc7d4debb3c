//! The operator's part in a cluster, on a real API server. What runs there is kwok's, so no gateway does.

mod children;
mod controller;
mod resources;
mod rights;
