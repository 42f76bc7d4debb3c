//! What agents spend: the span they may spend it in, each answered LLM request once, and who is to be told.

use sqlx::{PgConnection, PgExecutor, PgPool};
use time::{Date, OffsetDateTime};

use crate::{AgentId, PeriodId, RequestId, error::Result};

/// Share of the limit, in percent, from which the customer is warned.
pub const WARN_PERCENT: i64 = 90;
/// How long a period that has ended goes on when none follows it, in days. Stripe finalises a renewal's invoice about an
/// hour after the old period's end, and when the payment fails tries for two weeks unless it is set otherwise
/// (<https://docs.stripe.com/billing/revenue-recovery/smart-retries>). Until the agent is suspended for that, it goes on
/// with what is left.
pub const GRACE_DAYS: i32 = 14;
/// Key of the advisory lock that lets one writer record at a time, so that two never wait for each other.
const RECORD_LOCK: i64 = 0x006f_6375_7361_6765;

/// A span between two invoices, and what may be spent in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its id.
    pub id: PeriodId,
    /// When it begins.
    pub starts_at: OffsetDateTime,
    /// When it has ended.
    pub ends_at: OffsetDateTime,
    /// Tokens that may be spent.
    pub limit: i64,
    /// Tokens spent, without those still on their way here.
    pub used: i64,
    /// When the customer was warned that most is spent.
    pub warned_at: Option<OffsetDateTime>,
    /// When the customer was told that all is spent.
    pub exhausted_at: Option<OffsetDateTime>,
}

/// The period of `agent` that runs now, or ended less than [`GRACE_DAYS`] ago; of several, the one that began last.
pub async fn current_period(db: impl PgExecutor<'_>, agent: AgentId) -> Result<Option<Period>> {
    Ok(sqlx::query_as!(
        Period,
        r#"SELECT id AS "id: PeriodId", starts_at, ends_at, token_limit AS "limit", tokens_used AS used,
                  warned_at, exhausted_at
           FROM usage_periods
           WHERE agent_id = $1 AND starts_at <= now() AND now() < ends_at + make_interval(days => $2)
           ORDER BY starts_at DESC LIMIT 1"#,
        agent.0,
        GRACE_DAYS
    )
    .fetch_optional(db)
    .await?)
}

/// Opens the period of `agent` that begins at `starts_at`. Where one begins then already, that one, unchanged.
pub async fn open_period(
    db: &mut PgConnection,
    agent: AgentId,
    starts_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    limit: i64,
) -> Result<PeriodId> {
    Ok(PeriodId(
        sqlx::query_scalar!(
            "INSERT INTO usage_periods (id, agent_id, starts_at, ends_at, token_limit) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (agent_id, starts_at) DO UPDATE SET agent_id = excluded.agent_id
             RETURNING id",
            PeriodId::new().0,
            agent.0,
            starts_at,
            ends_at,
            limit
        )
        .fetch_one(db)
        .await?,
    ))
}

/// Opens the next period, of `days`, of each agent that a person made in a cluster and whose last one has ended: nobody's
/// invoice does. Says for how many.
pub async fn renew_adopted(db: impl PgExecutor<'_>, days: i32) -> Result<u64> {
    let renewed = sqlx::query!(
        "INSERT INTO usage_periods (id, agent_id, starts_at, ends_at, token_limit)
         SELECT gen_random_uuid(), a.id, last.ends_at, last.ends_at + make_interval(days => $1), t.monthly_tokens
         FROM agents a
         JOIN tiers t ON t.id = a.tier
         JOIN LATERAL (SELECT max(ends_at) AS ends_at FROM usage_periods WHERE agent_id = a.id) last ON true
         WHERE a.adopted_uid IS NOT NULL AND a.state <> 'destroyed' AND last.ends_at <= now()
         ON CONFLICT (agent_id, starts_at) DO NOTHING",
        days
    )
    .execute(db)
    .await?;
    Ok(renewed.rows_affected())
}

