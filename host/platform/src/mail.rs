//! Mail to customers: by SMTP, or to the outbox of `dev`. The texts lie in `mails/`, subject on the first line.

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, message::Mailbox};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::{Error, config::Settings, error::Result};

/// A mail in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl Mail {
    /// One from a text whose first line is its subject and whose `{names}` are replaced by `values`.
    pub fn from_template(template: &str, values: &[(&str, &str)]) -> Self {
        let filled =
            values.iter().fold(template.to_owned(), |t, (name, value)| t.replace(&format!("{{{name}}}"), value));
        let (subject, text) = filled.split_once('\n').unwrap_or((&filled, ""));
        Self { subject: subject.to_owned(), text: text.trim_start().to_owned() }
    }
}

/// The mail with a sign-in link that works for `minutes`.
pub fn sign_in(locale: &str, link: &SecretString, minutes: u32) -> Mail {
    let template = match locale {
        "en" => include_str!("../mails/sign-in.en.txt"),
        _ => include_str!("../mails/sign-in.pt.txt"),
    };
    Mail::from_template(template, &[("link", link.expose_secret()), ("minutes", &minutes.to_string())])
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Outbox(PgPool),
}

impl Mailer {
    /// By SMTP when `SMTP_URL` is set; otherwise to the outbox, which only `dev` allows.
    pub fn new(settings: &Settings, db: PgPool) -> Result<Self> {
        let from = settings.mail_from.parse().map_err(|e| Error::Config(format!("MAIL_FROM is wrong: {e}")))?;
        let way = match &settings.smtp_url {
            Some(url) => Way::Smtp(
                AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
                    .map_err(|e| Error::Config(format!("SMTP_URL is wrong: {e}")))?
                    .build(),
            ),
            None if settings.is_dev() => Way::Outbox(db),
            None => {
                return Err(Error::Config(
                    "SMTP_URL is not set: customers sign in by mail. Only `openclaw-cloud dev` goes without".into(),
                ));
            }
        };
        Ok(Self { from, way })
    }

    /// Sends `mail` to the address `to`.
    pub async fn send(&self, to: &str, mail: &Mail) -> Result<()> {
        match &self.way {
            Way::Outbox(db) => {
                sqlx::query!(
                    "INSERT INTO outbox (recipient, subject, body) VALUES ($1, $2, $3)",
                    to,
                    mail.subject,
                    mail.text
                )
                .execute(db)
                .await?;
            }
            Way::Smtp(server) => {
                let failed = |e: &dyn std::fmt::Display| Error::Mail(e.to_string());
                let message = Message::builder()
                    .from(self.from.clone())
                    .to(to.parse().map_err(|e| failed(&e))?)
                    .subject(&mail.subject)
                    .header(lettre::message::header::ContentType::TEXT_PLAIN)
                    .body(mail.text.clone())
                    .map_err(|e| failed(&e))?;
                server.send(message).await.map_err(|e| failed(&e))?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.way {
            Way::Smtp(_) => "Mailer by SMTP",
            Way::Outbox(_) => "Mailer to the outbox",
        })
    }
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMail {
    /// To whom.
    pub to: String,
    /// The mail.
    pub mail: Mail,
    /// When.
    pub sent_at: OffsetDateTime,
}

/// The newest `limit` mails of the outbox, the newest first.
pub async fn outbox(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<OutboxMail>> {
    Ok(sqlx::query!("SELECT recipient, subject, body, sent_at FROM outbox ORDER BY id DESC LIMIT $1", limit)
        .fetch_all(db)
        .await?
        .into_iter()
        .map(|row| OutboxMail {
            to: row.recipient,
            mail: Mail { subject: row.subject, text: row.body },
            sent_at: row.sent_at,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_mail_holds_the_link_in_both_languages() {
        for locale in ["pt", "en"] {
            let mail = sign_in(locale, &"https://example.com/x?token=abc".to_owned().into(), 15);
            assert!(
                mail.text.contains("https://example.com/x?token=abc\n") && mail.text.contains("15 min"),
                "{mail:?}"
            );
            assert!(!mail.subject.is_empty() && !mail.text.contains('{'));
        }
    }
}
