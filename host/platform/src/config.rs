//! Every setting of the platform: its environment variable is the field's name in capitals.
//!
//! `docs/CONFIGURATION.md` is made from these comments; a test fails when the two differ.

use std::{net::SocketAddr, path::PathBuf};

use figment::{Figment, providers::Serialized};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Error, error::Result};

/// Work factors of bcrypt that make sense: below, the library refuses; above, a gateway waits seconds for its token.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=15;

/// The settings of every role. Each role reads those it needs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Settings {
    /// Postgres 15 or newer, as `postgres://user:password@host:port/database`.
    #[schemars(with = "Option<String>")]
    pub database_url: SecretString,
    /// Redis 7 or Valkey, as `redis://host:port/0`.
    #[schemars(with = "Option<String>")]
    pub redis_url: SecretString,
    /// Encrypts secrets at rest (bot tokens): 32 random bytes in base64. `openclaw-cloud dev` makes one and keeps it.
    #[schemars(with = "Option<String>")]
    pub platform_key: SecretString,
    /// Opens `/internal/*`, the admin page and `openclaw-cloud niche install`. At least 16 characters.
    #[schemars(with = "Option<String>")]
    pub admin_token: SecretString,
    /// `dev` when started by `openclaw-cloud dev`: mail goes to an outbox page, and `/internal/*` needs no token.
    pub environment: Environment,

    #[serde(flatten)]
    #[allow(missing_docs)]
    pub plain: Plain,

    /// Key of Kimi's coding API, which serves the default model.
    #[schemars(with = "Option<String>")]
    pub kimi_api_key: Option<SecretString>,
    /// Key of Moonshot's API, used when there is no Kimi key.
    #[schemars(with = "Option<String>")]
    pub moonshot_api_key: Option<SecretString>,
    /// Key for `LLM_BASE_URL`.
    #[schemars(with = "Option<String>")]
    pub llm_api_key: Option<SecretString>,
    /// Stripe's secret key. Without one, `dev` has a checkout page of its own.
    #[schemars(with = "Option<String>")]
    pub stripe_secret_key: Option<SecretString>,
    /// Signs Stripe's webhooks (`whsec_…`). `openclaw-cloud dev` makes one.
    #[schemars(with = "Option<String>")]
    pub stripe_webhook_secret: Option<SecretString>,
    /// The mail server, as `smtps://user:password@host:465` or `smtp://host:25`. Without one mail is only kept in the outbox, which only `dev` allows.
    #[schemars(with = "Option<String>")]
    pub smtp_url: Option<SecretString>,
}

/// Where the platform runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// On a developer's machine.
    Dev,
    /// For customers.
    #[default]
    Production,
}

