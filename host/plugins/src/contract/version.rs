//! The versions of the contract that this host serves, and how a component is told from its names which one it
//! speaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PluginError;

/// The contract's package.
pub(crate) const PACKAGE: &str = "openclaw:niche";

/// A version of the contract: a folder of `wit/`. Patch versions count as the same, since they only add to what
/// a niche may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContractVersion {
    /// `openclaw:niche@0.1.0`.
    #[serde(rename = "0.1")]
    V0_1,
    /// `openclaw:niche@0.2.0`: a niche says which HTTP methods it sends to a host.
    #[serde(rename = "0.2")]
    V0_2,
}

impl ContractVersion {
    /// All that this host serves, the oldest first.
    pub const ALL: [Self; 2] = [Self::V0_1, Self::V0_2];

    /// As people write it, such as `0.2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
            Self::V0_2 => "0.2",
        }
    }

    /// The version that has `version`, such as `0.2.1`, as a patch.
    fn of(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| is_patch_of(version, known.as_str()))
    }

    /// How a component names `interface` of this version.
    pub(crate) fn interface(self, interface: &str) -> String {
        format!("{PACKAGE}/{interface}@{}.0", self.as_str())
    }
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What this host serves, in words.
pub(crate) fn served() -> String {
    format!("{PACKAGE} {}", ContractVersion::ALL.map(ContractVersion::as_str).join(" and "))
}

/// The version that a component speaks, as far as its names have told.
#[derive(Debug, Default)]
pub(crate) struct Spoken(Option<ContractVersion>);

impl Spoken {
    /// Takes note of `name`, of `version`. A component speaks one version, and one that this host serves.
    pub(crate) fn note(&mut self, name: &str, version: &str) -> Result<(), PluginError> {
        let version =
            ContractVersion::of(version).ok_or_else(|| PluginError::UnknownContractVersion(name.to_owned()))?;
        match self.0.replace(version) {
            Some(before) if before != version => Err(PluginError::MixedContractVersions(before, version)),
            _ => Ok(()),
        }
    }

    /// The version; none if no name was of the contract.
    pub(crate) fn version(&self) -> Option<ContractVersion> {
        self.0
    }
}

/// Whether `version` is `minor` and a patch number, such as `0.1.3` of `0.1`; a pre-release is not.
pub(crate) fn is_patch_of(version: &str, minor: &str) -> bool {
    version
        .strip_prefix(minor)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_version_is_told_from_another_version() {
        assert!(is_patch_of("0.1.0", "0.1") && is_patch_of("0.1.12", "0.1"));
        for other in ["0.10.0", "0.2.0", "0.1", "0.1.0-rc.1", "1.0.1"] {
            assert!(!is_patch_of(other, "0.1"), "{other}");
        }
    }

    #[test]
    fn a_version_is_written_as_its_folder_is_named() {
        for version in ContractVersion::ALL {
            assert!(is_a_folder_of_wit(version.as_str()), "{version}");
            assert_eq!(serde_json::to_value(version).unwrap(), version.as_str());
        }
    }

    fn is_a_folder_of_wit(folder: &str) -> bool {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(folder).is_dir()
    }
}
