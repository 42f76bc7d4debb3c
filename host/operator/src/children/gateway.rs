//! The gateway itself: one pod that may do nothing but run.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
        core::v1::{
            Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvFromSource, EnvVar, HTTPGetAction,
            PersistentVolumeClaimVolumeSource, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, SeccompProfile,
            SecretEnvSource, SecurityContext, Volume, VolumeMount,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use openclaw_platform::{Digest, tiers::Tier};

use super::{CONFIG, CONFIG_MARK, Family, Needs, Platform, volume::STATE};
use crate::resources::{Agent, Runtime};

/// The name of the Deployment, its account and its container.
pub const GATEWAY: &str = "gateway";

/// Where a gateway answers probes. OpenClaw's own port, so that both runtimes are asked alike.
const PROBES: i32 = 18789;

/// Whoever nobody is.
const NOBODY: i64 = 65532;

/// Where OpenClaw's state is.
const STATE_FOLDER: &str = "/state";

/// What differs between the runtimes.
struct Manner {
    arguments: &'static [&'static str],
    /// From SIGTERM to SIGKILL, in seconds.
    grace: i64,
    /// How often it is asked whether it has started, in seconds, and how often at most.
    starting: (i32, i32),
}

impl Manner {
    fn of(runtime: Runtime) -> Self {
        match runtime {
            // Live in under a second; answers under way have three seconds to end.
            Runtime::Native => Self { arguments: &["gateway"], grace: 5, starting: (1, 60) },
            // 8 to 80 seconds to start on a quiet machine; up to 6 to end.
            Runtime::Openclaw => {
                Self { arguments: &["gateway", "--runtime", "openclaw"], grace: 15, starting: (2, 150) }
            }
        }
    }
}

/// The gateway of `agent`, started with the Secret that `mark` names. Without one, and while the agent is suspended, none
/// runs.
///
/// Never two at once, not even while one replaces the other: they would take each other's messages.
pub fn deployment(
    family: &Family,
    agent: &Agent,
    tier: &Tier,
    platform: &Platform,
    mark: Option<Digest>,
) -> Deployment {
    let running = mark.is_some() && !agent.spec.suspended;
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(family.pod_labels()),
            annotations: mark.map(|mark| [(CONFIG_MARK.to_owned(), mark.to_string())].into()),
            ..ObjectMeta::default()
        }),
        spec: Some(pod(agent.spec.runtime, tier, platform)),
    };
    Deployment {
        metadata: family.child(GATEWAY),
        spec: DeploymentSpec {
            replicas: Some(running.into()),
            revision_history_limit: Some(1),
            strategy: Some(DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None }),
            selector: LabelSelector { match_labels: Some(family.pod_labels()), match_expressions: None },
            template,
            ..DeploymentSpec::default()
        },
        status: None,
    }
}

fn pod(runtime: Runtime, tier: &Tier, platform: &Platform) -> PodSpec {
    let manner = Manner::of(runtime);
    PodSpec {
        service_account_name: Some(GATEWAY.into()),
        automount_service_account_token: Some(false),
        // Addresses of services are not for a gateway to know.
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(manner.grace),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(NOBODY),
            run_as_group: Some(NOBODY),
            fs_group: (runtime == Runtime::Openclaw).then_some(NOBODY),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".into(), localhost_profile: None }),
            ..PodSecurityContext::default()
        }),
        containers: vec![container(runtime, &manner, tier, platform)],
        volumes: (runtime == Runtime::Openclaw).then(|| vec![state(), scratch()]),
        ..PodSpec::default()
    }
}

fn container(runtime: Runtime, manner: &Manner, tier: &Tier, platform: &Platform) -> Container {
    let openclaw = runtime == Runtime::Openclaw;
    let image = if openclaw { &platform.openclaw_image } else { &platform.image };
    let state = EnvVar { name: "OPENCLAW_STATE_DIR".into(), value: Some(STATE_FOLDER.into()), value_from: None };
    let probes =
        EnvVar { name: "OPENCLAW_PROBES_LISTEN".into(), value: Some(format!("0.0.0.0:{PROBES}")), value_from: None };
    Container {
        name: GATEWAY.into(),
        image: Some(image.clone()),
        args: Some(manner.arguments.iter().map(|a| (*a).to_owned()).collect()),
        env_from: Some(vec![EnvFromSource {
            secret_ref: Some(SecretEnvSource { name: CONFIG.into(), optional: Some(false) }),
            ..EnvFromSource::default()
        }]),
        env: Some(vec![if openclaw { state } else { probes }]),
        ports: Some(vec![ContainerPort {
            name: Some("probes".into()),
            container_port: PROBES,
            protocol: Some("TCP".into()),
            ..ContainerPort::default()
        }]),
        resources: Some(Needs::of(runtime, tier).resources()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            privileged: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
            ..SecurityContext::default()
        }),
        startup_probe: Some(probe("/startupz", manner.starting)),
        readiness_probe: Some(probe("/readyz", (5, 2))),
        liveness_probe: Some(probe("/healthz", (20, 3))),
        volume_mounts: openclaw.then(|| vec![mount(STATE, STATE_FOLDER), mount("scratch", "/tmp")]),
        ..Container::default()
    }
}

fn probe(path: &str, (every, failures): (i32, i32)) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String("probes".into()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(every),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

fn mount(volume: &str, folder: &str) -> VolumeMount {
    VolumeMount { name: volume.into(), mount_path: folder.into(), ..VolumeMount::default() }
}

fn state() -> Volume {
    let claim = PersistentVolumeClaimVolumeSource { claim_name: STATE.into(), read_only: None };
    Volume { name: STATE.into(), persistent_volume_claim: Some(claim), ..Volume::default() }
}

/// For temporary files, which a read-only root has no place for.
fn scratch() -> Volume {
    let folder = EmptyDirVolumeSource { size_limit: Some(Quantity("256Mi".into())), ..EmptyDirVolumeSource::default() };
    Volume { name: "scratch".into(), empty_dir: Some(folder), ..Volume::default() }
}
