//! What the driver writes of an `Agent`, as pure functions. It does so as two field managers: one says what the agent is,
//! the other whether its gateway is to run, and with what. Either can be said without the other, and what a person sets
//! by hand stays theirs.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::{Resource as _, ResourceExt as _};
use openclaw_platform::{AgentId, Digest};
use serde_json::{Value, json};

use super::ID;
use crate::{
    children::CONFIG_MARK,
    drivers::Order,
    resources::{Agent, ReleaseName},
};

/// Says what an agent is.
pub(super) const DESCRIBES: &str = "openclaw-jobs";
/// Says whether its gateway is to run.
pub(super) const SWITCHES: &str = "openclaw-jobs-switch";

/// The annotation with the mark of the blueprint that the gateway was started after.
pub(super) const BLUEPRINT: &str = "openclaw.cloud/blueprint";

/// The most characters that the name of an `Agent` has.
const NAME: usize = 48;

/// Whether a gateway is to run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Switch {
    /// With the Secret and after the blueprint of these marks.
    On { config: Digest, blueprint: Digest },
    /// Not for now.
    Off,
    /// Not until further notice.
    Suspended,
}

/// The name of a new `Agent`: a person sees what it is, and no other agent of the platform has it.
pub(super) fn name(niche: &str, number: i64) -> String {
    let number = number.to_string();
    let niche = niche.get(..NAME - 1 - number.len()).unwrap_or(niche).trim_end_matches('-');
    format!("{niche}-{number}")
}

/// What the agent of `order` is, for the `Agent` called `name`; for this very one if there is a `uid`.
pub(super) fn description(order: &Order, name: &str, uid: Option<String>) -> Value {
    let agent = &order.agent;
    let mut metadata = json!({"name": name, "labels": {ID: agent.id.to_string()}});
    if let Some(uid) = uid {
        metadata["uid"] = Value::String(uid);
    }
    json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        "metadata": metadata,
        "spec": {
            "customer": order.customer,
            "niche": agent.niche,
            "tier": agent.tier,
            "locale": agent.locale,
            "model": agent.model,
            "telegram": {"users": agent.telegram_users},
        },
    })
}

/// The release that the agent of `order` has.
pub(super) fn release(order: &Order) -> ReleaseName {
    ReleaseName { digest: order.agent.digest.to_string(), version: order.version.clone() }
}

/// `release` as the status of `agent`.
pub(super) fn status(agent: &Agent, release: &ReleaseName) -> Value {
    json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        "metadata": {"uid": agent.uid()},
        "status": {"release": release},
    })
}

/// Whether the gateway of `agent` is to run.
pub(super) fn switched(agent: &Agent, to: Switch) -> Value {
    let annotations = match to {
        Switch::On { config, blueprint } => json!({CONFIG_MARK: config.to_string(), BLUEPRINT: blueprint.to_string()}),
        Switch::Off | Switch::Suspended => json!({}),
    };
    let mut object = json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        // Not another one of that name.
        "metadata": {"uid": agent.uid(), "annotations": annotations},
    });
    // Who suspended it by hand is whom it waits for: owned by two, the field would stay when one takes it back.
    if matches!(to, Switch::Suspended) && (!agent.spec.suspended || is_suspended_by_us(agent)) {
        object["spec"] = json!({"suspended": true});
    }
    object
}

/// Which agent of the platform's `agent` is.
pub(super) fn id(agent: &Agent) -> Option<AgentId> {
    agent.labels().get(ID)?.parse().ok()
}

/// Whether the driver itself had said so.
fn is_suspended_by_us(agent: &Agent) -> bool {
    let ours = |entry: &&ManagedFieldsEntry| entry.manager.as_deref() == Some(SWITCHES);
    let fields = agent.managed_fields().iter().filter(ours).filter_map(|entry| entry.fields_v1.as_ref());
    fields.into_iter().any(|fields| fields.0.pointer("/f:spec/f:suspended").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_niche_and_number_and_never_too_long() {
        assert_eq!(name("hello", 7), "hello-7");
        let long = format!("{}-{}", "n".repeat(44), "n".repeat(18));
        assert_eq!(name(&long, 12), format!("{}-12", "n".repeat(44)));
        assert_eq!(name(&"n".repeat(63), i64::MAX).len(), NAME);
    }

    fn agent(managers: Value) -> Agent {
        serde_json::from_value(json!({
            "apiVersion": "openclaw.cloud/v1alpha1",
            "kind": "Agent",
            "metadata": {"name": "ana", "uid": "0123abcd", "managedFields": managers},
            "spec": {"customer": "a@b", "niche": "any", "tier": "any", "suspended": true},
        }))
        .unwrap()
    }

    #[test]
    fn what_somebody_suspended_by_hand_stays_theirs_to_take_up_again() {
        let by = |manager: &str| {
            json!([{"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {"f:suspended": {}}}}])
        };
        assert_eq!(switched(&agent(by("kubectl")), Switch::Suspended).get("spec"), None);
        assert_eq!(switched(&agent(by(SWITCHES)), Switch::Suspended)["spec"], json!({"suspended": true}));
        assert_eq!(
            switched(&agent(by(SWITCHES)), Switch::Off).get("spec"),
            None,
            "what is no longer said is taken back"
        );
    }
}
