//! The one error of this crate.

use std::time::Duration;

/// What can go wrong between a role and the domain's storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Postgres did not answer, or not in time. Nothing was written; trying again helps.
    #[error("Postgres is away: {0}. Nothing was written; try again in a moment")]
    DatabaseAway(#[source] sqlx::Error),
    /// Postgres answered with an error: a bug, or a broken invariant.
    #[error("Postgres refused: {0}")]
    Database(#[source] sqlx::Error),
    /// Redis did not answer.
    #[error("Redis is away: {0}. Try again in a moment")]
    RedisAway(#[from] redis::RedisError),
    /// A migration did not apply.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Nothing has this id, or the asker may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was asked does not fit what is.
    #[error("{0}")]
    Conflict(String),
    /// What was asked cannot be done with it as it is now.
    #[error("{0}")]
    WrongState(String),
    /// A release that its signature, or the lack of one, keeps out.
    #[error("{0}")]
    Untrusted(String),
    /// Other calls have a customer's space of a niche for as long as one waits.
    #[error("other calls of this customer have used this niche's storage for {0:?}; try again when they have ended")]
    SpaceInUse(Duration),
    /// Calls of other customers have all connections for niches' storage for as long as one waits: how many there are.
    #[error("all {0} connections for niches' storage are in use by other calls; try again in a moment")]
    NoStorageConnection(u32),
    /// A transaction of a niche's storage was let go of: nothing was done with it for so long. Nothing was kept.
    #[error("the call did nothing with its storage for {0:?} and lost it; nothing was kept")]
    StorageLeftIdle(Duration),
    /// A secret did not decrypt, or the key is wrong.
    #[error("a stored secret could not be decrypted: is PLATFORM_KEY the key it was written with?")]
    Vault,
    /// A setting is missing or wrong.
    #[error("{0}")]
    Config(String),
    /// The mail server did not take a message.
    #[error("the mail could not be sent: {0}")]
    Mail(String),
    /// Stored data that this version cannot read.
    #[error("stored data could not be read: {0}")]
    Corrupt(String),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let away = match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) => true,
            // 57P0x: the server is going down or starting; 08xxx: the connection broke; 53300: too many connections.
            E::Database(e) => e.code().is_some_and(|c| c.starts_with("57P0") || c.starts_with("08") || c == "53300"),
            _ => false,
        };
        if away { Error::DatabaseAway(error) } else { Error::Database(error) }
    }
}

impl Error {
    /// Whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::DatabaseAway(_) | Error::RedisAway(_))
    }
}

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
