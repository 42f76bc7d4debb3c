//! Where on the internet, in people's words.

use super::prelude::*;

/// A host's pattern: one by its name, all below a domain, or any.
pub(crate) fn place_words(l: Locale, host: &str) -> String {
    match host.strip_prefix("*.") {
        Some(domain) => l.with("place-below", &[("domain", domain.into())]),
        None if host == "*" => l.t("place-any"),
        None => host.to_owned(),
    }
}