/// What runs gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// The operator itself, as child processes.
    #[default]
    Local,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// The settings that are no secrets and have defaults.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Plain {
    /// Where the API listens.
    pub api_listen: SocketAddr,
    /// Where gateways and the web server reach the API.
    pub api_url: String,
    /// Where the web server listens.
    pub web_listen: SocketAddr,
    /// The address customers see, without a slash at the end.
    pub public_url: String,
    /// Where the token proxy listens.
    pub token_proxy_listen: SocketAddr,
    /// Where gateways reach the token proxy.
    pub token_proxy_url: String,
    /// Where the Telegram relay listens.
    pub relay_listen: SocketAddr,
    /// Where gateways reach the relay.
    pub relay_url: String,
    /// The relay's address as Telegram reaches it (HTTPS); empty for long polling.
    pub relay_public_url: String,
    /// Telegram's Bot API.
    pub telegram_api_url: String,
    /// Where the operator answers health checks.
    pub operator_listen: SocketAddr,
    /// What runs gateways: `local`, the operator as its child processes, or `kubernetes`.
    pub driver: Driver,
    /// For the Kubernetes driver: a kubeconfig; empty for the account of the operator's own pod.
    pub kubeconfig: PathBuf,
    /// For the Kubernetes driver: the namespace with the platform's own pods and the `Agent`s.
    pub kubernetes_namespace: String,
    /// For the Kubernetes driver: the image that gateways run, whose entry point is `openclaw-cloud`.
    pub gateway_image: String,
    /// For the Kubernetes driver: the same with OpenClaw and its Node beside it, for agents of that runtime.
    pub gateway_openclaw_image: String,
    /// For the Kubernetes driver: the class of the volumes with OpenClaw's state; empty for the cluster's usual one.
    pub gateway_storage_class: String,
    /// Where the billing worker answers health checks.
    pub billing_listen: SocketAddr,
    /// The folder for compiled components, gateways' logs and other files that can be made again.
    pub data_dir: PathBuf,
    /// Web bundle and static files; empty for those beside the executable.
    pub web_assets: PathBuf,
    /// Any OpenAI-compatible endpoint, ending in `/v1`; it goes before the providers known by key.
    pub llm_base_url: String,
    /// The model's name at `LLM_BASE_URL`; empty to pass on the agent's own.
    pub llm_model: String,
    /// The demo model, which `dev` starts when no key is set. Used only when no other provider is.
    pub demo_model_url: String,
    /// The model of new agents.
    pub default_model: String,
    /// Requests a second that one customer's agents may send to the token proxy.
    pub rate_limit_per_second: u32,
    /// Requests that may come at once above that rate.
    pub rate_limit_burst: u32,
    /// Most tokens one answer may take, also what is reserved for it.
    pub max_completion_tokens: u32,
    /// How long a provider may take to begin an answer, in seconds.
    pub llm_timeout_seconds: u64,
    /// Work factor of bcrypt for proxy tokens (4 to 15). Their secrets are 256 random bits, so a small one is enough.
    pub bcrypt_cost: u32,
    /// Postgres connections of one role at most.
    pub database_connections: u32,
    /// Memory a call into a niche may take, in MiB.
    pub plugin_memory_mib: u32,
    /// How long a call into a niche may take in all, in milliseconds.
    pub plugin_wall_clock_ms: u64,
    /// Processor time a call into a niche may take, in milliseconds.
    pub plugin_cpu_ms: u64,
    /// Calls into niches that one process runs at once.
    pub plugin_pool: u32,
    /// Calls into niches that one process runs at once for one customer; more wait, and hold up nobody else.
    pub plugin_customer_calls: u32,
    /// Calls into niches that one process takes from one customer in a minute.
    pub plugin_customer_calls_per_minute: u32,
    /// How long a call into a niche may wait for its turn, in milliseconds.
    pub plugin_queue_ms: u64,
    /// Requests to other hosts that a call into a niche may send, redirects that are followed among them; 0 for none.
    pub plugin_egress_requests: u32,
    /// What a call into a niche may send to other hosts, in MiB.
    pub plugin_egress_sent_mib: u32,
    /// What a call into a niche may receive from other hosts, in MiB.
    pub plugin_egress_received_mib: u32,
    /// Storage a customer's data of one niche may take at most, in MiB, whatever the niche asks for.
    pub plugin_storage_mib: u32,
    /// Postgres connections for niches' storage, beside `DATABASE_CONNECTIONS`: one for each customer's niche whose call has storage open. Half of `PLUGIN_POOL` is plenty; with as many as `PLUGIN_POOL` no call ever waits for one.
    pub plugin_storage_connections: u32,
    /// How long a call into a niche may leave its open storage unused, such as while it waits for another host, in milliseconds. What it wrote is then lost.
    pub plugin_storage_idle_ms: u64,
    /// Hosts that niches may reach at most, whatever an admin approves, with commas: a name, `*.` and a domain, or `*` for any.
    pub plugin_hosts: String,
    /// Providers whose connections niches may use at most, with commas; `*` for any.
    pub plugin_connections: String,
    /// Largest component that is taken, in MiB.
    pub release_mib: u32,
    /// How long the self-test of a release and the recordings that it carries may take together, in seconds; 0 takes no release that has any.
    pub release_test_seconds: u32,
    /// OCI registries that the platform may pull releases from, with commas, such as `registry.example.com`; empty for none.
    pub release_registries: String,
    /// Calls of a new release before a roll-out is judged by them.
    pub roll_out_min_calls: u32,
    /// A roll-out is taken back when more of the new release's calls trap than of the old one's, by so many percentage points.
    pub roll_out_traps_points: f64,
    /// The same for calls that run out of time.
    pub roll_out_timeouts_points: f64,
    /// The same for calls in which something is wanted and not granted.
    pub roll_out_refusals_points: f64,
    /// A roll-out is taken back when the updates of more of the agents that were moved to the new release are given up than of those moved to the old one, by so many percentage points; however few calls there were.
    pub roll_out_updates_points: f64,
    /// A roll-out is taken back when the p95 latency of the new release is more than so many times the old one's.
    pub roll_out_p95_factor: f64,
    /// Differences of p95 below this many milliseconds are no reason.
    pub roll_out_p95_floor_ms: u32,
    /// Sender of mail.
    pub mail_from: String,
    /// How long a sign-in link works, in minutes.
    pub sign_in_minutes: u32,
    /// How long a browser stays signed in, in days.
    pub session_days: u32,
    /// Stripe's price of tier starter (`price_…`).
    pub stripe_price_starter: String,
    /// Stripe's price of tier pro.
    pub stripe_price_pro: String,
    /// Stripe's price of tier team.
    pub stripe_price_team: String,
    /// Stripe's API.
    pub stripe_api_url: String,
    /// Logs as JSON lines.
    pub log_json: bool,
}

