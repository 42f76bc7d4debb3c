//! Customers, their sign-in links and their sessions. Of every secret only the sha256 is kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::{Duration, OffsetDateTime};

use crate::{CustomerId, Error, error::Result};

/// The cookie that holds a signed-in browser's secret.
pub const SESSION_COOKIE: &str = "openclaw_session";
/// Links that one address may be sent within [`LINK_WINDOW`].
const LINKS: i64 = 5;
/// The span in which links are counted.
pub const LINK_WINDOW: Duration = Duration::minutes(15);
/// The longest address there can be (RFC 5321, 4.5.3.1.3, without the brackets).
const LONGEST_EMAIL: usize = 254;

/// The account that pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its address, in lower case.
    pub email: String,
    /// `pt` or `en`.
    pub locale: String,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// The form in which `text` is kept when it can be an e-mail address: trimmed, in lower case.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let fits = !local.is_empty()
        && !domain.is_empty()
        && text.len() <= LONGEST_EMAIL
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"'))
        && !local.contains('@')
        && text.parse::<lettre::Address>().is_ok();
    fits.then_some(text)
}

/// The customer with this address (as [`email`] gives it), made if there is none; an existing one keeps its language.
pub async fn ensure_customer(db: &mut PgConnection, email: &str, locale: &str) -> Result<Customer> {
    let row = sqlx::query!(
        "INSERT INTO customers (id, email, locale) VALUES ($1, $2, $3)
         ON CONFLICT (email) DO UPDATE SET email = excluded.email
         RETURNING id, email, locale, created_at",
        CustomerId::new().0,
        email,
        locale
    )
    .fetch_one(db)
    .await?;
    Ok(Customer { id: CustomerId(row.id), email: row.email, locale: row.locale, created_at: row.created_at })
}

/// The customer `id`.
pub async fn get(db: impl PgExecutor<'_>, id: CustomerId) -> Result<Customer> {
    let row = sqlx::query!("SELECT email, locale, created_at FROM customers WHERE id = $1", id.0)
        .fetch_optional(db)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    Ok(Customer { id, email: row.email, locale: row.locale, created_at: row.created_at })
}

/// Every customer with the number of its agents that are not gone; the newest first, at most `limit`.
pub async fn all(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<(Customer, i64)>> {
    Ok(sqlx::query!(
        r#"SELECT id, email, locale, created_at,
                  (SELECT count(*) FROM agents a WHERE a.customer_id = c.id AND a.state <> 'destroyed') AS "agents!"
           FROM customers c ORDER BY created_at DESC LIMIT $1"#,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|r| (Customer { id: CustomerId(r.id), email: r.email, locale: r.locale, created_at: r.created_at }, r.agents))
    .collect())
}

/// Makes a link's secret for `email`, good for `lifetime`. None when the address was sent too many of late.
pub async fn begin_sign_in(
    db: &PgPool,
    email: &str,
    locale: &str,
    next: &str,
    lifetime: Duration,
) -> Result<Option<SecretString>> {
    let mut tx = db.begin().await?;
    // Requests for one address are counted one after the other.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('sign-in ' || $1, 0))", email)
        .execute(&mut *tx)
        .await?;
    // What can neither be used nor counts is not kept.
    sqlx::query!(
        "DELETE FROM sign_in_links WHERE email = $1 AND expires_at < now() AND created_at < $2",
        email,
        OffsetDateTime::now_utc() - LINK_WINDOW
    )
    .execute(&mut *tx)
    .await?;
    let live = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sign_in_links WHERE email = $1 AND used_at IS NULL AND created_at > $2"#,
        email,
        OffsetDateTime::now_utc() - LINK_WINDOW
    )
    .fetch_one(&mut *tx)
    .await?;
    if live >= LINKS {
        return Ok(None);
    }
    let secret = random();
    let hash = sha256(secret.expose_secret());
    sqlx::query!(
        "INSERT INTO sign_in_links (secret_sha256, email, locale, next_path, expires_at) VALUES ($1, $2, $3, $4, $5)",
        hash.as_slice(),
        email,
        locale,
        next,
        OffsetDateTime::now_utc() + lifetime
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// A browser that has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub customer: Customer,
    /// The path to go on at.
    pub next: String,
    /// The session's secret, for the cookie.
    pub session: SecretString,
}

/// Uses a link up and opens a session of `lifetime`. None when the link is unknown, used or too old.
pub async fn sign_in(db: &PgPool, secret: &str, lifetime: Duration) -> Result<Option<SignedIn>> {
    let mut tx = db.begin().await?;
    let hash = sha256(secret);
    let link = sqlx::query!(
        "UPDATE sign_in_links SET used_at = now()
         WHERE secret_sha256 = $1 AND used_at IS NULL AND expires_at > now()
         RETURNING email, locale, next_path",
        hash.as_slice()
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(link) = link else { return Ok(None) };
    let mut customer = ensure_customer(&mut tx, &link.email, &link.locale).await?;
    // They are written to in the language they came in last.
    sqlx::query!("UPDATE customers SET locale = $2 WHERE id = $1", customer.id.0, link.locale)
        .execute(&mut *tx)
        .await?;
    customer.locale = link.locale;
    sqlx::query!("DELETE FROM sessions WHERE customer_id = $1 AND expires_at < now()", customer.id.0)
        .execute(&mut *tx)
        .await?;
    let session = random();
    let hash = sha256(session.expose_secret());
    sqlx::query!(
        "INSERT INTO sessions (secret_sha256, customer_id, expires_at) VALUES ($1, $2, $3)",
        hash.as_slice(),
        customer.id.0,
        OffsetDateTime::now_utc() + lifetime
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(SignedIn { customer, next: link.next_path, session }))
}

/// Who is signed in with this cookie.
pub async fn customer_of_session(db: impl PgExecutor<'_>, cookie: &str) -> Result<Option<Customer>> {
    let hash = sha256(cookie);
    let row = sqlx::query!(
        "SELECT c.id, c.email, c.locale, c.created_at FROM sessions s JOIN customers c ON c.id = s.customer_id
         WHERE s.secret_sha256 = $1 AND s.expires_at > now()",
        hash.as_slice()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|r| Customer { id: CustomerId(r.id), email: r.email, locale: r.locale, created_at: r.created_at }))
}

/// Forgets links and sessions that are over. Says how many. Links that still count for their address stay.
pub async fn forget_expired(db: &PgPool) -> Result<u64> {
    let links = sqlx::query!(
        "DELETE FROM sign_in_links WHERE expires_at < now() AND created_at < $1",
        OffsetDateTime::now_utc() - LINK_WINDOW
    )
    .execute(db)
    .await?;
    let sessions = sqlx::query!("DELETE FROM sessions WHERE expires_at < now()").execute(db).await?;
    Ok(links.rows_affected() + sessions.rows_affected())
}

/// Signs the browser with this cookie out. Doing it again changes nothing.
pub async fn sign_out(db: impl PgExecutor<'_>, cookie: &str) -> Result<()> {
    let hash = sha256(cookie);
    sqlx::query!("DELETE FROM sessions WHERE secret_sha256 = $1", hash.as_slice()).execute(db).await?;
    Ok(())
}

/// 256 random bits as URL-safe text.
fn random() -> SecretString {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn sha256(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_one_form() {
        assert_eq!(email(" Ana@Example.COM ").as_deref(), Some("ana@example.com"));
        for wrong in ["", "ana", "@example.com", "ana@", "a b@example.com", "a@b@c.com", "ana@example.com\nBcc: x@y.z"]
        {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }
}
