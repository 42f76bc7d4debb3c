//! How much of the cluster an agent may use: its tier's figures, which its namespace cannot exceed.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec, ResourceRequirements,
    },
    apimachinery::pkg::api::resource::Quantity,
};
use openclaw_platform::tiers::Tier;

use super::{Family, volume::STATE_GIB};
use crate::resources::Runtime;

/// Processor that the native runtime asks for, in thousandths of a core.
const NATIVE_CPU_MILLIS: i32 = 50;
/// Memory that the native runtime asks for, in MiB.
const NATIVE_MEMORY_MIB: i32 = 64;

/// What a gateway asks for and what it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Processor asked for, in thousandths of a core.
    pub cpu_request_millis: i32,
    /// Processor at most, in thousandths of a core.
    pub cpu_limit_millis: i32,
    /// Memory asked for, in MiB.
    pub memory_request_mib: i32,
    /// Memory at most, in MiB.
    pub memory_limit_mib: i32,
}

impl Needs {
    /// Those of a gateway of `tier`. The native runtime asks for little, so that a node takes many; OpenClaw takes what
    /// the tier has.
    pub fn of(runtime: Runtime, tier: &Tier) -> Self {
        let (cpu, memory) = match runtime {
            Runtime::Native => {
                (tier.cpu_request_millis.min(NATIVE_CPU_MILLIS), tier.memory_request_mib.min(NATIVE_MEMORY_MIB))
            }
            Runtime::Openclaw => (tier.cpu_request_millis, tier.memory_request_mib),
        };
        Self {
            cpu_request_millis: cpu,
            cpu_limit_millis: tier.cpu_limit_millis,
            memory_request_mib: memory,
            memory_limit_mib: tier.memory_limit_mib,
        }
    }

    pub(super) fn resources(&self) -> ResourceRequirements {
        ResourceRequirements {
            requests: Some(amounts(self.cpu_request_millis, self.memory_request_mib)),
            limits: Some(amounts(self.cpu_limit_millis, self.memory_limit_mib)),
            ..ResourceRequirements::default()
        }
    }
}

/// The tier's figures, one pod, and nothing that a gateway has no use for.
///
/// One pod, so that while a node is lost the agent's old pod and a new one never run together: they would take each
/// other's messages.
pub fn quota(family: &Family, tier: &Tier, runtime: Runtime) -> ResourceQuota {
    let (volumes, storage) = match runtime {
        Runtime::Native => (0, 0),
        Runtime::Openclaw => (1, STATE_GIB),
    };
    let hard = [
        ("requests.cpu", cpu(tier.cpu_request_millis)),
        ("limits.cpu", cpu(tier.cpu_limit_millis)),
        ("requests.memory", mib(tier.memory_request_mib)),
        ("limits.memory", mib(tier.memory_limit_mib)),
        ("requests.storage", gib(storage)),
        ("persistentvolumeclaims", Quantity(volumes.to_string())),
        ("pods", Quantity("1".into())),
        ("services", Quantity("0".into())),
    ];
    let hard = hard.map(|(what, amount)| (what.to_owned(), amount)).into();
    ResourceQuota {
        metadata: family.child("tier"),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() }),
        ..ResourceQuota::default()
    }
}

/// What a container gets that does not say what it needs, and the most that one may ask for.
pub fn limits(family: &Family, tier: &Tier) -> LimitRange {
    let most = amounts(tier.cpu_limit_millis, tier.memory_limit_mib);
    let native = Needs::of(Runtime::Native, tier);
    let container = LimitRangeItem {
        type_: "Container".into(),
        default_request: Some(amounts(native.cpu_request_millis, native.memory_request_mib)),
        default: Some(most.clone()),
        max: Some(most),
        ..LimitRangeItem::default()
    };
    LimitRange { metadata: family.child("tier"), spec: Some(LimitRangeSpec { limits: vec![container] }) }
}

fn amounts(cpu_millis: i32, memory_mib: i32) -> BTreeMap<String, Quantity> {
    [("cpu".to_owned(), cpu(cpu_millis)), ("memory".to_owned(), mib(memory_mib))].into()
}

// As the API server writes them, so that what is wanted and what is there can be compared.

fn cpu(millis: i32) -> Quantity {
    Quantity(if millis % 1000 == 0 { (millis / 1000).to_string() } else { format!("{millis}m") })
}

fn mib(amount: i32) -> Quantity {
    if amount % 1024 == 0 { gib(amount / 1024) } else { Quantity(format!("{amount}Mi")) }
}

pub(super) fn gib(amount: i32) -> Quantity {
    Quantity(if amount == 0 { "0".into() } else { format!("{amount}Gi") })
}
