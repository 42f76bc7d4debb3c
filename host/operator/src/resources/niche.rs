//! `Niche`: which release of a niche should be offered.

// KubeSchema repeats the struct where nobody reaches it, and each column has a type.
#![allow(unreachable_pub, clippy::duplicated_attributes)]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Conditions, ReleaseName, conditions};

/// What should be offered. It is named for its niche; to roll back, name the release from before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "openclaw.cloud",
    version = "v1alpha1",
    kind = "Niche",
    doc = "A vertical: which of its releases should be offered, and which is.",
    namespaced,
    status = "NicheStatus",
    derive = "PartialEq",
    shortname = "ocn",
    category = "openclaw",
    printcolumn(name = "Release", type_ = "string", json_path = ".status.release.version"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Why", type_ = "string", json_path = ".status.why"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Digest", type_ = "string", json_path = ".status.release.digest", priority = 1)
)]
#[x_kube(validation = Rule::new("has(self.oci) != has(self.digest)").message("name either oci, where the component is pulled from, or digest, a release that was uploaded: one of them"))]
#[serde(rename_all = "camelCase")]
pub struct NicheSpec {
    /// Where the component is pulled from: a registry's reference with a tag or, better, a digest.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+/[^\s]+[:@][^\s]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oci: Option<String>,
    /// The digest of a release that was uploaded.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What is offered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NicheStatus {
    /// The generation of the spec that this status is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where the release that the spec names is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NichePhase>,
    /// Why it is not active, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// That release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseName>,
    #[allow(missing_docs)] // Its schema has a description of its own.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Conditions,
}

/// Where a release is in its life, as the `Niche` that names it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NichePhase {
    /// Being fetched and examined, or waiting for an admin.
    Pending,
    /// Approved, and on its way to agents.
    Approved,
    /// Offered.
    Active,
    /// It cannot be fetched, did not pass, or an admin refused it.
    Refused,
    /// Offered no more.
    Retired,
}
