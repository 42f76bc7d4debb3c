//! Agents: what is kept of each, and the changes of its state.

use secrecy::SecretString;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use crate::{AgentId, CustomerId, Digest, Error, error::Result, releases, vault::Vault};

/// First Telegram user id of web chats: outside the 52 bits that Telegram's own ids have.
pub const WEB_CHAT_BASE: i64 = 1 << 52;

/// Where an agent is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// Being made.
    Provisioning,
    /// Answering.
    Live,
    /// Stopped; its data stays.
    Suspended,
    /// Gone.
    Destroyed,
    /// Could not be made; a person must look.
    Failed,
}

impl AgentState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Live => "live",
            Self::Suspended => "suspended",
            Self::Destroyed => "destroyed",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for AgentState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        [Self::Provisioning, Self::Live, Self::Suspended, Self::Destroyed, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("agent state {text}")))
    }
}

/// One answer of a profile. A secret answer holds a word, not the secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// The question's id.
    pub question: String,
    /// What was said.
    pub value: String,
}

/// One agent.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its small public number.
    pub number: i64,
    /// Whose it is.
    pub customer: CustomerId,
    /// Its niche.
    pub niche: String,
    /// Its release.
    pub digest: Digest,
    /// Its tier.
    pub tier: String,
    /// Its model.
    pub model: String,
    /// Its language.
    pub locale: String,
    /// The customer's answers.
    pub profile: Vec<Answer>,
    /// Whether it has a Telegram bot of its own.
    pub has_bot: bool,
    /// The bot's name, once Telegram said it.
    pub bot_username: Option<String>,
    /// The Telegram users who may talk to it, without the web chat's.
    pub telegram_users: Vec<i64>,
    /// Where it is.
    pub state: AgentState,
    /// Why it is suspended or failed.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it first answered.
    pub live_at: Option<OffsetDateTime>,
    /// When its gateway last told of itself.
    pub heartbeat_at: Option<OffsetDateTime>,
}

impl Agent {
    /// The Telegram user and chat id of its web chat.
    pub fn web_chat(&self) -> i64 {
        WEB_CHAT_BASE + self.number
    }
}

struct Row {
    id: uuid::Uuid,
    number: i64,
    customer_id: uuid::Uuid,
    niche: String,
    digest: Vec<u8>,
    tier: String,
    model: String,
    locale: String,
    profile: serde_json::Value,
    has_bot: bool,
    bot_username: Option<String>,
    telegram_users: Vec<i64>,
    state: String,
    reason: Option<String>,
    created_at: OffsetDateTime,
    live_at: Option<OffsetDateTime>,
    heartbeat_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Agent {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: AgentId(row.id),
            number: row.number,
            customer: CustomerId(row.customer_id),
            niche: row.niche,
            digest: row.digest.try_into()?,
            tier: row.tier,
            model: row.model,
            locale: row.locale,
            profile: serde_json::from_value(row.profile).map_err(|e| Error::Corrupt(format!("profile: {e}")))?,
            has_bot: row.has_bot,
            bot_username: row.bot_username,
            telegram_users: row.telegram_users,
            state: row.state.parse()?,
            reason: row.reason,
            created_at: row.created_at,
            live_at: row.live_at,
            heartbeat_at: row.heartbeat_at,
        })
    }
}

/// What a new agent is made from.
#[derive(Debug)]
pub struct NewAgent<'a> {
    /// Whose it will be.
    pub customer: CustomerId,
    /// Its niche.
    pub niche: &'a str,
    /// The release it gets if its niche offers none: otherwise what the niche offers then, or rolls out.
    pub digest: Digest,
    /// Its tier; must exist.
    pub tier: &'a str,
    /// Its model.
    pub model: &'a str,
    /// `pt` or `en`.
    pub locale: &'a str,
    /// The customer's answers.
    pub profile: &'a [Answer],
    /// Its own bot's token, if it has one.
    pub bot_token: Option<&'a SecretString>,
    /// Who may talk to it in Telegram.
    pub telegram_users: &'a [i64],
}

/// The words that bind a sealed bot token to its agent.
fn bot_token_context(agent: AgentId) -> String {
    format!("agent {agent} bot token")
}

