//! Why a request was not sent, or has no answer. What a niche is told of it: nothing of the host's own is in it.

use crate::grant::Refusal;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NetError {
    /// One of the three who have to agree did not.
    #[error(transparent)]
    NotGranted(#[from] Refusal),
    /// The same, of where a redirect leads.
    #[error("the provider sends the request on, and {0}")]
    NotGrantedOnward(Refusal),
    /// The request is not one that may be sent, whoever asks.
    #[error("{0}")]
    Refused(String),
    /// The name stands for an address that is not the public internet's.
    #[error("the host has an address that is not public")]
    AddressRefused,
    /// More than a call may.
    #[error("{0}")]
    Limit(&'static str),
    /// The other side took longer than a call waits: nobody refused anything.
    #[error("{0}")]
    Late(&'static str),
    /// The answer holds the customer's credential.
    #[error("the provider's answer held the customer's credential and is withheld")]
    Withheld,
    /// The other side is away, or does not answer as it should.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl NetError {
    /// Looks for one of ours behind an error of the HTTP library.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut at = Some(error);
        while let Some(error) = at {
            let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            if let Some(ours) = carried.and_then(|carried| carried.downcast_ref::<Self>()) {
                return Some(ours.clone());
            }
            at = error.source();
        }
        None
    }

    /// One word for metrics: who or what said no; none when nobody did.
    pub(crate) fn refused_by(&self) -> Option<&'static str> {
        match self {
            Self::NotGranted(refusal) | Self::NotGrantedOnward(refusal) => Some(refusal.by.as_str()),
            Self::Refused(_) => Some("rule"),
            Self::AddressRefused => Some("address"),
            Self::Limit(_) => Some("limit"),
            Self::Withheld => Some("secret"),
            Self::Late(_) | Self::Unavailable(_) => None,
        }
    }
}

impl From<NetError> for std::io::Error {
    fn from(error: NetError) -> Self {
        Self::other(error)
    }
}
