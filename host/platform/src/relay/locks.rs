//! Which relay reads which bot: one of several holds a bot's lock for as long as its connection lives.

use sqlx::{Connection as _, PgConnection, PgPool};

use crate::error::Result;

/// Sets the locks of bots apart from others in the same database.
const BOTS: i64 = 0x7265_6c61 << 32;

/// Postgres' advisory locks, all held by one connection: when it breaks, all are gone.
#[derive(Debug)]
pub struct Locks {
    db: PgPool,
    connection: Option<PgConnection>,
}

impl Locks {
    /// None held yet.
    pub fn new(db: PgPool) -> Self {
        Self { db, connection: None }
    }

    /// Whether the locks taken so far are still held. When not, all must be taken anew.
    pub async fn held(&mut self) -> bool {
        if let Some(connection) = &mut self.connection
            && connection.ping().await.is_ok()
        {
            return true;
        }
        self.connection = None;
        false
    }

    /// Takes the lock of `bot`, unless somebody else holds it. Taking it twice would need giving it back twice.
    pub async fn take(&mut self, bot: i64) -> Result<bool> {
        if self.connection.is_none() {
            // Out of the pool for good: it lives as long as the locks.
            self.connection = Some(self.db.acquire().await?.detach());
        }
        let connection = self.connection.as_mut().expect("it was set just above");
        Ok(sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "taken!""#, BOTS ^ bot)
            .fetch_one(connection)
            .await?)
    }

    /// Gives all back at once.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            // A connection that breaks instead gives them back as well, only later.
            let _ = connection.close().await;
        }
    }

    /// Gives the lock of `bot` back.
    pub async fn give_back(&mut self, bot: i64) -> Result<()> {
        if let Some(connection) = &mut self.connection {
            sqlx::query_scalar!("SELECT pg_advisory_unlock($1)", BOTS ^ bot).fetch_one(connection).await?;
        }
        Ok(())
    }
}
