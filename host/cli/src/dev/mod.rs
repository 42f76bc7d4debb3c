//! `openclaw-cloud dev`: the whole platform on this machine, each role a process of its own.
//!
//! Private Postgres and Redis, then the roles in order, then the niches. What dies is started again; Ctrl-C or SIGTERM
//! stops everything in the opposite order. Should this process be killed, its children see their lifeline end and go.

mod role;
pub(crate) mod secrets;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use openclaw_api_types::{List, ReleaseState, ReleaseSummary};
use openclaw_platform::{
    config::{Plain, Settings},
    db, http,
};
use openclaw_testkit::{postgres::Postgres, redis::Redis, server::free_port};
use tokio_util::sync::CancellationToken;

use self::{role::Role, secrets::Secrets};
use crate::{niche, platform::AdminApi, roles::shutdown};

/// How long the roles may take to answer.
const READY: Duration = Duration::from_secs(60);
/// How often to look whether Postgres and Redis still run.
const LOOK_AFTER_SERVERS: Duration = Duration::from_secs(1);

/// How `dev` is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder for data, logs and `dev.json`.
    #[arg(long, env = "DATA_DIR", default_value = ".openclaw")]
    data_dir: PathBuf,
    /// Folder of components to install, beside what is installed already.
    #[arg(long, env = "OPENCLAW_COMPONENTS")]
    niches: Option<PathBuf>,
}

/// The backing services that this process started.
#[derive(Default)]
struct Servers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
}

impl Servers {
    /// Starts again what ended without being told to.
    async fn revive(&mut self) {
        let told = |name: &str, started: anyhow::Result<()>| match started {
            Ok(()) => say(&format!("{name} had ended and was started again")),
            Err(error) => say(&format!("{name} ended and does not start again: {error:#}")),
        };
        if let Some(postgres) = &mut self.postgres
            && !postgres.is_running()
        {
            told("Postgres", postgres.start().await);
        }
        if let Some(redis) = &mut self.redis
            && !redis.is_running()
        {
            told("Redis", redis.start().await);
        }
    }
}

/// Variables for the roles.
type Variables = BTreeMap<&'static str, String>;

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    http::install_tls();
    let began = Instant::now();
    let stop = shutdown()?;
    std::fs::create_dir_all(&arguments.data_dir)
        .with_context(|| format!("cannot make {}", arguments.data_dir.display()))?;
    let data_dir = arguments.data_dir.canonicalize()?;
    let _lock = lock(&data_dir)?;
    let mut servers = Servers::default();
    let mut roles = Vec::new();
    let served = tokio::select! {
        served = serve(&arguments, &data_dir, began, &stop, &mut servers, &mut roles) => served,
        () = stop.cancelled() => Ok(()),
    };
    say("stopping");
    // The doors first, then what stands behind them.
    while let Some(role) = roles.pop() {
        role.stop().await;
    }
    let _ = std::fs::remove_file(data_dir.join("dev.json"));
    if let Some(mut redis) = servers.redis {
        redis.stop().await?;
    }
    if let Some(mut postgres) = servers.postgres {
        postgres.stop().await?;
    }
    say("stopped");
    served
}

async fn serve(
    arguments: &Arguments,
    data_dir: &Path,
    began: Instant,
    stop: &CancellationToken,
    servers: &mut Servers,
    roles: &mut Vec<Role>,
) -> anyhow::Result<()> {
    let addresses = Addresses::from_env()?;
    addresses.check_free()?;
    let secrets = Secrets::in_folder(data_dir)?;
    let mut variables = addresses.variables();
    variables.extend(secrets.variables());
    variables.insert("ENVIRONMENT", "dev".into());
    variables.insert("DATA_DIR", data_dir.to_string_lossy().into_owned());
    start_servers(data_dir, servers, &mut variables).await?;

    // What is wrong with a setting is said here and once, not by every role in its log.
    let ours = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Settings::from_variables(std::env::vars().chain(ours))?;

    let pool = db::pool(&variables["DATABASE_URL"].clone().into(), 1)?;
    db::migrate(&pool).await?;
    pool.close().await;
    say("database migrated");

    for (name, address) in start_order(&addresses, &mut variables) {
        roles.push(Role::start(name, address, &variables, data_dir)?);
    }
    for role in roles.iter() {
        role.answers(READY).await?;
    }
    say("every role answers");
    if let Some(folder) = &arguments.niches {
        install_niches(folder, &addresses.url("api"), &secrets.admin_token).await?;
    }
    announce(data_dir, &addresses, &secrets, &variables, began)?;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_AFTER_SERVERS) => servers.revive().await,
        }
    }
}

