//! Who publishes releases.

use super::*;

/// A publisher of releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Publisher {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The niches whose releases it alone may publish: an upload of one of them must carry its signature.
    pub niches: Vec<String>,
    /// By whom it was registered.
    pub registered_by: String,
    /// When.
    pub registered_at: String,
    /// When it was revoked; its signatures count no more.
    pub revoked_at: Option<String>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// Releases it signed.
    pub releases: i64,
}

/// Registers a publisher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterPublisher {
    /// Its name, 1 to 80 characters, not another publisher's.
    pub name: String,
    /// Its Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The niches whose releases it alone may publish. A niche can have more than one publisher.
    #[serde(default)]
    pub niches: Vec<String>,
}