impl Default for Plain {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            api_listen: local(8000),
            api_url: "http://127.0.0.1:8000".into(),
            web_listen: local(3000),
            public_url: "http://localhost:3000".into(),
            token_proxy_listen: local(8080),
            token_proxy_url: "http://127.0.0.1:8080".into(),
            relay_listen: local(8090),
            relay_url: "http://127.0.0.1:8090".into(),
            relay_public_url: String::new(),
            telegram_api_url: "https://api.telegram.org".into(),
            operator_listen: local(8070),
            driver: Driver::default(),
            kubeconfig: PathBuf::new(),
            kubernetes_namespace: "openclaw".into(),
            gateway_image: String::new(),
            gateway_openclaw_image: String::new(),
            gateway_storage_class: String::new(),
            billing_listen: local(8060),
            data_dir: ".openclaw".into(),
            web_assets: PathBuf::new(),
            llm_base_url: String::new(),
            llm_model: String::new(),
            demo_model_url: String::new(),
            default_model: "kimi-coding/k2p5".into(),
            rate_limit_per_second: 10,
            rate_limit_burst: 20,
            max_completion_tokens: 4096,
            llm_timeout_seconds: 120,
            bcrypt_cost: 6,
            database_connections: 10,
            plugin_memory_mib: 64,
            plugin_wall_clock_ms: 10_000,
            plugin_cpu_ms: 2_000,
            plugin_pool: 64,
            plugin_customer_calls: 4,
            plugin_customer_calls_per_minute: 600,
            plugin_queue_ms: 5_000,
            plugin_egress_requests: 16,
            plugin_egress_sent_mib: 4,
            plugin_egress_received_mib: 8,
            plugin_storage_mib: 64,
            plugin_storage_connections: 32,
            plugin_storage_idle_ms: 5_000,
            plugin_hosts: "*".into(),
            plugin_connections: "*".into(),
            release_mib: 32,
            release_test_seconds: 120,
            release_registries: String::new(),
            roll_out_min_calls: 50,
            roll_out_traps_points: 2.0,
            roll_out_timeouts_points: 2.0,
            roll_out_refusals_points: 5.0,
            roll_out_updates_points: 5.0,
            roll_out_p95_factor: 1.5,
            roll_out_p95_floor_ms: 50,
            mail_from: "openclaw-cloud <no-reply@localhost>".into(),
            sign_in_minutes: 15,
            session_days: 30,
            stripe_price_starter: String::new(),
            stripe_price_pro: String::new(),
            stripe_price_team: String::new(),
            stripe_api_url: "https://api.stripe.com".into(),
            log_json: false,
        }
    }
}

impl Settings {
    /// The settings in the environment, defaults for the rest.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(std::env::vars())
    }

    /// The settings in `variables` alone, for tests.
    pub fn from_pairs<'a>(variables: impl IntoIterator<Item = (&'a str, String)>) -> Result<Self> {
        Self::from_variables(variables.into_iter().map(|(name, value)| (name.to_owned(), value)))
    }

    /// The settings in `variables`; of those named twice the later one counts.
    pub fn from_variables(variables: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Plain::default()))
            .merge(Serialized::global("environment", Environment::default()));
        let known = rows();
        for (name, text) in variables {
            // The environment holds much that is no setting.
            let Some(row) = known.iter().find(|row| row.variable.eq_ignore_ascii_case(&name)) else { continue };
            // Text stays text, whatever it looks like: a password may be all digits.
            let value = if row.text { text.into() } else { text.parse().expect("any text parses as a value") };
            let value: figment::value::Value = value;
            figment = figment.merge(Serialized::global(&row.variable.to_lowercase(), value));
        }
        // First what names the variable that is wrong; the whole is flattened, which loses the name.
        figment.extract::<Plain>().map_err(|error| Error::Config(explain(&error)))?;
        let settings: Self = figment.extract().map_err(|error| Error::Config(explain(&error)))?;
        if settings.admin_token.expose_secret().len() < 16 {
            return Err(Error::Config("ADMIN_TOKEN must have at least 16 characters".into()));
        }
        if !BCRYPT_COSTS.contains(&settings.bcrypt_cost) {
            let (least, most) = (BCRYPT_COSTS.start(), BCRYPT_COSTS.end());
            return Err(Error::Config(format!("BCRYPT_COST must be {least} to {most}, not {}", settings.bcrypt_cost)));
        }
        for (variable, url, schemes) in [
            ("DATABASE_URL", &settings.database_url, ["postgres://", "postgresql://"]),
            ("REDIS_URL", &settings.redis_url, ["redis://", "rediss://"]),
        ] {
            if !schemes.iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
                return Err(Error::Config(format!("{variable} must begin with {} or {}", schemes[0], schemes[1])));
            }
        }
        Ok(settings)
    }

    /// Whether this is a developer's machine.
    pub fn is_dev(&self) -> bool {
        self.environment == Environment::Dev
    }
}

