//! The storage of niches, one space for each customer. A transaction has its space to itself, and a connection of few:
//! whoever waits for a space waits without one, so that a space takes one at most, and a transaction that is left alone
//! is let go of.

use std::{
    ops::Add,
    sync::{Arc, Weak},
    time::Duration,
};

use futures::TryStreamExt as _;
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::{
    sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    CustomerId, db,
    error::{Error, Result},
    locks::{Lock, Locks},
};

/// How long a transaction waits for those before it, and then for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// Whose space it is: a customer's, in a niche.
type Key = (CustomerId, String);

/// The storage of all niches. Clones are the same.
#[derive(Debug, Clone)]
pub struct Spaces(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: PgPool,
    /// As many as the pool has: whoever waits here knows that all are taken, and not that Postgres is away.
    connections: Arc<Semaphore>,
    most: u32,
    idle: Duration,
    in_use: Locks<Key>,
}

impl Spaces {
    /// Those of the database at `url`, over at most `connections` of their own. A transaction that does nothing for
    /// `idle` is let go of.
    pub fn new(url: &SecretString, connections: u32, idle: Duration) -> Result<Self> {
        let most = connections.max(1);
        Ok(Self(Arc::new(Inner {
            db: db::pool(url, most)?,
            connections: Arc::new(Semaphore::new(most as usize)),
            most,
            idle,
            in_use: Locks::default(),
        })))
    }

    /// The space of `customer` in `niche`.
    pub fn of(&self, customer: CustomerId, niche: impl Into<String>) -> Space {
        Space { spaces: self.clone(), customer, niche: niche.into() }
    }
}

/// What one customer keeps in one niche.
#[derive(Debug, Clone)]
pub struct Space {
    spaces: Spaces,
    customer: CustomerId,
    niche: String,
}

impl Space {
    /// Opens a transaction once those before it have ended.
    ///
    /// # Errors
    ///
    /// [`Error::SpaceInUse`] when they do not end in time, [`Error::NoStorageConnection`] when other spaces have all
    /// connections for as long.
    pub async fn begin(&self) -> Result<Transaction> {
        let Inner { db, connections, most, idle, in_use } = &*self.spaces.0;
        let (idle, until) = (*idle, Instant::now() + WAIT);
        // First its turn: the connections are for those who can use them.
        let turn = in_use.lock((self.customer, self.niche.clone()));
        let turn = timeout_at(until, turn).await.map_err(|_| Error::SpaceInUse(WAIT))?;
        let connection = timeout_at(until, Arc::clone(connections).acquire_owned()).await;
        let connection = connection.ok().and_then(Result::ok).ok_or(Error::NoStorageConnection(*most))?;
        let mut tx = db.begin().await?;
        // The call's own clock lets go of it first; Postgres does should this process hang.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        sqlx::query!(
            "SELECT set_config('lock_timeout', $1, true) AS waits,
                    set_config('idle_in_transaction_session_timeout', $2, true) AS idles",
            format!("{}ms", left.as_millis()),
            format!("{}ms", 2 * idle.as_millis())
        )
        .fetch_one(&mut *tx)
        .await?;
        // Of the other processes.
        let locked = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('storage ' || $1::text || ' ' || $2, 0))",
            self.customer.0.to_string(),
            self.niche
        )
        .execute(&mut *tx)
        .await;
        match locked {
            // 55P03: the lock was not available in time.
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "55P03") => {
                return Err(Error::SpaceInUse(WAIT));
            }
            locked => locked?,
        };
        let open = Open {
            tx,
            customer: self.customer,
            niche: self.niche.clone(),
            kept: None,
            grown: Size::default(),
            used: Instant::now(),
            _connection: connection,
            _turn: turn,
        };
        let open = Arc::new(Mutex::new(Some(open)));
        let watch = tokio::spawn(let_go(Arc::downgrade(&open), idle));
        Ok(Transaction { open, idle, wrote: false, _watch: AbortOnDropHandle::new(watch) })
    }
}

/// Ends the transaction once nothing was done with it for `idle`.
async fn let_go(open: Weak<Mutex<Option<Open>>>, idle: Duration) {
    let mut at = Instant::now() + idle;
    loop {
        sleep_until(at).await;
        let Some(open) = open.upgrade() else { return };
        let mut open = open.lock().await;
        match &*open {
            Some(used) if used.used + idle > Instant::now() => at = used.used + idle,
            _ => {
                open.take();
                return;
            }
        }
    }
}

/// All that one call reads and writes. Dropping it keeps nothing of it.
#[derive(Debug)]
pub struct Transaction {
    /// None once it was left alone for too long.
    open: Arc<Mutex<Option<Open>>>,
    idle: Duration,
    wrote: bool,
    _watch: AbortOnDropHandle<()>,
}

/// A transaction that has its space, and a connection.
#[derive(Debug)]
struct Open {
    tx: sqlx::Transaction<'static, Postgres>,
    customer: CustomerId,
    niche: String,
    /// What the space took when the transaction began, once that was asked.
    kept: Option<Size>,
    /// How this transaction changes it.
    grown: Size,
    /// When something was last done with it.
    used: Instant,
    _connection: OwnedSemaphorePermit,
    _turn: Lock<Key>,
}

