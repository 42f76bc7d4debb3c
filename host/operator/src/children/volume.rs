//! Where OpenClaw keeps its state. The native runtime keeps none.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};

use super::{Family, Platform, bounds::gib};

/// The claim's name.
pub(super) const STATE: &str = "state";

/// Its size, in GiB.
pub(super) const STATE_GIB: i32 = 2;

/// A volume for OpenClaw's state.
pub fn volume(family: &Family, platform: &Platform) -> PersistentVolumeClaim {
    let requests = [("storage".to_owned(), gib(STATE_GIB))].into();
    let spec = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".into()]),
        storage_class_name: platform.storage_class.clone(),
        resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
        ..PersistentVolumeClaimSpec::default()
    };
    PersistentVolumeClaim { metadata: family.child(STATE), spec: Some(spec), status: None }
}
