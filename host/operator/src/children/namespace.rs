//! The namespace of an agent, and the account that its pod runs under.

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::ObjectMeta;

use super::{Family, GATEWAY};

/// Kubernetes' strictest standard for pods, enforced for whatever anyone puts here.
const POD_SECURITY: [(&str, &str); 3] = [
    ("pod-security.kubernetes.io/enforce", "restricted"),
    ("pod-security.kubernetes.io/audit", "restricted"),
    ("pod-security.kubernetes.io/warn", "restricted"),
];

/// Where everything of one agent is.
pub fn namespace(family: &Family) -> Namespace {
    let mut labels = family.labels.clone();
    labels.extend(POD_SECURITY.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let metadata = ObjectMeta { name: Some(family.namespace.clone()), labels: Some(labels), ..ObjectMeta::default() };
    Namespace { metadata, ..Namespace::default() }
}

/// An account without a token: a gateway has nothing to ask of Kubernetes.
pub fn service_account(family: &Family) -> ServiceAccount {
    ServiceAccount {
        metadata: family.child(GATEWAY),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