impl Transaction {
    /// The transaction, for as long as something is done with it.
    async fn open(&self) -> Result<InUse<'_>> {
        let open = MutexGuard::try_map(self.open.lock().await, Option::as_mut);
        open.map(InUse).map_err(|_| Error::StorageLeftIdle(self.idle))
    }

    /// The value of `key`.
    pub async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut open = self.open().await?;
        let (tx, customer, niche) = open.parts();
        Ok(sqlx::query_scalar!(
            "SELECT value FROM niche_storage WHERE customer_id = $1 AND niche = $2 AND key = $3",
            customer.0,
            niche,
            key
        )
        .fetch_optional(&mut *tx)
        .await?)
    }

    /// At most `limit` pairs whose key begins with `prefix` and lies after `after`, by the keys' bytes. None when they
    /// have more than `most_bytes` together; not much more than that is read.
    pub async fn scan(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        most_bytes: u64,
    ) -> Result<Option<Vec<(String, Vec<u8>)>>> {
        let mut open = self.open().await?;
        let (tx, customer, niche) = open.parts();
        // A lower bound beside the prefix lets the primary key find the first one.
        let from = after.filter(|after| *after > prefix);
        let mut rows = sqlx::query!(
            "SELECT key, value FROM niche_storage
             WHERE customer_id = $1 AND niche = $2 AND key >= $3 AND starts_with(key, $3)
               AND ($4::text IS NULL OR key > $4)
             ORDER BY key LIMIT $5",
            customer.0,
            niche,
            prefix,
            from,
            i64::from(limit)
        )
        .fetch(&mut *tx);
        let (mut pairs, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            bytes += (row.key.len() + row.value.len()) as u64;
            if bytes > most_bytes {
                return Ok(None);
            }
            pairs.push((row.key, row.value));
        }
        Ok(Some(pairs))
    }

    /// Sets `key`.
    pub async fn set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.wrote = true;
        let mut open = self.open().await?;
        let (tx, customer, niche) = open.parts();
        let replaced = sqlx::query_scalar!(
            "WITH space AS (
                 INSERT INTO niche_spaces (customer_id, niche) VALUES ($1, $2) ON CONFLICT DO NOTHING),
             old AS (
                 SELECT octet_length(value) AS bytes FROM niche_storage
                 WHERE customer_id = $1 AND niche = $2 AND key = $3)
             INSERT INTO niche_storage (customer_id, niche, key, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (customer_id, niche, key) DO UPDATE SET value = excluded.value, updated_at = now()
             RETURNING (SELECT bytes FROM old)",
            customer.0,
            niche,
            key,
            value
        )
        .fetch_one(&mut *tx)
        .await?;
        open.grew(match replaced {
            Some(bytes) => Size { bytes: value.len() as i64 - i64::from(bytes), keys: 0 },
            None => Size { bytes: (key.len() + value.len()) as i64, keys: 1 },
        });
        Ok(())
    }

    /// Removes `key`, if it is there.
    pub async fn remove(&mut self, key: &str) -> Result<()> {
        self.wrote = true;
        let mut open = self.open().await?;
        let (tx, customer, niche) = open.parts();
        let removed = sqlx::query_scalar!(
            r#"DELETE FROM niche_storage WHERE customer_id = $1 AND niche = $2 AND key = $3
               RETURNING octet_length(key) + octet_length(value) AS "bytes!""#,
            customer.0,
            niche,
            key
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(bytes) = removed {
            open.grew(Size { bytes: -i64::from(bytes), keys: -1 });
        }
        Ok(())
    }

    /// Bytes of all keys and values, and how many keys there are, this transaction's own included. Nothing of the data is
    /// read for it.
    pub async fn size(&mut self) -> Result<(u64, u64)> {
        let mut open = self.open().await?;
        let kept = match open.0.kept {
            Some(kept) => kept,
            None => {
                let (tx, customer, niche) = open.parts();
                let kept = sqlx::query_as!(
                    Size,
                    "SELECT bytes, keys FROM niche_spaces WHERE customer_id = $1 AND niche = $2",
                    customer.0,
                    niche
                );
                let kept = kept.fetch_optional(&mut *tx).await?.unwrap_or_default();
                *open.0.kept.insert(kept)
            }
        };
        let now = kept + open.0.grown;
        Ok((now.bytes.unsigned_abs(), now.keys.unsigned_abs()))
    }

    /// Keeps what was written. One that only read has done what it was for, also when it was left alone since.
    pub async fn commit(self) -> Result<()> {
        match self.open.lock().await.take() {
            Some(open) => open.commit().await,
            None if self.wrote => Err(Error::StorageLeftIdle(self.idle)),
            None => Ok(()),
        }
    }
}

impl Open {
    /// Keeps what was written, and what the space takes with it.
    async fn commit(mut self) -> Result<()> {
        if self.grown != Size::default() {
            sqlx::query!(
                "UPDATE niche_spaces SET bytes = bytes + $3, keys = keys + $4 WHERE customer_id = $1 AND niche = $2",
                self.customer.0,
                self.niche,
                self.grown.bytes,
                self.grown.keys
            )
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(self.tx.commit().await?)
    }
}

/// What a space takes, or by how much that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Size {
    bytes: i64,
    keys: i64,
}

impl Add for Size {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { bytes: self.bytes + more.bytes, keys: self.keys + more.keys }
    }
}

/// The transaction while something is done with it: it is idle from the end of that on.
struct InUse<'a>(MappedMutexGuard<'a, Open>);

impl InUse<'_> {
    /// The connection, and whose space it is.
    fn parts(&mut self) -> (&mut PgConnection, CustomerId, &str) {
        let Open { tx, customer, niche, .. } = &mut *self.0;
        (tx, *customer, niche)
    }

    /// Adds to what the transaction changes of the space's size.
    fn grew(&mut self, by: Size) {
        self.0.grown = self.0.grown + by;
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.used = Instant::now();
    }
}
