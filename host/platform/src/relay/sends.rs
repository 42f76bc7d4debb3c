//! Sends to Telegram that carry a key: done once however often they are asked for.
//!
//! The key is kept before Telegram is asked and the answer after it. When the relay dies, or Telegram does not answer,
//! between the two, nobody can know whether the message arrived: once the first attempt's life is over a repeat sends
//! again. That one case is at-least-once; all others, and the dashboard's chat always, are exactly-once.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgPool;

use crate::{AgentId, error::Result};

/// What is known of a key.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: the caller sends.
    Now,
    /// It was sent, and this was the answer.
    Before(Value),
    /// Somebody sends it, or died while sending it; try again after this long.
    UnderWay(Duration),
}

/// Begins a send under `key`, which ends within `life`.
pub async fn begin(db: &PgPool, agent: AgentId, key: &str, life: Duration) -> Result<Begun> {
    let begun = sqlx::query!(
        "INSERT INTO relay_sends (agent_id, key) VALUES ($1, $2)
         ON CONFLICT (agent_id, key) DO UPDATE SET sent_at = now()
             WHERE relay_sends.result IS NULL AND relay_sends.sent_at <= now() - make_interval(secs => $3)",
        agent.0,
        key,
        life.as_secs_f64()
    )
    .execute(db)
    .await?;
    if begun.rows_affected() > 0 {
        return Ok(Begun::Now);
    }
    let row = sqlx::query!(
        r#"SELECT result, extract(epoch FROM now() - sent_at)::float8 AS "age!" FROM relay_sends
           WHERE agent_id = $1 AND key = $2"#,
        agent.0,
        key
    )
    .fetch_optional(db)
    .await?;
    Ok(match row {
        Some(row) => match row.result {
            Some(result) => Begun::Before(result),
            None => Begun::UnderWay(life.saturating_sub(Duration::from_secs_f64(row.age.max(0.0)))),
        },
        // It was abandoned between the two statements.
        None => Begun::UnderWay(Duration::ZERO),
    })
}

/// Keeps the answer of the send under `key`.
pub async fn finish(db: &PgPool, agent: AgentId, key: &str, result: &Value) -> Result<()> {
    sqlx::query!(
        "UPDATE relay_sends SET result = $3 WHERE agent_id = $1 AND key = $2",
        agent.0,
        key,
        super::without_nul(result.clone())
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the send under `key`: it certainly did not happen, and may be tried again at once.
pub async fn abandon(db: &PgPool, agent: AgentId, key: &str) -> Result<()> {
    sqlx::query!("DELETE FROM relay_sends WHERE agent_id = $1 AND key = $2 AND result IS NULL", agent.0, key)
        .execute(db)
        .await?;
    Ok(())
}