/// Changes what may be spent in the running period of `agent` and in those that are open and have not begun, as when its
/// tier changes. The answer says whether one is running. Warnings that a higher limit made untrue are forgotten, so that
/// they can come again.
pub async fn set_limit(db: &mut PgConnection, agent: AgentId, limit: i64) -> Result<bool> {
    let changed = sqlx::query_scalar!(
        r#"UPDATE usage_periods SET token_limit = $2,
                warned_at = CASE WHEN tokens_used * 100 >= $2::bigint * $3::bigint THEN warned_at END,
                exhausted_at = CASE WHEN tokens_used >= $2 THEN exhausted_at END
         WHERE agent_id = $1
           AND (starts_at > now()
                OR id = (SELECT id FROM usage_periods
                         WHERE agent_id = $1 AND starts_at <= now() AND now() < ends_at + make_interval(days => $4)
                         ORDER BY starts_at DESC LIMIT 1))
         RETURNING starts_at <= now() AS "running!""#,
        agent.0,
        limit,
        WARN_PERCENT,
        GRACE_DAYS
    )
    .fetch_all(db)
    .await?;
    Ok(changed.contains(&true))
}

/// What an agent spent on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day in UTC.
    pub day: Date,
    /// Tokens of what it asked.
    pub prompt: i64,
    /// Tokens of what was answered.
    pub completion: i64,
}

/// What `agent` spent since `since`, by day, the oldest first, without days on which it spent nothing.
pub async fn daily(db: impl PgExecutor<'_>, agent: AgentId, since: OffsetDateTime) -> Result<Vec<Day>> {
    Ok(sqlx::query_as!(
        Day,
        r#"SELECT (occurred_at AT TIME ZONE 'UTC')::date AS "day!",
                  sum(prompt_tokens)::bigint AS "prompt!", sum(completion_tokens)::bigint AS "completion!"
           FROM usage_events WHERE agent_id = $1 AND occurred_at >= $2
           GROUP BY 1 ORDER BY 1"#,
        agent.0,
        since
    )
    .fetch_all(db)
    .await?)
}

/// One answered LLM request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The request: it counts once, however often it is recorded.
    pub request: RequestId,
    /// Who asked.
    pub agent: AgentId,
    /// The period it is spent from.
    pub period: PeriodId,
    /// The provider's name of the model.
    pub model: String,
    /// Tokens of what was asked, cached ones among them.
    pub prompt: i64,
    /// Tokens of what was answered.
    pub completion: i64,
    /// Tokens of `prompt` that the provider had cached.
    pub cached: i64,
    /// Whether the figures are ours because the provider sent none.
    pub estimated: bool,
    /// When it was answered.
    pub occurred_at: OffsetDateTime,
}

/// How far a period is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// `WARN_PERCENT` or more.
    Nearly,
    /// All of it.
    Exhausted,
}

/// A customer to be told how far a period is spent. It comes again until [`told`] says that they were: a mail that comes
/// twice is better than none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which period.
    pub period: PeriodId,
    /// How far.
    pub level: Level,
    /// Where to write.
    pub email: String,
    /// In which language.
    pub locale: String,
    /// Whose period it is.
    pub agent: AgentId,
    /// The agent's number.
    pub number: i64,
    /// Tokens spent.
    pub used: i64,
    /// Tokens that may be spent.
    pub limit: i64,
    /// When the next period may begin.
    pub ends_at: OffsetDateTime,
}

/// What `record` changed.
#[derive(Debug, Default)]
pub struct Recorded {
    /// What is spent now of each period that the events belong to.
    pub used: Vec<(PeriodId, i64)>,
    /// Who is to be told; the caller tells them, and then says so with [`told`].
    pub notices: Vec<Notice>,
}

