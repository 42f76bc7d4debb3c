//! The roles: settings from the environment, then the crate that is the role.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use openclaw_platform::{
    config::{self, Settings},
    db, http, lifeline, telemetry,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by SIGTERM, Ctrl-C, or the end of a parent that holds the lifeline.
pub(crate) fn shutdown() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        cancelled.cancel();
    });
    lifeline::watch(token.clone());
    Ok(token)
}

fn begin() -> anyhow::Result<(Settings, CancellationToken)> {
    let settings = Settings::from_env()?;
    telemetry::start(settings.log_json);
    http::install_tls();
    Ok((settings, shutdown()?))
}

pub(crate) async fn api() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    let pool = db::pool(&settings.database_url, settings.database_connections)?;
    let billing = openclaw_billing::Billing::new(Arc::new(settings.clone()), pool)?;
    Ok(openclaw_api::serve(settings, billing.router(), shutdown).await?)
}

pub(crate) async fn web() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    let config = openclaw_web::ServerConfig {
        listen: settings.web_listen,
        api_url: url("API_URL", &settings.api_url)?,
        public_url: url("PUBLIC_URL", &settings.public_url)?,
        assets: settings.web_assets.clone(),
        dev: settings.is_dev(),
        metrics: telemetry::render,
    };
    Ok(openclaw_web::serve(config, shutdown).await?)
}

fn url(variable: &str, text: &str) -> anyhow::Result<url::Url> {
    text.parse().with_context(|| format!("{variable} must be an address such as http://localhost:3000, not {text:?}"))
}

pub(crate) async fn operator() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    Ok(openclaw_operator::serve(settings, shutdown).await?)
}

pub(crate) async fn billing_worker() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    Ok(openclaw_billing::serve(settings, shutdown).await?)
}

pub(crate) async fn token_proxy() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    Ok(openclaw_token_proxy::serve(settings, shutdown).await?)
}

pub(crate) async fn telegram_relay() -> anyhow::Result<()> {
    let (settings, shutdown) = begin()?;
    Ok(openclaw_telegram_relay::serve(settings, shutdown).await?)
}

pub(crate) async fn gateway() -> anyhow::Result<()> {
    telemetry::start(false);
    http::install_tls();
    let shutdown = shutdown()?;
    Ok(openclaw_gateway::run(openclaw_gateway::Environment::from_env()?, shutdown).await?)
}

pub(crate) async fn demo_model(listen: SocketAddr) -> anyhow::Result<()> {
    telemetry::start(false);
    let shutdown = shutdown()?;
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    Ok(openclaw_testkit::demo_model::serve(listener, shutdown.cancelled_owned()).await?)
}

pub(crate) async fn migrate() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    Ok(db::migrate(&db::pool(&settings.database_url, 1)?).await?)
}

/// docs/CONFIGURATION.md.
pub(crate) fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Every setting is an environment variable; each role reads those it needs. `openclaw-cloud dev` sets by itself \
         what is marked *dev sets it*. This page is made by `openclaw-cloud configuration` from the types in \
         host/platform/src/config.rs; a test fails when the two differ.\n\n\
         | variable | default | meaning |\n|---|---|---|\n",
    );
    const DEV: [&str; 6] =
        ["ADMIN_TOKEN", "DATABASE_URL", "ENVIRONMENT", "PLATFORM_KEY", "REDIS_URL", "STRIPE_WEBHOOK_SECRET"];
    for row in config::rows() {
        let default = match row.default.as_deref() {
            None if DEV.contains(&row.variable.as_str()) => "none; *dev sets it*".to_owned(),
            None => "none".to_owned(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let secret = if row.secret { " Secret." } else { "" };
        let _ = writeln!(page, "| `{}` | {default} | {}{secret} |", row.variable, row.meaning);
    }
    page.push_str(
        "\nBeside these: `RUST_LOG` filters logs (`info` by default), and `OPENCLAW_LIFELINE=stdin` makes a role end \
         when its standard input does, which is how `dev` and the operator keep their children from outliving them.\n",
    );
    page
}
