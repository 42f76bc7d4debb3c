//! What the platform adds to a cluster's own vocabulary: [`Agent`], which says what should run, and [`Niche`], which says
//! what should be offered. Their definitions in k8s/base/crds are made from these types by `cargo xtask crds`.
//!
//! Both live in the platform's own namespace. What the API server can refuse by itself, it does, with a sentence.

mod agent;
mod niche;

use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::CustomResourceExt as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use agent::{Agent, AgentPhase, AgentSpec, AgentStatus, BotToken, Locale, Runtime, Telegram, TelegramMode};
pub use niche::{Niche, NichePhase, NicheSpec, NicheStatus};

/// The API group of both.
pub const GROUP: &str = "openclaw.cloud";

/// The definitions.
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [Agent::crd(), Niche::crd()]
}

/// The definitions as YAML, each beginning with the line that says where it comes from.
pub fn yaml() -> Result<String, serde_saphyr::ser::Error> {
    let mut page = String::new();
    for definition in definitions() {
        page.push_str("---\n# Made by `cargo xtask crds` from the types in host/operator/src/resources.\n");
        page.push_str(&serde_saphyr::to_string(&definition)?);
    }
    Ok(page)
}

/// A release, as a status names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseName {
    /// Its digest: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The version that it gives itself.
    pub version: String,
}

/// Kubernetes' own conditions, of which there is one of a type.
fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let text = generator.subschema_for::<String>();
    json_schema!({
        "type": "array",
        "description": "What is true of it now, and since when.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": text,
                "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                "reason": text,
                "message": text,
                "lastTransitionTime": {"type": "string", "format": "date-time"},
                "observedGeneration": {"type": "integer", "format": "int64"},
            },
        },
    })
}

/// As they are kept.
type Conditions = Vec<Condition>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_of_the_checkout_are_those_of_the_types() {
        let checkout = [
            include_str!("../../../../k8s/base/crds/agents.yaml"),
            include_str!("../../../../k8s/base/crds/niches.yaml"),
        ];
        let checkout: String = checkout.iter().flat_map(|definition| ["---\n", definition]).collect();
        assert_eq!(yaml().unwrap(), checkout, "run cargo xtask crds");
    }
}
