//! Which release a list of tools is of: told with the list, and with each result, so that a client learns of a new one.

use openclaw_platform::Digest;
use rmcp::model::MetaObject;
use serde_json::Value;

/// Where lists and results name a release, in their `_meta`.
const RELEASE: &str = "dev.openclaw/release";

/// `_meta` that names `release`.
pub(super) fn names(release: Digest) -> MetaObject {
    MetaObject([(RELEASE.to_owned(), Value::String(release.to_string()))].into_iter().collect())
}