/// One `dev` a folder. The lock goes with the process, however it ends.
fn lock(data_dir: &Path) -> anyhow::Result<std::fs::File> {
    let file = std::fs::File::create(data_dir.join("lock"))?;
    file.try_lock().map_err(|_| {
        anyhow::anyhow!("another `dev` runs in {}: stop it, or set DATA_DIR to another folder", data_dir.display())
    })?;
    Ok(file)
}

async fn start_servers(data_dir: &Path, servers: &mut Servers, variables: &mut Variables) -> anyhow::Result<()> {
    match std::env::var("DATABASE_URL") {
        Ok(url) => {
            variables.insert("DATABASE_URL", url);
        }
        Err(_) => {
            let port = port_from_env("POSTGRES_PORT")?;
            let postgres = servers.postgres.insert(Postgres::in_folder(&data_dir.join("postgres"), port).await?);
            postgres.ensure_database("openclaw").await?;
            variables.insert("DATABASE_URL", postgres.url("openclaw"));
            say("Postgres started");
        }
    }
    match std::env::var("REDIS_URL") {
        Ok(url) => {
            variables.insert("REDIS_URL", url);
        }
        Err(_) => {
            let port = port_from_env("REDIS_PORT")?;
            let redis = servers.redis.insert(Redis::in_folder(&data_dir.join("redis"), port).await?);
            variables.insert("REDIS_URL", redis.url.clone());
            say("Redis started");
        }
    }
    Ok(())
}

fn port_from_env(name: &str) -> anyhow::Result<Option<u16>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.parse().with_context(|| format!("{name} must be a port, not {text:?}"))?)),
        Err(_) => Ok(None),
    }
}

/// The roles in the order they start, with the addresses of their health checks.
fn start_order(addresses: &Addresses, variables: &mut Variables) -> Vec<(&'static str, SocketAddr)> {
    let mut order = Vec::new();
    let has_model = ["LLM_BASE_URL", "KIMI_API_KEY", "MOONSHOT_API_KEY"]
        .iter()
        .any(|n| std::env::var(n).is_ok_and(|v| !v.is_empty()));
    if !has_model {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        variables.insert("DEMO_MODEL_URL", format!("http://{address}/v1"));
        order.push(("demo-model", address));
    }
    order.extend(addresses.0.iter().map(|(role, _, address)| (*role, *address)));
    order
}

/// The address that `variable` says: with port 0, on a port that is free.
fn address_from(variable: &str, text: &str) -> anyhow::Result<SocketAddr> {
    let mut address: SocketAddr =
        text.parse().with_context(|| format!("{variable} must be address:port, not {text:?}"))?;
    if address.port() == 0 {
        address.set_port(free_port());
    }
    Ok(address)
}

/// Where each role listens: the settings' defaults unless the environment says otherwise.
struct Addresses([(&'static str, &'static str, SocketAddr); 6]);

impl Addresses {
    fn from_env() -> anyhow::Result<Self> {
        let plain = Plain::default();
        let mut all = [
            ("api", "API_LISTEN", plain.api_listen),
            ("token-proxy", "TOKEN_PROXY_LISTEN", plain.token_proxy_listen),
            ("telegram-relay", "RELAY_LISTEN", plain.relay_listen),
            ("billing-worker", "BILLING_LISTEN", plain.billing_listen),
            ("operator", "OPERATOR_LISTEN", plain.operator_listen),
            ("web", "WEB_LISTEN", plain.web_listen),
        ];
        for (_, variable, address) in &mut all {
            if let Ok(text) = std::env::var(*variable) {
                *address = address_from(variable, &text)?;
            }
        }
        Ok(Self(all))
    }

    fn check_free(&self) -> anyhow::Result<()> {
        for (role, variable, address) in &self.0 {
            if let Err(error) = TcpListener::bind(address) {
                if error.kind() == std::io::ErrorKind::AddrInUse {
                    bail!(
                        "port {} is already in use, and {role} needs it: stop what uses it, or set {variable}, \
                         for instance {variable}=127.0.0.1:{}",
                        address.port(),
                        free_port()
                    );
                }
                bail!("{role} cannot listen on {address}: {error}. Set {variable} to an address of this machine");
            }
        }
        Ok(())
    }

