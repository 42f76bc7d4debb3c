//! What the operator may do in a cluster: watch what agents are made of, and change it in their namespaces alone.
//!
//! It gives itself its rights over what is in a namespace of an agent's, secrets among it, by a binding there. Which
//! namespaces it may do that in no role can say, so an admission policy does: those that are named as agents' are.
//! k8s/base/rbac is made from this by `cargo xtask crds`.

use k8s_openapi::api::{
    admissionregistration::v1::{
        MatchCondition, MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec,
        Validation,
    },
    core::v1::ServiceAccount,
    rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject},
};
use kube::{api::ObjectMeta, core::DynamicObject};
use serde::Serialize;

use crate::{children::AGENT_PREFIX, resources::GROUP};

/// The account of the operator's pods.
pub const ACCOUNT: &str = "operator";
/// What it may do in its own namespace, and everywhere.
const OPERATOR: &str = "openclaw-operator";
/// What it may do in the namespace of an agent.
pub const KEEPER: &str = "openclaw-agent-keeper";

const READ: &[&str] = &["get", "list", "watch"];
/// What server-side apply takes.
const APPLY: &[&str] = &["get", "create", "patch"];

/// All of it, for an operator in `namespace`, in the order in which it is to be applied.
pub fn rights(namespace: &str) -> Result<Vec<DynamicObject>, serde_json::Error> {
    Ok(vec![
        object(&account(namespace))?,
        object(&ClusterRole { metadata: named(KEEPER), rules: Some(in_agents_namespaces()), aggregation_rule: None })?,
        object(&ClusterRole { metadata: named(OPERATOR), rules: Some(everywhere()), aggregation_rule: None })?,
        object(&ClusterRoleBinding {
            metadata: named(&of_one(namespace)),
            role_ref: role("ClusterRole", OPERATOR),
            subjects: Some(vec![operator(namespace)]),
        })?,
        object(&Role { metadata: placed(OPERATOR, namespace), rules: Some(at_home()) })?,
        object(&RoleBinding {
            metadata: placed(OPERATOR, namespace),
            role_ref: role("Role", OPERATOR),
            subjects: Some(vec![operator(namespace)]),
        })?,
        object(&policy(namespace))?,
        object(&ValidatingAdmissionPolicyBinding {
            metadata: named(&of_one(namespace)),
            spec: ValidatingAdmissionPolicyBindingSpec {
                policy_name: of_one(namespace),
                validation_actions: vec!["Deny".into()],
                ..ValidatingAdmissionPolicyBindingSpec::default()
            },
        })?,
    ])
}

/// [`rights`] as YAML.
pub fn yaml(namespace: &str) -> Result<String, serde_saphyr::ser::Error> {
    let mut page = String::from("# Made by `cargo xtask crds` from host/operator/src/rights.rs.\n");
    for object in rights(namespace).map_err(|error| error.to_string())? {
        page.push_str("---\n");
        page.push_str(&serde_saphyr::to_string(&object)?);
    }
    Ok(page)
}

/// The operator, as the subject of a binding.
pub(crate) fn operator(namespace: &str) -> Subject {
    Subject { kind: "ServiceAccount".into(), name: ACCOUNT.into(), namespace: Some(namespace.into()), api_group: None }
}

/// A role, as a binding names it.
pub(crate) fn role(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some("rbac.authorization.k8s.io".into()), kind: kind.into(), name: name.into() }
}

fn account(namespace: &str) -> ServiceAccount {
    ServiceAccount { metadata: placed(ACCOUNT, namespace), ..ServiceAccount::default() }
}

fn at_home() -> Vec<PolicyRule> {
    vec![
        rule(GROUP, &["agents"], &["get", "list", "watch", "create", "patch", "delete"]),
        rule(GROUP, &["agents/status"], &["patch"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        rule("coordination.k8s.io", &["leases"], &["get", "create", "update"]),
    ]
}

fn everywhere() -> Vec<PolicyRule> {
    let mut bind = rule("rbac.authorization.k8s.io", &["clusterroles"], &["bind"]);
    bind.resource_names = Some(vec![KEEPER.into()]);
    vec![
        rule("", &["namespaces"], &["get", "list", "watch", "create", "patch", "delete"]),
        rule("", &["limitranges", "persistentvolumeclaims", "resourcequotas", "serviceaccounts"], READ),
        rule("apps", &["deployments"], READ),
        rule("networking.k8s.io", &["networkpolicies"], READ),
        rule("rbac.authorization.k8s.io", &["rolebindings"], &["get", "list", "watch", "create", "patch"]),
        bind,
    ]
}

fn in_agents_namespaces() -> Vec<PolicyRule> {
    vec![
        rule("", &["limitranges", "persistentvolumeclaims", "resourcequotas", "serviceaccounts"], APPLY),
        rule("", &["secrets"], &["get", "create", "patch", "delete"]),
        rule("apps", &["deployments"], &["get", "create", "patch", "delete"]),
        rule("networking.k8s.io", &["networkpolicies"], APPLY),
    ]
}

/// Without it, the right to bind would be the right to read any namespace's secrets.
fn policy(namespace: &str) -> ValidatingAdmissionPolicy {
    let account = format!("system:serviceaccount:{namespace}:{ACCOUNT}");
    let bound = |group: &str, resource: &str, operations: &[&str]| NamedRuleWithOperations {
        api_groups: Some(owned(&[group])),
        api_versions: Some(owned(&["v1"])),
        operations: Some(owned(operations)),
        resources: Some(owned(&[resource])),
        ..NamedRuleWithOperations::default()
    };
    let place = "(request.resource.resource == 'namespaces' ? request.name : request.namespace)";
    ValidatingAdmissionPolicy {
        metadata: named(&of_one(namespace)),
        spec: Some(ValidatingAdmissionPolicySpec {
            match_constraints: Some(MatchResources {
                resource_rules: Some(vec![
                    bound("", "namespaces", &["CREATE", "UPDATE", "DELETE"]),
                    bound("rbac.authorization.k8s.io", "rolebindings", &["CREATE", "UPDATE"]),
                ]),
                ..MatchResources::default()
            }),
            match_conditions: Some(vec![MatchCondition {
                name: "the-operator".into(),
                expression: format!("request.userInfo.username == '{account}'"),
            }]),
            validations: Some(vec![Validation {
                expression: format!("{place}.startsWith('{AGENT_PREFIX}')"),
                message: Some("the operator's rights end with the namespaces of agents".into()),
                ..Validation::default()
            }]),
            ..ValidatingAdmissionPolicySpec::default()
        }),
        status: None,
    }
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(owned(&[group])),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

fn placed(name: &str, namespace: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(namespace.into()), ..named(name) }
}

/// The name of what belongs to one of a cluster's operators.
fn of_one(namespace: &str) -> String {
    format!("{OPERATOR}.{namespace}")
}

fn object(of: &impl Serialize) -> Result<DynamicObject, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(of)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rights_of_the_checkout_are_those_of_the_code() {
        let checkout = include_str!("../../../k8s/base/rbac/operator.yaml");
        assert_eq!(super::yaml("openclaw").unwrap(), checkout, "run cargo xtask crds");
    }
}
