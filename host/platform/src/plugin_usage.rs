//! What niches' tools took: a row for each day, customer, niche, release and tool, written with the call itself (see
//! [`crate::tool_calls::record`]).

use sqlx::PgExecutor;

use crate::{CustomerId, Digest, error::Result};

/// What one tool took in some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUsage {
    /// The tool's name for the model.
    pub tool: String,
    /// Calls.
    pub calls: i64,
    /// Calls that ended in an error of any kind.
    pub failures: i64,
    /// Processor time, in microseconds.
    pub cpu_micros: i64,
    /// The most memory that one call had, in bytes.
    pub peak_memory_bytes: i64,
    /// Requests sent to other hosts.
    pub requests: i64,
    /// Bytes sent to other hosts.
    pub egress_bytes: i64,
    /// Bytes received from them.
    pub ingress_bytes: i64,
    /// The most that one customer's data took, in bytes.
    pub storage_bytes: i64,
    /// How often something was wanted and not granted.
    pub refusals: i64,
}

/// What the tools of `digest` took in the last `days` days, today among them, by name; of one customer or of all.
pub async fn of_release(
    db: impl PgExecutor<'_>,
    digest: Digest,
    customer: Option<CustomerId>,
    days: i32,
) -> Result<Vec<ToolUsage>> {
    Ok(sqlx::query_as!(
        ToolUsage,
        r#"SELECT tool, sum(calls)::bigint AS "calls!", sum(failures)::bigint AS "failures!",
                  sum(cpu_micros)::bigint AS "cpu_micros!", max(peak_memory_bytes) AS "peak_memory_bytes!",
                  sum(requests)::bigint AS "requests!", sum(egress_bytes)::bigint AS "egress_bytes!",
                  sum(ingress_bytes)::bigint AS "ingress_bytes!", max(storage_bytes) AS "storage_bytes!",
                  sum(refusals)::bigint AS "refusals!"
           FROM plugin_usage
           WHERE digest = $1 AND ($2::uuid IS NULL OR customer_id = $2)
             AND day > (now() AT TIME ZONE 'UTC')::date - $3::int
           GROUP BY tool ORDER BY tool"#,
        digest.0.as_slice(),
        customer.map(|customer| customer.0),
        days
    )
    .fetch_all(db)
    .await?)
}
