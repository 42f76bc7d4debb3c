//! What the operator is set up with: the platform's settings as it needs them, and what tests change.

use std::time::Duration;

use openclaw_platform::config::Settings;
use openclaw_plugins::{HostConfig, Limits};

use crate::{Error, blueprint::Addresses, drivers::local};

/// Jobs that run at once.
const JOBS_AT_ONCE: usize = 8;
/// Gateways that are started at once when the operator starts.
const STARTS_AT_ONCE: usize = 4;
/// How long a gateway may take from its start to its first heartbeat.
const ANSWERING: Duration = Duration::from_secs(30);
/// How often it is looked whether every live agent has its gateway.
const LOOK_EVERY: Duration = Duration::from_secs(5);

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
    /// Work factor of bcrypt for proxy tokens.
    pub bcrypt_cost: u32,
    /// Where gateways reach the platform.
    pub addresses: Addresses,
    /// How gateways are run.
    pub local: local::Config,
    /// How niches are run.
    pub plugins: HostConfig,
}

impl Config {
    /// That of `settings`, with gateways started from this executable.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let program = local::Program {
            path: std::env::current_exe().map_err(Error::Executable)?,
            arguments: vec!["gateway".into()],
        };
        let mib = |mib: u32| mib as usize * (1 << 20);
        Ok(Self {
            jobs_at_once: JOBS_AT_ONCE,
            starts_at_once: STARTS_AT_ONCE,
            answering: ANSWERING,
            look_every: LOOK_EVERY,
            bcrypt_cost: settings.bcrypt_cost,
            addresses: Addresses {
                api: settings.api_url.clone(),
                relay: settings.relay_url.clone(),
                token_proxy: settings.token_proxy_url.clone(),
            },
            local: local::Config::new(program, settings.data_dir.join("agents")),
            plugins: HostConfig {
                cache_dir: settings.data_dir.join("compiled"),
                limits: Limits {
                    memory_bytes: mib(settings.plugin_memory_mib),
                    component_bytes: mib(settings.release_mib),
                    wall_clock: Duration::from_millis(settings.plugin_wall_clock_ms),
                    cpu_budget: Duration::from_millis(settings.plugin_cpu_ms),
                    storage_bytes: u64::from(settings.plugin_storage_mib) << 20,
                    ..Limits::default()
                },
                pool_size: settings.plugin_pool,
                ..HostConfig::default()
            },
        })
    }
}
