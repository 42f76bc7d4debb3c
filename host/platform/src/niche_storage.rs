//! The storage of niches, one space for each customer. A transaction has its space to itself.

use futures::TryStreamExt as _;
use sqlx::{PgPool, Postgres};

use crate::{CustomerId, error::Result};

/// How long a transaction waits for the one before it.
const WAIT: &str = "5s";

/// What one customer keeps in one niche.
#[derive(Debug, Clone)]
pub struct Space {
    db: PgPool,
    customer: CustomerId,
    niche: String,
}

impl Space {
    /// The space of `customer` in `niche`.
    pub fn new(db: PgPool, customer: CustomerId, niche: impl Into<String>) -> Self {
        Self { db, customer, niche: niche.into() }
    }

    /// Opens a transaction once the one before it has ended.
    pub async fn begin(&self) -> Result<Transaction> {
        let mut tx = self.db.begin().await?;
        sqlx::query!("SELECT set_config('lock_timeout', $1, true)", WAIT).fetch_one(&mut *tx).await?;
        sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('storage ' || $1::text || ' ' || $2, 0))",
            self.customer.0.to_string(),
            self.niche
        )
        .execute(&mut *tx)
        .await?;
        Ok(Transaction { tx, customer: self.customer, niche: self.niche.clone() })
    }
}

/// All that one call reads and writes. Dropping it keeps nothing of it.
#[derive(Debug)]
pub struct Transaction {
    tx: sqlx::Transaction<'static, Postgres>,
    customer: CustomerId,
    niche: String,
}

impl Transaction {
    /// The value of `key`.
    pub async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(sqlx::query_scalar!(
            "SELECT value FROM niche_storage WHERE customer_id = $1 AND niche = $2 AND key = $3",
            self.customer.0,
            self.niche,
            key
        )
        .fetch_optional(&mut *self.tx)
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
        // A lower bound beside the prefix lets the primary key find the first one.
        let from = after.filter(|after| *after > prefix);
        let mut rows = sqlx::query!(
            "SELECT key, value FROM niche_storage
             WHERE customer_id = $1 AND niche = $2 AND key >= $3 AND starts_with(key, $3)
               AND ($4::text IS NULL OR key > $4)
             ORDER BY key LIMIT $5",
            self.customer.0,
            self.niche,
            prefix,
            from,
            i64::from(limit)
        )
        .fetch(&mut *self.tx);
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
        sqlx::query!(
            "INSERT INTO niche_storage (customer_id, niche, key, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (customer_id, niche, key) DO UPDATE SET value = excluded.value, updated_at = now()",
            self.customer.0,
            self.niche,
            key,
            value
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Removes `key`, if it is there.
    pub async fn remove(&mut self, key: &str) -> Result<()> {
        sqlx::query!(
            "DELETE FROM niche_storage WHERE customer_id = $1 AND niche = $2 AND key = $3",
            self.customer.0,
            self.niche,
            key
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Bytes of all keys and values, and how many keys there are, this transaction's own included.
    pub async fn size(&mut self) -> Result<(u64, u64)> {
        let size = sqlx::query!(
            r#"SELECT coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint AS "bytes!",
                      count(*) AS "keys!"
               FROM niche_storage WHERE customer_id = $1 AND niche = $2"#,
            self.customer.0,
            self.niche
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok((size.bytes.unsigned_abs(), size.keys.unsigned_abs()))
    }

    /// Keeps what was written.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}
