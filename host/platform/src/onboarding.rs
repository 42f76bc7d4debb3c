//! Interviews in progress. What was answered is kept as answered, except for a bot token, which is encrypted.

use secrecy::SecretString;
use sqlx::{PgExecutor, PgPool};

use crate::{CustomerId, Digest, Error, OnboardingId, agents::Answer, error::Result, vault::Vault};

/// An interview.
#[derive(Debug, Clone)]
pub struct Interview {
    /// Its id.
    pub id: OnboardingId,
    /// Its niche.
    pub niche: String,
    /// The release that asks.
    pub digest: Digest,
    /// `pt` or `en`.
    pub locale: String,
    /// Whose it is, once someone signed in with it.
    pub customer: Option<CustomerId>,
    /// The answers in the order asked. A bot token's is a word.
    pub answers: Vec<Answer>,
    /// Whether everything was asked.
    pub done: bool,
}

/// The words that bind a sealed bot token to its interview.
pub(crate) fn bot_token_context(id: OnboardingId) -> String {
    format!("onboarding {id} bot token")
}

/// Begins an interview.
pub async fn begin(
    db: impl PgExecutor<'_>,
    niche: &str,
    digest: Digest,
    locale: &str,
    customer: Option<CustomerId>,
) -> Result<Interview> {
    let id = OnboardingId::new();
    sqlx::query!(
        "INSERT INTO onboarding_sessions (id, niche, digest, locale, customer_id) VALUES ($1, $2, $3, $4, $5)",
        id.0,
        niche,
        digest.0.as_slice(),
        locale,
        customer.map(|c| c.0)
    )
    .execute(db)
    .await?;
    let (niche, locale) = (niche.to_owned(), locale.to_owned());
    Ok(Interview { id, niche, digest, locale, customer, answers: vec![], done: false })
}

/// Days after which an interview that nobody went on with is forgotten, with what it holds of a person.
pub const FORGET_DAYS: i32 = 30;

/// Forgets interviews that nobody went on with or paid for. Says how many.
pub async fn forget_abandoned(db: impl PgExecutor<'_>) -> Result<u64> {
    let gone = sqlx::query!(
        "DELETE FROM onboarding_sessions o WHERE o.updated_at < now() - make_interval(days => $1)
             AND NOT EXISTS (SELECT FROM checkouts k WHERE k.onboarding_id = o.id)",
        FORGET_DAYS
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}

/// The interview `id`.
pub async fn get(db: impl PgExecutor<'_>, id: OnboardingId) -> Result<Interview> {
    let row = sqlx::query!(
        "SELECT niche, digest, locale, customer_id, answers, done FROM onboarding_sessions WHERE id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("interview"))?;
    Ok(Interview {
        id,
        niche: row.niche,
        digest: row.digest.try_into()?,
        locale: row.locale,
        customer: row.customer_id.map(CustomerId),
        answers: serde_json::from_value(row.answers).map_err(|e| Error::Corrupt(format!("answers: {e}")))?,
        done: row.done,
    })
}

/// What becomes of the bot token that an interview holds.
#[derive(Debug)]
pub enum BotToken {
    /// It stays as it is.
    Keep,
    /// It goes.
    Forget,
    /// This one is kept, encrypted.
    Set(SecretString),
}

/// An interview's answers after a change.
#[derive(Debug)]
pub struct Change<'a> {
    /// All answers, in the order asked.
    pub answers: &'a [Answer],
    /// The bot token.
    pub bot_token: BotToken,
    /// The Telegram user who may talk to the agent.
    pub telegram_user: Option<i64>,
    /// Whether everything was asked.
    pub done: bool,
}

/// Keeps a change of `before`; a conflict when someone else changed it in between.
pub async fn save(db: &PgPool, vault: &Vault, before: &Interview, change: Change<'_>) -> Result<()> {
    let (keep, sealed) = match &change.bot_token {
        BotToken::Keep => (true, None),
        BotToken::Forget => (false, None),
        BotToken::Set(token) => (false, Some(vault.seal(&bot_token_context(before.id), token))),
    };
    let saved = sqlx::query!(
        "UPDATE onboarding_sessions
         SET answers = $2, bot_token = CASE WHEN $3 THEN bot_token ELSE $4 END, telegram_user = $5, done = $6,
             updated_at = now()
         WHERE id = $1 AND answers = $7",
        before.id.0,
        serde_json::json!(change.answers),
        keep,
        sealed,
        change.telegram_user,
        change.done,
        serde_json::json!(before.answers),
    )
    .execute(db)
    .await?;
    if saved.rows_affected() == 0 {
        return Err(Error::Conflict("the interview was changed at the same time: read it again".into()));
    }
    Ok(())
}

/// Makes an interview that is no one's the customer's. Says whether it is theirs now.
pub async fn claim(db: impl PgExecutor<'_>, id: OnboardingId, customer: CustomerId) -> Result<bool> {
    let claimed = sqlx::query!(
        "UPDATE onboarding_sessions SET customer_id = $2
         WHERE id = $1 AND (customer_id IS NULL OR customer_id = $2)",
        id.0,
        customer.0
    )
    .execute(db)
    .await?;
    Ok(claimed.rows_affected() > 0)
}

/// What a finished interview says about the agent to make.
#[derive(Debug)]
pub struct FinishedOnboarding {
    /// Whose it is.
    pub customer: Option<CustomerId>,
    /// The niche.
    pub niche: String,
    /// The release that asked, and that the agent will run on.
    pub digest: Digest,
    /// `pt` or `en`.
    pub locale: String,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The agent's own bot's token; none for the web chat alone.
    pub bot_token: Option<SecretString>,
    /// Who may talk to it in Telegram.
    pub telegram_user: Option<i64>,
}

/// The interview `id` once it is finished; a conflict before.
pub async fn finished(db: impl PgExecutor<'_>, vault: &Vault, id: OnboardingId) -> Result<FinishedOnboarding> {
    let row = sqlx::query!(
        "SELECT niche, digest, locale, customer_id, answers, bot_token, telegram_user, done
         FROM onboarding_sessions WHERE id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound("interview"))?;
    if !row.done {
        return Err(Error::Conflict("the interview is not finished: there are questions left".into()));
    }
    Ok(FinishedOnboarding {
        customer: row.customer_id.map(CustomerId),
        niche: row.niche,
        digest: row.digest.try_into()?,
        locale: row.locale,
        answers: serde_json::from_value(row.answers).map_err(|e| Error::Corrupt(format!("answers: {e}")))?,
        bot_token: row.bot_token.map(|sealed| vault.open(&bot_token_context(id), &sealed)).transpose()?,
        telegram_user: row.telegram_user,
    })
}