/// Makes an agent, in state `provisioning`. The caller enqueues its job in the same transaction.
pub async fn create(db: &mut PgConnection, vault: &Vault, new: NewAgent<'_>) -> Result<AgentId> {
    let id = AgentId::new();
    let bot_token = new.bot_token.map(|token| vault.seal(&bot_token_context(id), token));
    let digest = releases::roll_out::place(db, id, new.niche, new.digest).await?;
    sqlx::query!(
        "INSERT INTO agents (id, customer_id, niche, digest, tier, model, locale, profile, bot_token, telegram_users)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.0,
        new.customer.0,
        new.niche,
        digest.0.as_slice(),
        new.tier,
        new.model,
        new.locale,
        serde_json::json!(new.profile),
        bot_token,
        new.telegram_users,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("INSERT INTO relay_bots (agent_id) VALUES ($1)", id.0).execute(db).await?;
    Ok(id)
}

/// The agent `id`.
pub async fn get(db: impl PgExecutor<'_>, id: AgentId) -> Result<Agent> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, number, customer_id, niche, digest, tier, model, locale, profile,
                  bot_token IS NOT NULL AS "has_bot!", bot_username, telegram_users, state, reason,
                  created_at, live_at, heartbeat_at
           FROM agents WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("agent"))?
    .try_into()
}

/// The agents of `customer`, the newest first, without those that are gone.
pub async fn of_customer(db: impl PgExecutor<'_>, customer: CustomerId) -> Result<Vec<Agent>> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, number, customer_id, niche, digest, tier, model, locale, profile,
                  bot_token IS NOT NULL AS "has_bot!", bot_username, telegram_users, state, reason,
                  created_at, live_at, heartbeat_at
           FROM agents WHERE customer_id = $1 AND state <> 'destroyed' ORDER BY created_at DESC"#,
        customer.0
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Agent::try_from)
    .collect()
}

/// Every agent, the newest first, at most `limit`.
pub async fn all(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Agent>> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, number, customer_id, niche, digest, tier, model, locale, profile,
                  bot_token IS NOT NULL AS "has_bot!", bot_username, telegram_users, state, reason,
                  created_at, live_at, heartbeat_at
           FROM agents ORDER BY created_at DESC LIMIT $1"#,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Agent::try_from)
    .collect()
}

/// An agent whose gateway should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The agent.
    pub agent: AgentId,
    /// Whose it is.
    pub customer: CustomerId,
    /// When its gateway last told of itself.
    pub heartbeat_at: Option<OffsetDateTime>,
    /// Whether a person made it in a cluster.
    pub adopted: bool,
}

/// The live agents. The gateway of one that is being made is its job's.
pub async fn wanted(db: impl PgExecutor<'_>) -> Result<Vec<Wanted>> {
    Ok(sqlx::query!(
        r#"SELECT id, customer_id, heartbeat_at, adopted_uid IS NOT NULL AS "adopted!"
           FROM agents WHERE state = 'live' ORDER BY number"#
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|r| Wanted {
        agent: AgentId(r.id),
        customer: CustomerId(r.customer_id),
        heartbeat_at: r.heartbeat_at,
        adopted: r.adopted,
    })
    .collect())
}

/// Keeps that the agent is the one that a person made in a cluster as the custom resource with this `uid`.
pub async fn adopt(db: &mut PgConnection, id: AgentId, uid: uuid::Uuid) -> Result<()> {
    sqlx::query!("UPDATE agents SET adopted_uid = $2 WHERE id = $1", id.0, uid).execute(db).await?;
    Ok(())
}

/// The agent that was made as the custom resource with this `uid`, if it was adopted.
pub async fn adopted_as(db: impl PgExecutor<'_>, uid: uuid::Uuid) -> Result<Option<AgentId>> {
    Ok(sqlx::query_scalar!("SELECT id FROM agents WHERE adopted_uid = $1", uid).fetch_optional(db).await?.map(AgentId))
}

/// The agents that are suspended for `reason`, with whose they are.
pub async fn suspended_for(db: impl PgExecutor<'_>, reason: &str) -> Result<Vec<(AgentId, CustomerId)>> {
    Ok(sqlx::query!("SELECT id, customer_id FROM agents WHERE state = 'suspended' AND reason = $1", reason)
        .fetch_all(db)
        .await?
        .into_iter()
        .map(|row| (AgentId(row.id), CustomerId(row.customer_id)))
        .collect())
}

