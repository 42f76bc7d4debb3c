//! What every handler has at hand.

use std::{sync::Arc, time::Duration};

use openclaw_platform::{
    config::{Plain, Settings},
    db::{self, Notice},
    locks::Locks,
    mail::Mailer,
    niche_storage::Spaces,
    tokens::Authenticator,
    vault::Vault,
};
use openclaw_plugins::{Host, HostConfig, HostSettings};
use sqlx::PgPool;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::{Error, limits::Limits, mcp, niches::Niches, releases::rights::ceiling};

/// What the API hears of the others' changes.
const CHANNELS: &[&str] = &["agents", mcp::CANCELLATIONS, "chat", "jobs", "releases", "typing"];

/// The API's state. Clones are cheap and are the same state.
#[derive(Clone)]
pub struct AppState {
    pub(crate) settings: Arc<Settings>,
    pub(crate) db: PgPool,
    /// Niches' storage, with connections of its own: a call may wait for its turn there, and nothing else shall wait for
    /// it.
    pub(crate) spaces: Spaces,
    pub(crate) vault: Vault,
    pub(crate) mailer: Mailer,
    pub(crate) tokens: Authenticator,
    pub(crate) niches: Niches,
    /// The tool calls under way in this process.
    pub(crate) calls: mcp::Calls,
    /// Who listens for changes of their tools in this process.
    pub(crate) listeners: mcp::Listeners,
    pub(crate) limits: Limits,
    /// One look at an interview at a time, by whose it is.
    pub(crate) interviews: Locks<Uuid>,
    pub(crate) http: reqwest::Client,
    /// Ends streams that would otherwise go on for ever.
    pub(crate) shutdown: CancellationToken,
    notices: broadcast::Sender<Notice>,
    own_origin: Arc<str>,
}

impl AppState {
    /// The state over `db`. Until `shutdown`, it keeps itself up to date about releases.
    pub fn new(settings: Arc<Settings>, db: PgPool, shutdown: CancellationToken) -> Result<Self, Error> {
        let host = Host::new(host_config(&settings))?;
        let notices = db::listen(&db, CHANNELS);
        let niches = Niches::new(db.clone(), host, ceiling(&settings)?);
        tokio::spawn(niches.clone().watch(notices.subscribe(), shutdown.clone()));
        let calls = mcp::Calls::default();
        tokio::spawn(calls.clone().watch(notices.subscribe(), shutdown.clone()));
        let public: Url = settings
            .public_url
            .parse()
            .map_err(|error| openclaw_platform::Error::Config(format!("PUBLIC_URL is wrong: {error}")))?;
        Ok(Self {
            spaces: Spaces::new(
                &settings.database_url,
                settings.plugin_storage_connections,
                Duration::from_millis(settings.plugin_storage_idle_ms),
            )?,
            vault: Vault::new(&settings.platform_key)?,
            mailer: Mailer::new(&settings, db.clone())?,
            tokens: Authenticator::new(db.clone()),
            limits: Limits::default(),
            interviews: Locks::default(),
            http: openclaw_platform::http::client(),
            own_origin: public.origin().ascii_serialization().into(),
            niches,
            calls,
            listeners: mcp::Listeners::default(),
            notices,
            shutdown,
            settings,
            db,
        })
    }

    /// What others change from now on.
    pub(crate) fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Whether `origin` is that of our own pages.
    pub(crate) fn is_own_origin(&self, origin: &[u8]) -> bool {
        origin == self.own_origin.as_bytes()
    }

    /// Whether customers reach us by HTTPS, so that cookies may be for HTTPS alone.
    pub(crate) fn is_https(&self) -> bool {
        self.own_origin.starts_with("https:")
    }

    /// Whether agents are answered by the demo model, for want of any other.
    pub(crate) fn has_demo_model(&self) -> bool {
        let s = &self.settings;
        s.llm_base_url.is_empty() && s.kimi_api_key.is_none() && s.moonshot_api_key.is_none()
    }
}

/// The plugin host as it is set.
fn host_config(settings: &Plain) -> HostConfig {
    HostConfig::from(HostSettings {
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
    })
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppState")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_what_the_host_does_by_itself() {
        let (set, usual) = (host_config(&Plain::default()), HostConfig::default());
        assert_eq!(format!("{:?}", set.limits), format!("{:?}", usual.limits));
        let of = |config: &HostConfig| {
            (config.pool_size, config.tenant_calls, config.tenant_calls_per_minute, config.queue_timeout)
        };
        assert_eq!(of(&set), of(&usual));
    }
}
