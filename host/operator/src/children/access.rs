//! The operator's own way into an agent's namespace.

use k8s_openapi::api::rbac::v1::RoleBinding;

use super::{Family, Platform};
use crate::rights;

/// Lets the operator change what is in there, and nowhere else.
pub fn access(family: &Family, platform: &Platform) -> RoleBinding {
    RoleBinding {
        metadata: family.child(rights::ACCOUNT),
        role_ref: rights::role("ClusterRole", rights::KEEPER),
        subjects: Some(vec![rights::operator(&platform.namespace)]),
    }
}