    fn url(&self, role: &str) -> String {
        let address = self.0.iter().find(|(r, ..)| *r == role).map(|(.., a)| *a).expect("every role has an address");
        format!("http://{address}")
    }

    fn variables(&self) -> Variables {
        let mut variables: Variables =
            self.0.iter().map(|(_, variable, address)| (*variable, address.to_string())).collect();
        for (variable, role) in
            [("API_URL", "api"), ("TOKEN_PROXY_URL", "token-proxy"), ("RELAY_URL", "telegram-relay")]
        {
            variables.insert(variable, std::env::var(variable).unwrap_or_else(|_| self.url(role)));
        }
        let site = std::env::var("PUBLIC_URL").unwrap_or_else(|_| self.url("web").replace("127.0.0.1", "localhost"));
        variables.insert("PUBLIC_URL", site);
        variables
    }
}

/// Installs every component in `folder` that the platform has not had yet.
async fn install_niches(folder: &Path, api: &str, admin_token: &str) -> anyhow::Result<()> {
    let admin = AdminApi::new(api, admin_token);
    let known: List<ReleaseSummary> = admin.get("releases").await?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the niches in {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "wasm"))
        .collect();
    files.sort();
    for file in files {
        let component = std::fs::read(&file)?;
        let digest = openclaw_platform::Digest::of(&component).to_string();
        // One that only waits was being installed when someone pulled the plug.
        let known = known.items.iter().find(|release| release.digest == digest);
        if known.is_some_and(|release| release.state != ReleaseState::Pending) {
            continue;
        }
        let release =
            niche::install(&admin, component, None).await.with_context(|| format!("installing {}", file.display()))?;
        say(&format!("installed {} {}", release.release.niche, release.release.version));
    }
    Ok(())
}

fn announce(
    data_dir: &Path,
    addresses: &Addresses,
    secrets: &Secrets,
    variables: &Variables,
    began: Instant,
) -> anyhow::Result<()> {
    let demo_model = variables.contains_key("DEMO_MODEL_URL");
    let mut dev = serde_json::json!({
        "web": variables["PUBLIC_URL"],
        "admin_token": secrets.admin_token,
        "database_url": variables["DATABASE_URL"],
        "redis_url": variables["REDIS_URL"],
        "stripe_webhook_secret": variables["STRIPE_WEBHOOK_SECRET"],
        "demo_model": demo_model,
        "pid": std::process::id(),
    });
    for (role, ..) in &addresses.0 {
        if *role != "web" {
            dev[role.replace('-', "_")] = addresses.url(role).into();
        }
    }
    secrets::write_private(&data_dir.join("dev.json"), &serde_json::to_vec_pretty(&dev)?)?;
    println!();
    println!("  marketplace   {}", variables["PUBLIC_URL"]);
    println!("  admin         {}/pt/admin", variables["PUBLIC_URL"]);
    println!("  API           {}   (openapi.json)", addresses.url("api"));
    println!("  token proxy   {}", addresses.url("token-proxy"));
    println!("  logs          {}", data_dir.join("logs").display());
    if demo_model {
        println!("  model         the demo model: set KIMI_API_KEY, MOONSHOT_API_KEY or LLM_BASE_URL for a real one");
    }
    println!("\nserving after {:.1} s. Ctrl-C stops everything.", began.elapsed().as_secs_f64());
    Ok(())
}

fn say(what: &str) {
    println!("· {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_is_a_free_one_and_no_two_roles_get_the_same() {
        let chosen = ["API_LISTEN", "WEB_LISTEN"].map(|variable| address_from(variable, "127.0.0.1:0").unwrap());
        assert!(chosen.iter().all(|address| address.port() != 0));
        assert_ne!(chosen[0], chosen[1]);
        assert_eq!(address_from("API_LISTEN", "127.0.0.1:8000").unwrap().port(), 8000);
        let error = address_from("API_LISTEN", "here").unwrap_err().to_string();
        assert_eq!(error, "API_LISTEN must be address:port, not \"here\"");
    }
}
