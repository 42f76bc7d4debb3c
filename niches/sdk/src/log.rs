//! Lines for the operator's log. Customers never see them; put no personal data in them.

use crate::bindings::logging::{Level, log};

/// For the author.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Worth knowing.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Should not happen.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Went wrong.
pub fn error(message: &str) {
    log(Level::Error, message);
}
