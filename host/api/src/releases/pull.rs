//! Fetches a component from a registry that the settings allow.

use openclaw_oci::{Fetched, Login, OciError, Reference};

use super::rights::list;
use crate::{
    AppState,
    error::{ApiError, Result},
};

/// The component at `reference`, with the reference as it is kept.
pub(crate) async fn pull(state: &AppState, reference: &str) -> Result<(Fetched, String)> {
    let wrong = |error: OciError| ApiError::field("invalid-reference", "reference", error.to_string());
    let reference: Reference = reference.parse().map_err(wrong)?;
    if !list(&state.settings.release_registries).any(|allowed| allowed == reference.registry()) {
        let detail = format!(
            "releases may not be pulled from {}: RELEASE_REGISTRIES names the registries that are allowed",
            reference.registry()
        );
        return Err(ApiError::field("registry-not-allowed", "reference", detail));
    }
    let limit = state.settings.release_mib as usize * (1 << 20);
    match openclaw_oci::fetch(&reference, limit, &Login::Anonymous).await {
        Ok(fetched) => Ok((fetched, reference.to_string())),
        Err(OciError::TooLarge { limit, .. }) => Err(ApiError::TooLarge(limit)),
        Err(error @ OciError::NotAComponent { .. }) => {
            Err(ApiError::field("not-a-component", "reference", error.to_string()))
        }
        Err(error) => Err(ApiError::Registry(error)),
    }
}
