//! What an `Agent` says of itself: a pure function of what was seen.

use std::sync::Arc;

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition},
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};
use kube::runtime::events::EventType;

use crate::{
    children::{self, Family},
    resources::{Agent, AgentPhase, AgentStatus},
};

/// The condition that says whether it answers.
const READY: &str = "Ready";

/// Why an `Agent` is as it is: the reasons of its condition that others look for.
pub(crate) mod reason {
    /// No job has said yet what its gateway is to be told.
    pub(crate) const NO_CONFIGURATION: &str = "NoConfiguration";
    /// What a job had written is gone, or is something else.
    pub(crate) const CONFIGURATION_LOST: &str = "ConfigurationLost";
    /// Nothing runs, and nothing should.
    pub(crate) const SUSPENDED: &str = "Suspended";
    /// There is no such tier.
    pub(crate) const UNKNOWN_TIER: &str = "UnknownTier";
    /// Its namespace is on its way out.
    pub(crate) const NAMESPACE_TERMINATING: &str = "NamespaceTerminating";
}

/// What was seen of an agent.
#[derive(Debug)]
pub(super) enum Seen {
    /// Its tier is none.
    NoTier,
    /// Somebody removed its namespace, which is on its way.
    NamespaceGoes,
    /// Nothing tells its gateway what it is, and there never was one.
    NoConfig,
    /// The same, and this is what is left of the gateway there was.
    Stopped(Arc<Deployment>),
    /// What should tell its gateway what it is does not, and why.
    LostConfig(&'static str),
    /// Its gateway.
    Gateway(Arc<Deployment>),
    /// It goes; with what is waited for.
    Removing(&'static str),
}

/// The status of `agent` after `seen`. What is not this controller's stays as it is.
pub(super) fn of(agent: &Agent, family: &Family, seen: &Seen, now: Timestamp) -> AgentStatus {
    let (phase, reason, waiting_for) = judge(agent, seen);
    let before = agent.status.clone().unwrap_or_default();
    let ready = phase == AgentPhase::Live;
    let status = if ready { "True" } else { "False" };
    let since = before.conditions.iter().find(|c| c.type_ == READY && c.status == status);
    let condition = Condition {
        type_: READY.into(),
        status: status.into(),
        reason: reason.into(),
        message: waiting_for.as_deref().map(|what| format!("waiting for {what}")).unwrap_or_default(),
        last_transition_time: since.map_or(Time(now), |condition| condition.last_transition_time.clone()),
        observed_generation: agent.metadata.generation,
    };
    let others = before.conditions.into_iter().filter(|c| c.type_ != READY);
    AgentStatus {
        observed_generation: agent.metadata.generation,
        phase: Some(phase),
        waiting_for,
        release: before.release,
        namespace: Some(family.namespace.clone()),
        observed_config: children::config_of(agent).map(|mark| mark.to_string()),
        conditions: others.chain([condition]).collect(),
    }
}

/// The part of `status` that this controller owns.
pub(super) fn ours(status: &AgentStatus) -> AgentStatus {
    let conditions = status.conditions.iter().filter(|c| c.type_ == READY).cloned().collect();
    AgentStatus { release: None, conditions, ..status.clone() }
}

/// What is told of `status` when its phase is new.
pub(super) fn event(status: &AgentStatus) -> Option<(EventType, &'static str, String)> {
    let waiting = status.waiting_for.clone().unwrap_or_default();
    Some(match status.phase? {
        AgentPhase::Provisioning => (EventType::Normal, "Provisioning", format!("Waiting for {waiting}")),
        AgentPhase::Live => (EventType::Normal, "Live", "The gateway answers".into()),
        AgentPhase::Asleep => (EventType::Normal, "Asleep", "The gateway sleeps until somebody writes".into()),
        AgentPhase::Suspended => (EventType::Normal, "Suspended", "The gateway is stopped; its data stays".into()),
        AgentPhase::Failed => (EventType::Warning, "Failed", format!("Waiting for {waiting}")),
        AgentPhase::Destroying => (EventType::Normal, "Destroying", format!("Waiting for {waiting}")),
    })
}

/// Its phase, why in a word, and what is waited for.
type Judgement = (AgentPhase, &'static str, Option<String>);

fn judge(agent: &Agent, seen: &Seen) -> Judgement {
    match seen {
        Seen::NoTier => {
            let what = format!("a tier called `{}`: there is none", agent.spec.tier);
            (AgentPhase::Failed, reason::UNKNOWN_TIER, Some(what))
        }
        Seen::NamespaceGoes => {
            let what = "its namespace, which was removed, to be gone: it is then made anew";
            (AgentPhase::Provisioning, reason::NAMESPACE_TERMINATING, Some(what.into()))
        }
        Seen::NoConfig => unconfigured(agent),
        Seen::Stopped(deployment) if !is_stopped(deployment) => stopping(agent),
        Seen::Stopped(_) => unconfigured(agent),
        Seen::LostConfig(how) => {
            let what = format!("its configuration, which {how}: a job of the platform brings another");
            (AgentPhase::Provisioning, reason::CONFIGURATION_LOST, Some(what))
        }
        Seen::Removing(what) => (AgentPhase::Destroying, "Removing", Some((*what).into())),
        Seen::Gateway(deployment) => gateway(agent, deployment),
    }
}

fn unconfigured(agent: &Agent) -> Judgement {
    if agent.spec.suspended {
        return (AgentPhase::Suspended, reason::SUSPENDED, None);
    }
    let what = "its configuration, which a job of the platform brings";
    (AgentPhase::Provisioning, reason::NO_CONFIGURATION, Some(what.into()))
}

fn stopping(agent: &Agent) -> Judgement {
    let phase = if agent.spec.suspended { AgentPhase::Suspended } else { AgentPhase::Provisioning };
    (phase, "Stopping", Some("its gateway to end".into()))
}

/// Whether nothing is left of its pods, those included that are on their way out.
fn is_stopped(deployment: &Deployment) -> bool {
    let status = deployment.status.clone().unwrap_or_default();
    let left = [status.replicas, status.terminating_replicas].into_iter().flatten().sum::<i32>();
    status.observed_generation == deployment.metadata.generation && left == 0
}

fn gateway(agent: &Agent, deployment: &Deployment) -> Judgement {
    if agent.spec.suspended {
        return if is_stopped(deployment) { (AgentPhase::Suspended, reason::SUSPENDED, None) } else { stopping(agent) };
    }
    let status = deployment.status.clone().unwrap_or_default();
    let current = status.observed_generation == deployment.metadata.generation;
    let ready = status.ready_replicas.unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or_default();
    if current && ready == 1 && updated == 1 {
        return (AgentPhase::Live, "Answering", None);
    }
    let conditions = status.conditions.unwrap_or_default();
    let found = |type_: &str, status: &str| {
        let is = |c: &&DeploymentCondition| c.type_.as_deref() == Some(type_) && c.status.as_deref() == Some(status);
        conditions.iter().find(is)
    };
    if let Some(refused) = found("ReplicaFailure", "True") {
        let what = format!("its pod to be allowed: {}", refused.message.as_deref().unwrap_or_default());
        return (AgentPhase::Failed, "PodRefused", Some(what));
    }
    if found("Progressing", "False").is_some() {
        let what = "its gateway to be ready, for longer than it should take";
        return (AgentPhase::Failed, "NotReady", Some(what.into()));
    }
    (AgentPhase::Provisioning, "Starting", Some("its gateway to be ready".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn agent(spec: Value) -> Agent {
        let mut agent = json!({
            "apiVersion": "openclaw.cloud/v1alpha1",
            "kind": "Agent",
            "metadata": {"name": "ana", "namespace": "any", "uid": "0123abcd-0", "generation": 3},
            "spec": {"customer": "a@b", "niche": "any", "tier": "any"},
        });
        agent["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(agent).unwrap()
    }

    fn status(agent: &Agent, deployment: Value) -> AgentStatus {
        let mut whole = json!({"metadata": {"generation": 2}, "spec": {"selector": {}, "template": {}}});
        whole["status"] = deployment;
        let seen = Seen::Gateway(Arc::new(serde_json::from_value(whole).unwrap()));
        of(agent, &Family::of(agent).unwrap(), &seen, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_pod_that_is_refused_is_said_in_kubernetes_own_words() {
        let refused = json!({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: tier"});
        let status = status(&agent(json!({})), json!({"observedGeneration": 2, "conditions": [refused]}));
        assert_eq!(status.phase, Some(AgentPhase::Failed));
        assert_eq!(status.waiting_for.as_deref(), Some("its pod to be allowed: exceeded quota: tier"));
    }

    #[test]
    fn what_was_ready_before_the_last_change_is_not_live() {
        let ready = json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1});
        assert_eq!(status(&agent(json!({})), ready.clone()).phase, Some(AgentPhase::Provisioning));
        let mut seen = ready;
        seen["observedGeneration"] = json!(2);
        assert_eq!(status(&agent(json!({})), seen).phase, Some(AgentPhase::Live));
    }

    #[test]
    fn a_condition_keeps_its_time_until_it_changes_and_others_stay() {
        let mut agent = agent(json!({"suspended": true}));
        let other = json!({"type": "Other", "status": "True", "reason": "Any", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let mut ready = other.clone();
        (ready["type"], ready["status"]) = (json!("Ready"), json!("False"));
        agent.status = serde_json::from_value(json!({"conditions": [ready, other]})).unwrap();
        let status = status(&agent, json!({"observedGeneration": 2}));
        assert_eq!(status.phase, Some(AgentPhase::Suspended));
        let times: Vec<_> =
            status.conditions.iter().map(|c| (&*c.type_, c.last_transition_time.0.to_string())).collect();
        assert_eq!(times, [("Other", "2026-01-01T00:00:00Z".into()), ("Ready", "2026-01-01T00:00:00Z".into())]);
        assert_eq!(ours(&status).conditions.len(), 1, "the other is another's to write");
    }
}
