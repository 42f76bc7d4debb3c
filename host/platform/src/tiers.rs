//! Tiers: price, tokens, machine, users, thinking. The table `tiers` is the only place that says what they are.

use sqlx::PgExecutor;

use crate::error::Result;

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its id: `starter`, `pro`, `team`.
    pub id: String,
    /// Price of a month, in US cents.
    pub price_cents: i64,
    /// Tokens a month.
    pub monthly_tokens: i64,
    /// How many Telegram users may talk to the agent.
    pub telegram_users: i32,
    /// The model's thinking level.
    pub thinking: String,
    /// Processor asked for, in thousandths of a core.
    pub cpu_request_millis: i32,
    /// Processor at most, in thousandths of a core.
    pub cpu_limit_millis: i32,
    /// Memory asked for, in MiB.
    pub memory_request_mib: i32,
    /// Memory at most, in MiB.
    pub memory_limit_mib: i32,
}

/// All tiers, the cheapest first.
pub async fn all(db: impl PgExecutor<'_>) -> Result<Vec<Tier>> {
    Ok(sqlx::query_as!(
        Tier,
        "SELECT id, price_cents, monthly_tokens, telegram_users, thinking,
                cpu_request_millis, cpu_limit_millis, memory_request_mib, memory_limit_mib
         FROM tiers ORDER BY position"
    )
    .fetch_all(db)
    .await?)
}

/// The tier called `id`, if there is one.
pub async fn find(db: impl PgExecutor<'_>, id: &str) -> Result<Option<Tier>> {
    Ok(sqlx::query_as!(
        Tier,
        "SELECT id, price_cents, monthly_tokens, telegram_users, thinking,
                cpu_request_millis, cpu_limit_millis, memory_request_mib, memory_limit_mib
         FROM tiers WHERE id = $1",
        id
    )
    .fetch_optional(db)
    .await?)
}
