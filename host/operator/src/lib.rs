//! The operator: takes jobs, one at a time for a customer, and turns them into running gateways.
//!
//! `jobs` says what each instruction means, step by step; `worker` takes instructions from Postgres and settles
//! them; `keeper` sees to it that every live agent has its gateway, also after a restart; [`drivers`] run
//! gateways. What does not live here: who may have an agent (the API's and billing's), and what a gateway does.
//!
//! A kill of the operator at any moment loses nothing: a job's lease ends by itself, the job runs again, and each of
//! its steps may be repeated. The gateways of a cluster go on meanwhile; those on this machine hold a pipe whose other end
//! dies with the operator.

mod adoption;
pub mod backoff;
pub mod blueprint;
pub mod children;
mod config;
pub mod controller;
pub mod drivers;
mod error;
mod jobs;
mod keeper;
pub mod lead;
mod locks;
mod operator;
pub mod resources;
pub mod rights;
mod silence;
mod worker;

use std::sync::Arc;

use openclaw_platform::{config::Settings, db, http};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub use crate::{
    adoption::Terms,
    config::{Config, Driver},
    error::Error,
};

/// What leads to a cluster, and what is done there.
struct Cluster {
    client: kube::Client,
    platform: children::Platform,
    terms: adoption::Terms,
}

/// Serves until `shutdown`: health checks at `OPERATOR_LISTEN`, jobs and gateways behind them.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<(), Error> {
    // The port first: it is also what keeps two operators of one machine from running every gateway twice.
    let listener = http::bind(settings.operator_listen, "OPERATOR_LISTEN").await?;
    let db = db::pool(&settings.database_url, settings.database_connections)?;
    run(Config::new(&settings)?, db, listener, shutdown).await
}

/// The same from its parts.
pub async fn run(config: Config, db: PgPool, listener: TcpListener, shutdown: CancellationToken) -> Result<(), Error> {
    let (driver, cluster): (Arc<dyn drivers::Driver>, _) = match &config.driver {
        Driver::Local(local) => (Arc::new(drivers::Local::new(local.clone())), None),
        Driver::Kubernetes(kubernetes) => {
            let (client, platform) = (drivers::kubernetes::connect(kubernetes).await?, kubernetes.platform.clone());
            let driver = Arc::new(drivers::Kubernetes::new(client.clone(), &platform.namespace));
            (driver, Some(Cluster { client, platform, terms: kubernetes.terms.clone() }))
        }
    };
    let operator = operator::Operator::new(config, db.clone(), driver)?;
    // Until the very end, so that whoever asks sees it is still there.
    let _health = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, http::health::<()>("operator")).await {
            tracing::error!(%error, "health checks are no longer answered");
        }
    }));
    let work = worker::work(&operator, &shutdown);
    match cluster {
        None => {
            tokio::join!(work, keeper::keep(&operator, &shutdown));
        }
        // All operators share the jobs; one sees to it that the cluster is as the Agents say, and they as Postgres does.
        Some(Cluster { client, platform, terms }) => {
            let candidate = lead::Candidate::new(client.clone(), &platform.namespace, &operator.name);
            let lead = candidate.lead(&shutdown, |term| {
                let control = controller::run(client.clone(), platform.clone(), db.clone(), term.clone());
                let adopt =
                    adoption::adopt(client.clone(), &platform.namespace, db.clone(), terms.clone(), term.clone());
                let operator = &operator;
                async move {
                    tokio::join!(control, adopt, keeper::keep(operator, &term));
                }
            });
            tokio::join!(work, lead);
        }
    }
    operator.driver.shutdown().await;
    Ok(())
}