/// The agent's own bot token in clear, if it has one. Only the relay asks.
pub async fn bot_token(db: impl PgExecutor<'_>, vault: &Vault, id: AgentId) -> Result<Option<SecretString>> {
    let sealed = sqlx::query_scalar!("SELECT bot_token FROM agents WHERE id = $1", id.0)
        .fetch_optional(db)
        .await?
        .ok_or(Error::NotFound("agent"))?;
    sealed.map(|sealed| vault.open(&bot_token_context(id), &sealed)).transpose()
}

/// Moves the agent to `state`. A destroyed one stays destroyed: the answer says whether it moved.
pub async fn set_state(db: impl PgExecutor<'_>, id: AgentId, state: AgentState, reason: Option<&str>) -> Result<bool> {
    let moved = sqlx::query!(
        "UPDATE agents SET state = $2, reason = $3,
                live_at = CASE WHEN $2 = 'live' THEN coalesce(live_at, now()) ELSE live_at END,
                destroyed_at = CASE WHEN $2 = 'destroyed' THEN now() END
         WHERE id = $1 AND state <> 'destroyed'",
        id.0,
        state.as_str(),
        reason
    )
    .execute(db)
    .await?;
    Ok(moved.rows_affected() > 0)
}

/// Keeps what the gateway tells of itself.
pub async fn heartbeat(db: impl PgExecutor<'_>, id: AgentId, told: &serde_json::Value) -> Result<()> {
    sqlx::query!("UPDATE agents SET heartbeat_at = now(), heartbeat = $2 WHERE id = $1", id.0, told)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether the gateway told, after `before`, that it is well; for none, whether it ever did.
pub async fn heard_since(db: impl PgExecutor<'_>, id: AgentId, before: Option<OffsetDateTime>) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM agents
               WHERE id = $1 AND heartbeat_at > coalesce($2, '-infinity'::timestamptz)
                 AND heartbeat ->> 'phase' IS DISTINCT FROM 'error') AS "heard!""#,
        id.0,
        before
    )
    .fetch_one(db)
    .await?)
}

/// Changes the agent's tier.
pub async fn set_tier(db: impl PgExecutor<'_>, id: AgentId, tier: &str) -> Result<()> {
    sqlx::query!("UPDATE agents SET tier = $2 WHERE id = $1", id.0, tier).execute(db).await?;
    Ok(())
}

/// An agent as admins see it, with whose it is and what it used.
#[derive(Debug, Clone)]
pub struct AgentOverview {
    /// The agent.
    pub agent: Agent,
    /// Its customer's address.
    pub customer_email: String,
    /// Tokens used in the current period; 0 without one.
    pub tokens_used: i64,
    /// Tokens that may be used in it; 0 without one.
    pub token_limit: i64,
}

/// Every agent with whose it is and what it used, the newest first, at most `limit`.
pub async fn overview(db: &sqlx::PgPool, limit: i64) -> Result<Vec<AgentOverview>> {
    let agents = all(db, limit).await?;
    let ids: Vec<_> = agents.iter().map(|agent| agent.id.0).collect();
    let mut rows: std::collections::HashMap<_, _> = sqlx::query!(
        r#"SELECT a.id, c.email, coalesce(p.tokens_used, 0) AS "used!", coalesce(p.token_limit, 0) AS "limit!"
           FROM agents a JOIN customers c ON c.id = a.customer_id
           LEFT JOIN LATERAL (
               SELECT tokens_used, token_limit FROM usage_periods
               WHERE agent_id = a.id AND starts_at <= now() AND now() < ends_at + make_interval(days => $2)
               ORDER BY starts_at DESC LIMIT 1) p ON true
           WHERE a.id = ANY($1)"#,
        &ids,
        crate::usage::GRACE_DAYS
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|row| (row.id, (row.email, row.used, row.limit)))
    .collect();
    Ok(agents
        .into_iter()
        .filter_map(|agent| {
            let (customer_email, tokens_used, token_limit) = rows.remove(&agent.id.0)?;
            Some(AgentOverview { agent, customer_email, tokens_used, token_limit })
        })
        .collect())
}
