//! What a gateway holds: its proxy token and its stand-in bot token. Minted together, closed together.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moka::sync::Cache;
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::{AgentId, CustomerId, Error, TokenId, error::Result};

/// How long to ask about a token that was good before it is taken to be good still.
const PATIENCE: Duration = Duration::from_millis(500);
/// What a proxy token begins with.
const PREFIX: &str = "oct_";
/// How long a token that was found open is believed without asking again. A closed one is refused within this, and an
/// agent is called with the release it was given: both within a second.
const FRESH: Duration = Duration::from_millis(750);
/// How long a token that was found open is believed while Postgres is away.
const STALE: Duration = Duration::from_secs(3600);

/// The secrets of one gateway, in clear this once.
#[derive(Debug)]
pub struct Minted {
    /// `oct_<id>_<secret>`: opens the proxies, the niche's tools and the agent's state.
    pub proxy_token: SecretString,
    /// `<agent number>:<secret>`: what the gateway takes for its bot token.
    pub bot_token: SecretString,
}

/// Opens a new pair for `agent` and closes the one before.
pub async fn mint(db: &mut PgConnection, agent: AgentId, bcrypt_cost: u32) -> Result<Minted> {
    let id = TokenId::new();
    let (secret, relay_secret) = (random::<32>(), &random::<27>()[..35]);
    let plain = secret.clone();
    let hash = tokio::task::spawn_blocking(move || bcrypt::hash(plain, bcrypt_cost))
        .await
        .map_err(|e| Error::Config(e.to_string()))?
        .map_err(|e| Error::Config(format!("BCRYPT_COST: {e}")))?;
    close(db, agent).await?;
    sqlx::query!("INSERT INTO proxy_tokens (id, agent_id, hash) VALUES ($1, $2, $3)", id.0, agent.0, hash)
        .execute(&mut *db)
        .await?;
    let relay_sha256 = Sha256::digest(relay_secret);
    let number = sqlx::query_scalar!(
        "UPDATE agents SET relay_secret_sha256 = $2 WHERE id = $1 RETURNING number",
        agent.0,
        relay_sha256.as_slice()
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("agent"))?;
    Ok(Minted {
        proxy_token: format!("{PREFIX}{}_{secret}", id.0.simple()).into(),
        bot_token: format!("{number}:{relay_secret}").into(),
    })
}

/// Closes the tokens of `agent`: its gateway can spend, call and speak no more. Running it again changes nothing.
pub async fn close(db: &mut PgConnection, agent: AgentId) -> Result<()> {
    sqlx::query!("UPDATE proxy_tokens SET closed_at = now() WHERE agent_id = $1 AND closed_at IS NULL", agent.0)
        .execute(&mut *db)
        .await?;
    sqlx::query!("UPDATE agents SET relay_secret_sha256 = NULL WHERE id = $1", agent.0).execute(db).await?;
    Ok(())
}

/// Random bytes as URL-safe text.
fn random<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The agent behind a token, with what a request needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token.
    pub token: TokenId,
    /// The agent.
    pub agent: AgentId,
    /// Its number.
    pub number: i64,
    /// Whose it is.
    pub customer: CustomerId,
    /// Its niche.
    pub niche: String,
    /// Its release.
    pub digest: crate::Digest,
    /// The release it had before, with when that ended; none if it always had the one it has.
    pub previous: Option<(crate::Digest, OffsetDateTime)>,
    /// Its tier.
    pub tier: String,
    /// Its language.
    pub locale: String,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It has not the shape of one, is unknown, or was closed.
    #[error("the proxy token is unknown or closed")]
    Unknown,
    /// Postgres is away, and the token was not seen before.
    #[error(transparent)]
    Away(#[from] Error),
}

#[derive(Clone)]
struct Seen {
    caller: Arc<Caller>,
    /// When it was last asked about.
    at: Instant,
    /// When Postgres last said that it is open.
    confirmed: Instant,
}