impl std::ops::Deref for Settings {
    type Target = Plain;
    fn deref(&self) -> &Plain {
        &self.plain
    }
}

fn explain(error: &figment::Error) -> String {
    let variable = error.path.first().map(|p| p.to_uppercase());
    match (&error.kind, variable) {
        (figment::error::Kind::MissingField(field), _) => {
            format!(
                "{} is not set. docs/CONFIGURATION.md says what it is; `openclaw-cloud dev` sets it by itself",
                field.to_uppercase()
            )
        }
        (_, Some(variable)) => format!("{variable} is wrong: {error}"),
        (_, None) => format!("the settings are wrong: {error}"),
    }
}

/// A row of docs/CONFIGURATION.md.
#[derive(Debug)]
pub struct Row {
    /// The environment variable.
    pub variable: String,
    /// What it means.
    pub meaning: String,
    /// Its default as it would be written; none if there is none.
    pub default: Option<String>,
    /// Whether it must be kept secret.
    pub secret: bool,
    /// Whether its value is text, and not a number or a yes or no.
    text: bool,
}

/// Every setting, sorted by name.
pub fn rows() -> Vec<Row> {
    let schema = schemars::schema_for!(Settings).to_value();
    let defaults = serde_json::to_value(Plain::default()).expect("plain settings are plain JSON");
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let mut rows: Vec<Row> = properties
        .into_iter()
        .map(|(name, property)| {
            let default = match &defaults[&name] {
                serde_json::Value::Null => (name == "environment").then(|| "production".to_owned()),
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            Row {
                variable: name.to_uppercase(),
                meaning: property["description"].as_str().unwrap_or_default().replace('\n', " "),
                secret: default.is_none(),
                text: !matches!(defaults[&name], serde_json::Value::Number(_) | serde_json::Value::Bool(_)),
                default,
            }
        })
        .collect();
    rows.sort_by(|a, b| a.variable.cmp(&b.variable));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least() -> Vec<(&'static str, String)> {
        let mut least: Vec<(&str, String)> =
            ["PLATFORM_KEY", "ADMIN_TOKEN"].map(|n| (n, "0123456789012345".into())).into();
        least.insert(0, ("DATABASE_URL", "postgres://somewhere/x".into()));
        least.insert(1, ("REDIS_URL", "redis://somewhere/0".into()));
        least
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Settings::from_pairs(least().into_iter().skip(1)).unwrap_err();
        assert!(error.to_string().contains("DATABASE_URL"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = Settings::from_pairs(least().into_iter().chain([("API_LISTEN", "here".into())])).unwrap_err();
        assert!(error.to_string().contains("API_LISTEN"), "{error}");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (variable, value) in
            [("BCRYPT_COST", "99"), ("REDIS_URL", "zzz"), ("DATABASE_URL", "mysql://x"), ("ADMIN_TOKEN", "short")]
        {
            let error = Settings::from_pairs(least().into_iter().chain([(variable, value.into())])).unwrap_err();
            assert!(error.to_string().contains(variable), "{error}");
        }
    }

    #[test]
    fn defaults_hold_and_are_overridden() {
        let settings = Settings::from_pairs(least().into_iter().chain([("RATE_LIMIT_BURST", "7".into())])).unwrap();
        assert_eq!((settings.rate_limit_per_second, settings.rate_limit_burst), (10, 7));
        assert!(!settings.is_dev());
    }

    #[test]
    fn every_setting_says_what_it_means() {
        for row in rows() {
            assert!(!row.meaning.is_empty(), "{}", row.variable);
        }
    }
}
