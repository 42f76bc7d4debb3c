//! Postgres: the pool, the migrations, and listening for what others changed.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    PgExecutor, PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::broadcast;

use crate::error::Result;

/// How long a request waits for a connection before it answers that Postgres is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait before listening again after the connection broke.
const LISTEN_AGAIN: Duration = Duration::from_millis(250);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// A pool that connects when it is first used, and again after Postgres was away.
pub fn pool(url: &SecretString, connections: u32) -> Result<PgPool> {
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy(url.expose_secret())?)
}

/// Brings the schema up to date. Several may do it at once: Postgres lets one.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    MIGRATIONS.run(pool).await?;
    Ok(())
}

/// A message of Postgres' NOTIFY, or the news that some may have been missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// `payload` came on `channel`.
    Changed {
        /// Such as `jobs`.
        channel: String,
        /// Usually an id.
        payload: String,
    },
    /// Listening began, or began again: look at everything.
    Resumed,
}

/// Listens on `channels` for as long as the sender lives, reconnecting when it must. Receivers do not keep it alive.
pub fn listen(pool: &PgPool, channels: &'static [&'static str]) -> broadcast::Sender<Notice> {
    let (sender, _) = broadcast::channel(1024);
    let weak = sender.downgrade();
    let pool = pool.clone();
    tokio::spawn(async move {
        while weak.upgrade().is_some() {
            if let Err(error) = listen_once(&pool, channels, &weak).await {
                tracing::warn!(%error, "listening to Postgres broke off; trying again");
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    });
    sender
}

/// Tells `payload`, of less than 8000 bytes, to all who listen on `channel`.
pub async fn notify(db: impl PgExecutor<'_>, channel: &str, payload: &str) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(payload).execute(db).await?;
    Ok(())
}

async fn listen_once(
    pool: &PgPool,
    channels: &[&str],
    sender: &broadcast::WeakSender<Notice>,
) -> std::result::Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all(channels.iter().copied()).await?;
    let send = |notice| sender.upgrade().is_some_and(|s| s.send(notice).is_ok() || s.receiver_count() == 0);
    if !send(Notice::Resumed) {
        return Ok(());
    }
    loop {
        tokio::select! {
            notification = listener.try_recv() => match notification? {
                Some(n) => {
                    if !send(Notice::Changed { channel: n.channel().into(), payload: n.payload().into() }) {
                        return Ok(());
                    }
                }
                // The connection was lost; the next turn reconnects and says so.
                None => return Ok(()),
            },
            () = tokio::time::sleep(Duration::from_secs(5)) => if sender.upgrade().is_none() { return Ok(()) },
        }
    }
}
