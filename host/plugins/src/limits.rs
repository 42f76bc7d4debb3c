//! What a call may use, and how the host is set up.

use std::path::PathBuf;
use std::time::Duration;

use crate::net::Network;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What whoever runs a host decides, in the units people set it in. The rest of a [`HostConfig`] is as usual.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The folder that compiled code gets a folder in.
    pub data_dir: PathBuf,
    /// How many calls run at once.
    pub pool: u32,
    /// Memory of one call, in MiB.
    pub memory_mib: u32,
    /// Time of one call from beginning to end, in milliseconds.
    pub wall_clock_ms: u64,
    /// Processor time of one call, in milliseconds.
    pub cpu_ms: u64,
    /// What a component may take, in MiB.
    pub component_mib: u32,
    /// How many calls of one tenant run at once.
    pub tenant_calls: u32,
    /// How many calls a tenant may make in a minute.
    pub tenant_calls_per_minute: u32,
    /// How long a call waits for its turn, in milliseconds.
    pub queue_ms: u64,
    /// Requests to other hosts that one call may send.
    pub egress_requests: u32,
    /// What one call may send to other hosts, in MiB.
    pub sent_mib: u32,
    /// What one call may receive from them, in MiB.
    pub received_mib: u32,
}

impl From<HostSettings> for HostConfig {
    fn from(settings: HostSettings) -> Self {
        let mib = |mib: u32| mib as usize * MIB;
        Self {
            cache_dir: settings.data_dir.join("compiled"),
            limits: Limits {
                memory_bytes: mib(settings.memory_mib),
                component_bytes: mib(settings.component_mib),
                wall_clock: Duration::from_millis(settings.wall_clock_ms),
                cpu_budget: Duration::from_millis(settings.cpu_ms),
                egress: EgressLimits {
                    requests: settings.egress_requests,
                    sent_bytes: u64::from(settings.sent_mib) << 20,
                    received_bytes: u64::from(settings.received_mib) << 20,
                    ..EgressLimits::default()
                },
                ..Limits::default()
            },
            pool_size: settings.pool,
            tenant_calls: settings.tenant_calls,
            tenant_calls_per_minute: settings.tenant_calls_per_minute,
            queue_timeout: Duration::from_millis(settings.queue_ms),
            ..Self::default()
        }
    }
}

/// How a [`crate::Host`] is set up.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Where compiled code is kept; made when it is absent. The key that proves this host compiled a file lies
    /// beside it, as `<cache_dir>.key`.
    pub cache_dir: PathBuf,
    /// What one call may use.
    pub limits: Limits,
    /// How many calls run at once; more wait their turn.
    pub pool_size: u32,
    /// How many calls of one tenant run at once; more wait, and take no place of others meanwhile.
    pub tenant_calls: u32,
    /// How many calls a tenant may make in a minute.
    pub tenant_calls_per_minute: u32,
    /// How long a call waits for its turn before it fails with `too-many-calls` or `pool-exhausted`.
    pub queue_timeout: Duration,
    /// How niches reach other hosts.
    pub network: Network,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cache_dir: PathBuf::from(".openclaw/compiled"),
            limits: Limits::default(),
            pool_size: 64,
            tenant_calls: 4,
            tenant_calls_per_minute: 600,
            queue_timeout: Duration::from_secs(5),
            network: Network::default(),
        }
    }
}

/// What one call may use. A breach ends that call with a typed error and harms no other.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of all linear memories and tables of the call together.
    pub memory_bytes: usize,
    /// Elements of all tables of the call together.
    pub table_elements: usize,
    /// From beginning to end, waiting for the host included.
    pub wall_clock: Duration,
    /// Computing alone. Measured in ticks of [`Limits::TICK`]; at least one.
    pub cpu_budget: Duration,
    /// Bytes of a result, and of what one call to the host hands over.
    pub output_bytes: usize,
    /// Bytes of log lines, standard output and standard error together.
    pub log_bytes: usize,
    /// Bytes of one stored value.
    pub value_bytes: usize,
    /// Keys of one customer's data in one niche; how many bytes it may take is granted.
    pub storage_keys: u64,
    /// Bytes that one scan of the storage brings.
    pub scan_bytes: u64,
    /// Handles (streams, pollables, …) open at once.
    pub handles: usize,
    /// Bytes of a component.
    pub component_bytes: usize,
    /// Cases of a self-test.
    pub self_test_cases: usize,
    /// Requests to other hosts.
    pub egress: EgressLimits,
}

/// What one call may send to other hosts and receive from them, over `http` and `connections` together.
#[derive(Debug, Clone)]
pub struct EgressLimits {
    /// Requests, redirects that the host follows included.
    pub requests: u32,
    /// Requests under way at once.
    pub at_once: u32,
    /// Bytes sent, headers included.
    pub sent_bytes: u64,
    /// Bytes received, headers included.
    pub received_bytes: u64,
    /// Redirects that the host follows for one request.
    pub redirects: u32,
    /// From a name to a secure connection.
    pub connect: Duration,
    /// From a connection to the answer's head, the request's body included.
    pub first_byte: Duration,
    /// How long the other side may be silent.
    pub between_bytes: Duration,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            requests: 16,
            at_once: 4,
            sent_bytes: 4 << 20,
            received_bytes: 8 << 20,
            redirects: 5,
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(8),
            between_bytes: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// How often a computing call is looked at: it yields to others, and ends when its budget is spent.
    pub const TICK: Duration = Duration::from_millis(5);

    /// The CPU budget in ticks.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let ticks = self.cpu_budget.as_micros().div_ceil(Self::TICK.as_micros());
        u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            table_elements: 20_000,
            wall_clock: Duration::from_secs(10),
            cpu_budget: Duration::from_secs(2),
            output_bytes: MIB,
            log_bytes: 64 * KIB,
            value_bytes: 256 * KIB,
            storage_keys: 100_000,
            scan_bytes: 16 << 20,
            handles: 256,
            component_bytes: 32 * MIB,
            self_test_cases: 200,
            egress: EgressLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_what_holds_in_the_units_it_is_set_in() {
        let config = HostConfig::from(HostSettings {
            data_dir: "/data".into(),
            pool: 1,
            memory_mib: 2,
            wall_clock_ms: 3,
            cpu_ms: 4,
            component_mib: 5,
            tenant_calls: 6,
            tenant_calls_per_minute: 7,
            queue_ms: 8,
            egress_requests: 9,
            sent_mib: 10,
            received_mib: 11,
        });
        let (limits, millis) = (&config.limits, Duration::from_millis);
        assert_eq!((limits.memory_bytes, limits.component_bytes), (2 << 20, 5 << 20));
        assert_eq!((limits.wall_clock, limits.cpu_budget, config.queue_timeout), (millis(3), millis(4), millis(8)));
        assert_eq!((config.pool_size, config.tenant_calls, config.tenant_calls_per_minute), (1, 6, 7));
        let egress = &limits.egress;
        assert_eq!((egress.requests, egress.sent_bytes, egress.received_bytes), (9, 10 << 20, 11 << 20));
    }

    #[test]
    fn the_budget_is_whole_ticks_and_never_none() {
        let ticks = |millis| Limits { cpu_budget: Duration::from_millis(millis), ..Limits::default() }.cpu_ticks();
        assert_eq!([ticks(0), ticks(1), ticks(5), ticks(6), ticks(1000)], [1, 1, 1, 2, 200]);
    }
}
