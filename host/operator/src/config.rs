//! What the operator is set up with: the platform's settings as it needs them, and what tests change.

use std::time::Duration;

use openclaw_platform::{
    config::{self, Settings},
    vault::Vault,
};
use openclaw_plugins::{HostConfig, HostSettings};

use crate::{
    Error,
    adoption::Terms,
    blueprint::Addresses,
    children::{Platform, Reached},
    drivers::{kubernetes, local},
};

/// Jobs that run at once.
const JOBS_AT_ONCE: usize = 8;
/// Gateways that are started at once when the operator starts.
const STARTS_AT_ONCE: usize = 4;
/// How long a gateway may take from its start to its first heartbeat.
const ANSWERING: Duration = Duration::from_secs(30);
/// How often it is looked whether every live agent has its gateway.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a gateway may say nothing: it tells of itself every 30 s.
const SILENCE: Duration = Duration::from_secs(90);
/// How long it is then watched before it is taken to hang: more than the longest pause of a gateway that tries again.
const SECOND_LOOK: Duration = Duration::from_secs(45);
/// Gateways that are checked at once for hanging: many that are silent together have another cause.
const CHECKS_AT_ONCE: usize = 4;

/// What the operator is set up with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Jobs that run at once.
    pub jobs_at_once: usize,
    /// Gateways that are started at once when the operator starts.
    pub starts_at_once: usize,
    /// How long a gateway may take from its start to its first heartbeat.
    pub answering: Duration,
    /// How often it is looked whether every live agent has its gateway.
    pub look_every: Duration,
    /// How long a gateway may say nothing.
    pub silence: Duration,
    /// How long a silent one is watched before it is taken to hang.
    pub second_look: Duration,
    /// Gateways that are checked at once for hanging.
    pub checks_at_once: usize,
    /// Work factor of bcrypt for proxy tokens.
    pub bcrypt_cost: u32,
    /// Where gateways reach the platform.
    pub addresses: Addresses,
    /// What runs gateways.
    pub driver: Driver,
    /// How niches are run.
    pub plugins: HostConfig,
}

/// What runs gateways.
#[derive(Debug, Clone)]
pub enum Driver {
    /// This process, with child processes.
    Local(local::Config),
    /// A cluster.
    Kubernetes(kubernetes::Config),
}

impl Driver {
    fn new(settings: &Settings) -> Result<Self, Error> {
        if settings.driver == config::Driver::Local {
            let program = local::Program {
                path: std::env::current_exe().map_err(Error::Executable)?,
                arguments: vec!["gateway".into()],
            };
            return Ok(Self::Local(local::Config::new(program, settings.data_dir.join("agents"))));
        }
        if settings.gateway_image.is_empty() {
            let missing = "GATEWAY_IMAGE is not set, and DRIVER is kubernetes: name the image that gateways run";
            return Err(openclaw_platform::Error::Config(missing.into()).into());
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let reached = [
            ("api", settings.api_listen),
            ("token-proxy", settings.token_proxy_listen),
            ("telegram-relay", settings.relay_listen),
        ];
        Ok(Self::Kubernetes(kubernetes::Config {
            kubeconfig: (!settings.kubeconfig.as_os_str().is_empty()).then(|| settings.kubeconfig.clone()),
            platform: Platform {
                namespace: settings.kubernetes_namespace.clone(),
                reached: reached.map(|(role, at)| Reached { component: role.into(), port: at.port() }).into(),
                image: settings.gateway_image.clone(),
                // Without one, agents of that runtime say that their image is not there.
                openclaw_image: some(&settings.gateway_openclaw_image)
                    .unwrap_or_else(|| settings.gateway_image.clone()),
                storage_class: some(&settings.gateway_storage_class),
            },
            terms: Terms { vault: Vault::new(&settings.platform_key)?, model: settings.default_model.clone() },
        }))
    }
}

impl Config {
    /// That of `settings`, with gateways started from this executable or in a cluster.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            jobs_at_once: JOBS_AT_ONCE,
            starts_at_once: STARTS_AT_ONCE,
            answering: ANSWERING,
            look_every: LOOK_EVERY,
            silence: SILENCE,
            second_look: SECOND_LOOK,
            checks_at_once: CHECKS_AT_ONCE,
            bcrypt_cost: settings.bcrypt_cost,
            addresses: Addresses {
                api: settings.api_url.clone(),
                relay: settings.relay_url.clone(),
                token_proxy: settings.token_proxy_url.clone(),
            },
            driver: Driver::new(settings)?,
            plugins: HostConfig::from(HostSettings {
                data_dir: settings.data_dir.clone(),
                pool: settings.plugin_pool,
                memory_mib: settings.plugin_memory_mib,
                wall_clock_ms: settings.plugin_wall_clock_ms,
                cpu_ms: settings.plugin_cpu_ms,
                component_mib: settings.release_mib,
                tenant_calls: settings.plugin_customer_calls,
                tenant_calls_per_minute: settings.plugin_customer_calls_per_minute,
                queue_ms: settings.plugin_queue_ms,
                egress_requests: settings.plugin_egress_requests,
                sent_mib: settings.plugin_egress_sent_mib,
                received_mib: settings.plugin_egress_received_mib,
            }),
        })
    }
}
