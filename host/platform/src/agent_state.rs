//! What gateways keep outside themselves: values under keys, each with a version. No version comes twice, so that a
//! value which was removed and set again is not taken for the one that was seen before.

use sqlx::{PgExecutor, PgPool};

use crate::{AgentId, error::Result};

/// Largest value, in bytes.
pub const LARGEST: usize = 1 << 20;
/// Keys of one agent at most.
pub const MOST_KEYS: i64 = 1_000;
/// Bytes of all the values of one agent at most.
pub const MOST_BYTES: i64 = 64 << 20;

/// Whether `key` may be one: 1 to 100 of `a-z`, `0-9`, `.`, `_`, `-`.
pub fn is_key(key: &str) -> bool {
    (1..=100).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

/// What a change is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever there is.
    Anything,
    /// Nothing.
    Absent,
    /// The value of this version.
    Version(i64),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub value: Vec<u8>,
    /// Its version.
    pub version: i64,
}

/// The value under `key`.
pub async fn get(db: impl PgExecutor<'_>, agent: AgentId, key: &str) -> Result<Option<Stored>> {
    Ok(sqlx::query_as!(Stored, "SELECT value, version FROM agent_state WHERE agent_id = $1 AND key = $2", agent.0, key)
        .fetch_optional(db)
        .await?)
}

/// What became of a value that was to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, with this version.
    Set(i64),
    /// There is not what was expected.
    Unexpected,
    /// The agent has [`MOST_KEYS`] others.
    TooManyKeys,
    /// With it the agent would have more than [`MOST_BYTES`].
    TooManyBytes,
}

/// Sets `key`, if there is what was expected and the agent's bounds allow it.
pub async fn put(db: &PgPool, agent: AgentId, key: &str, value: &[u8], expect: Expect) -> Result<Put> {
    let mut tx = db.begin().await?;
    // Changes of one agent's values are counted one after the other.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('agent-state ' || $1, 0))", agent.0.to_string())
        .execute(&mut *tx)
        .await?;
    let others = sqlx::query!(
        r#"SELECT count(*) AS "keys!", coalesce(sum(length(value)), 0)::bigint AS "bytes!"
           FROM agent_state WHERE agent_id = $1 AND key <> $2"#,
        agent.0,
        key
    )
    .fetch_one(&mut *tx)
    .await?;
    if others.keys >= MOST_KEYS {
        return Ok(Put::TooManyKeys);
    }
    if others.bytes.saturating_add(i64::try_from(value.len()).unwrap_or(i64::MAX)) > MOST_BYTES {
        return Ok(Put::TooManyBytes);
    }
    let set = match expect {
        Expect::Anything => {
            sqlx::query_scalar!(
                "INSERT INTO agent_state (agent_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value, version = DEFAULT, updated_at = now()
             RETURNING version",
                agent.0,
                key,
                value
            )
            .fetch_optional(&mut *tx)
            .await?
        }
        Expect::Absent => {
            sqlx::query_scalar!(
                "INSERT INTO agent_state (agent_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (agent_id, key) DO NOTHING RETURNING version",
                agent.0,
                key,
                value
            )
            .fetch_optional(&mut *tx)
            .await?
        }
        Expect::Version(version) => {
            sqlx::query_scalar!(
                "UPDATE agent_state SET value = $3, version = DEFAULT, updated_at = now()
             WHERE agent_id = $1 AND key = $2 AND version = $4 RETURNING version",
                agent.0,
                key,
                value,
                version
            )
            .fetch_optional(&mut *tx)
            .await?
        }
    };
    tx.commit().await?;
    Ok(set.map_or(Put::Unexpected, Put::Set))
}

/// Removes `key`. Says whether it did: not when there is nothing, or not what was expected.
pub async fn delete(db: impl PgExecutor<'_>, agent: AgentId, key: &str, expect: Expect) -> Result<bool> {
    let version = match expect {
        Expect::Anything => None,
        Expect::Absent => return Ok(false),
        Expect::Version(version) => Some(version),
    };
    let removed = sqlx::query!(
        "DELETE FROM agent_state WHERE agent_id = $1 AND key = $2 AND ($3::bigint IS NULL OR version = $3)",
        agent.0,
        key,
        version
    )
    .execute(db)
    .await?;
    Ok(removed.rows_affected() > 0)
}
