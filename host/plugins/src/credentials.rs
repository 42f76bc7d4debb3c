//! The credentials that `connections` adds to a request, as the host needs them. Whoever runs the host brings them;
//! [`NoConnections`] is for tenants that have connected nothing.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::grant::HostPattern;

/// One tenant's credentials at providers.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The credential at `provider`, such as `google`, fresh enough to be used now.
    async fn credential(&self, provider: &str) -> Result<Credential, CredentialError>;
}

/// What the host needs to send a request in a tenant's name. Printing it shows no secret.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The provider's API: `https://`, a host name and perhaps a path, such as `https://api.example.com/v1`.
    /// A niche's paths are below it.
    pub base_url: String,
    /// Headers to add, by name: `authorization`, mostly.
    pub headers: Vec<(String, SecretString)>,
    /// The hosts that may be sent the credential beside the one of `base_url`.
    pub hosts: Vec<HostPattern>,
}

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The tenant has not connected the provider.
    #[error("the provider is not connected")]
    NotConnected,
    /// Away for now. The text is told to the niche: nothing of the host's own may be in it.
    #[error("the connection is away for now: {0}")]
    Unavailable(String),
}

/// A tenant that has connected nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoConnections;

#[async_trait]
impl Credentials for NoConnections {
    async fn credential(&self, _: &str) -> Result<Credential, CredentialError> {
        Err(CredentialError::NotConnected)
    }
}
