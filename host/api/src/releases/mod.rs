//! What the API decides about releases: what must hold before one is kept, what it may use, how it differs from the one
//! before, and when a roll-out is taken back.

pub(crate) mod evaluator;
pub(crate) mod pull;
pub(crate) mod rights;
pub(crate) mod upload;