/// Tells whose a proxy token is. bcrypt runs once a token; what it said is remembered by the token's sha256.
#[derive(Clone)]
pub struct Authenticator {
    db: PgPool,
    seen: Cache<[u8; 32], Seen>,
}

impl Authenticator {
    /// One that asks `db`.
    pub fn new(db: PgPool) -> Self {
        Self { db, seen: Cache::builder().max_capacity(100_000).build() }
    }

    /// The agent that `token` belongs to.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        let (id, secret) = parse(token).ok_or(Refusal::Unknown)?;
        let key: [u8; 32] = Sha256::digest(token).into();
        let seen = self.seen.get(&key);
        if let Some(seen) = &seen
            && seen.at.elapsed() < FRESH
        {
            return Ok(seen.caller.clone());
        }
        let asked = open_token(&self.db, id);
        let row = match &seen {
            // Someone who is known does not wait long to be asked about.
            Some(_) => tokio::time::timeout(PATIENCE, asked)
                .await
                .unwrap_or(Err(Error::DatabaseAway(sqlx::Error::PoolTimedOut))),
            None => asked.await,
        };
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => {
                self.seen.invalidate(&key);
                return Err(Refusal::Unknown);
            }
            // A token that was good goes on working while Postgres is away, and is not asked about at every request.
            Err(error) => {
                let seen = seen.ok_or(Refusal::Away(error))?;
                if seen.confirmed.elapsed() > STALE {
                    return Err(Refusal::Unknown);
                }
                self.seen.insert(key, Seen { at: Instant::now(), ..seen.clone() });
                return Ok(seen.caller);
            }
        };
        if seen.is_none() {
            let (secret, hash) = (secret.to_owned(), row.hash);
            let good = tokio::task::spawn_blocking(move || bcrypt::verify(secret, &hash).unwrap_or(false)).await;
            if !good.unwrap_or(false) {
                return Err(Refusal::Unknown);
            }
        }
        let caller = Arc::new(row.caller);
        let now = Instant::now();
        self.seen.insert(key, Seen { caller: caller.clone(), at: now, confirmed: now });
        Ok(caller)
    }

    /// The same from an `Authorization: Bearer …` header's value.
    pub async fn bearer(&self, header: Option<&str>) -> Result<Arc<Caller>, Refusal> {
        let token = header.and_then(|h| h.strip_prefix("Bearer ")).ok_or(Refusal::Unknown)?;
        self.authenticate(token.trim()).await
    }
}

struct Row {
    hash: String,
    caller: Caller,
}

async fn open_token(db: &PgPool, id: TokenId) -> Result<Option<Row>> {
    let row = sqlx::query!(
        "SELECT t.hash, a.id, a.number, a.customer_id, a.niche, a.digest, a.previous_digest, a.digest_changed_at,
                a.tier, a.locale
         FROM proxy_tokens t JOIN agents a ON a.id = t.agent_id
         WHERE t.id = $1 AND t.closed_at IS NULL",
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(|r| {
        Ok(Row {
            hash: r.hash,
            caller: Caller {
                token: id,
                agent: AgentId(r.id),
                number: r.number,
                customer: CustomerId(r.customer_id),
                niche: r.niche,
                digest: r.digest.try_into()?,
                previous: match (r.previous_digest, r.digest_changed_at) {
                    (Some(digest), Some(at)) => Some((digest.try_into()?, at)),
                    _ => None,
                },
                tier: r.tier,
                locale: r.locale,
            },
        })
    })
    .transpose()
}

fn parse(token: &str) -> Option<(TokenId, &str)> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    (secret.len() == 43).then_some((TokenId(uuid::Uuid::try_parse(id).ok()?), secret))
}

/// Splits a stand-in bot token into the agent's number and the sha256 of its secret.
pub fn parse_bot_token(token: &SecretString) -> Option<(i64, [u8; 32])> {
    let (number, secret) = token.expose_secret().split_once(':')?;
    Some((number.parse().ok()?, Sha256::digest(secret).into()))
}