/// Records `events` in one transaction. Those recorded before, and those of agents that are gone, change nothing.
pub async fn record(db: &PgPool, events: &[Event]) -> Result<Recorded> {
    if events.is_empty() {
        return Ok(Recorded::default());
    }
    let mut tx = db.begin().await?;
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", RECORD_LOCK).execute(&mut *tx).await?;
    insert(&mut tx, events).await?;
    let mut periods: Vec<_> = events.iter().map(|e| e.period.0).collect();
    periods.sort_unstable();
    periods.dedup();
    let used =
        sqlx::query!(r#"SELECT id AS "id: PeriodId", tokens_used FROM usage_periods WHERE id = ANY($1)"#, &periods)
            .fetch_all(&mut *tx)
            .await?
            .into_iter()
            .map(|row| (row.id, row.tokens_used))
            .collect();
    let notices = due(&mut *tx, &periods, false).await?;
    tx.commit().await?;
    Ok(Recorded { used, notices })
}

/// Writes the events that are new, and adds their tokens to their periods.
async fn insert(db: &mut PgConnection, events: &[Event]) -> Result<()> {
    let requests: Vec<_> = events.iter().map(|e| e.request.0).collect();
    let agents: Vec<_> = events.iter().map(|e| e.agent.0).collect();
    let periods: Vec<_> = events.iter().map(|e| e.period.0).collect();
    let models: Vec<_> = events.iter().map(|e| e.model.clone()).collect();
    let prompts: Vec<_> = events.iter().map(|e| e.prompt).collect();
    let completions: Vec<_> = events.iter().map(|e| e.completion).collect();
    let cached: Vec<_> = events.iter().map(|e| e.cached).collect();
    let estimated: Vec<_> = events.iter().map(|e| e.estimated).collect();
    let times: Vec<_> = events.iter().map(|e| e.occurred_at).collect();
    sqlx::query!(
        "WITH fresh AS (
             INSERT INTO usage_events (request_id, agent_id, period_id, model, prompt_tokens, completion_tokens,
                                       cached_tokens, estimated, occurred_at)
             SELECT e.request, e.agent, e.period, e.model, e.prompt, e.completion, e.cached, e.estimated, e.at
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                         $8::bool[], $9::timestamptz[])
                  AS e (request, agent, period, model, prompt, completion, cached, estimated, at)
             JOIN usage_periods p ON p.id = e.period AND p.agent_id = e.agent
             ON CONFLICT (request_id) DO NOTHING
             RETURNING period_id, prompt_tokens + completion_tokens AS tokens
         ), sums AS (
             SELECT period_id, sum(tokens)::bigint AS tokens FROM fresh GROUP BY period_id
         )
         UPDATE usage_periods p SET tokens_used = p.tokens_used + s.tokens FROM sums s WHERE p.id = s.period_id",
        &requests,
        &agents,
        &periods,
        &models,
        &prompts,
        &completions,
        &cached,
        &estimated,
        &times
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Who is to be told of `periods`. With `all_spent` they count as spent, however little of them is.
async fn due(db: impl PgExecutor<'_>, periods: &[uuid::Uuid], all_spent: bool) -> Result<Vec<Notice>> {
    let rows = sqlx::query!(
        r#"SELECT p.id AS "period: PeriodId", ($3 OR p.tokens_used >= p.token_limit) AS "exhausted!", c.email, a.locale,
                  p.agent_id AS "agent: AgentId", a.number, p.tokens_used, p.token_limit, p.ends_at
           FROM usage_periods p JOIN agents a ON a.id = p.agent_id JOIN customers c ON c.id = a.customer_id
           WHERE p.id = ANY($1) AND p.exhausted_at IS NULL
             AND ($3 OR p.tokens_used >= p.token_limit
                  OR (p.warned_at IS NULL AND p.tokens_used * 100 >= p.token_limit * $2))"#,
        periods,
        WARN_PERCENT,
        all_spent
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Notice {
            period: r.period,
            level: if r.exhausted { Level::Exhausted } else { Level::Nearly },
            email: r.email,
            locale: r.locale,
            agent: r.agent,
            number: r.number,
            used: r.tokens_used,
            limit: r.token_limit,
            ends_at: r.ends_at,
        })
        .collect())
}

/// Who is to be told that `period` is spent, although a few tokens are left, too few for an answer.
pub async fn exhausted(db: impl PgExecutor<'_>, period: PeriodId) -> Result<Option<Notice>> {
    Ok(due(db, &[period.0], true).await?.pop())
}

/// Marks that the customer was told. Under another limit than the one they were told of, nothing is marked.
pub async fn told(db: impl PgExecutor<'_>, notice: &Notice) -> Result<()> {
    sqlx::query!(
        "UPDATE usage_periods
         SET warned_at = coalesce(warned_at, now()),
             exhausted_at = CASE WHEN $2 THEN coalesce(exhausted_at, now()) ELSE exhausted_at END
         WHERE id = $1 AND token_limit = $3",
        notice.period.0,
        notice.level == Level::Exhausted,
        notice.limit
    )
    .execute(db)
    .await?;
    Ok(())
}
