//! Telling customers by mail that most of their tokens, or all, are spent. The texts lie in `mails/`.

use std::{sync::Arc, time::Duration};

use openclaw_platform::{
    config::Settings,
    mail::{Mail, Mailer},
    usage::{Level, Notice},
};
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

use crate::sentences;

/// How often a mail is tried.
const ATTEMPTS: u32 = 3;
/// Pause after the first attempt that failed; after each further one, twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells customers.
#[derive(Clone)]
pub(crate) struct Notices {
    mailer: Option<Arc<Mailer>>,
    public_url: Arc<str>,
    tasks: TaskTracker,
}

impl Notices {
    /// Without a mail server notices are only logged: agents answer all the same.
    pub(crate) fn new(settings: &Settings, db: PgPool, tasks: TaskTracker) -> Self {
        let mailer = Mailer::new(settings, db);
        if let Err(error) = &mailer {
            tracing::warn!(%error, "customers will not be told by mail when their tokens run out");
        }
        Self { mailer: mailer.ok().map(Arc::new), public_url: settings.public_url.as_str().into(), tasks }
    }

    /// Tells each, in the background.
    pub(crate) fn send(&self, notices: Vec<Notice>) {
        for notice in notices {
            tracing::info!(agent = %notice.agent, level = ?notice.level, used = notice.used, limit = notice.limit,
                           "a customer's tokens are running out");
            if let Some(mailer) = self.mailer.clone() {
                let mail = write(&notice, &self.public_url);
                self.tasks.spawn(async move { send(&mailer, &notice, &mail).await });
            }
        }
    }
}

async fn send(mailer: &Mailer, notice: &Notice, mail: &Mail) {
    let mut pause = PAUSE;
    for attempt in 1..=ATTEMPTS {
        match mailer.send(&notice.email, mail).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, agent = %notice.agent, attempt, "a customer could not be told"),
        }
        if attempt < ATTEMPTS {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

fn write(notice: &Notice, public_url: &str) -> Mail {
    let english = notice.locale == "en";
    let template = match (notice.level, english) {
        (Level::Nearly, false) => include_str!("../mails/nearly.pt.txt"),
        (Level::Nearly, true) => include_str!("../mails/nearly.en.txt"),
        (Level::Exhausted, false) => include_str!("../mails/exhausted.pt.txt"),
        (Level::Exhausted, true) => include_str!("../mails/exhausted.en.txt"),
    };
    let percent = notice.used.saturating_mul(100) / notice.limit.max(1);
    let url = format!("{public_url}/{}", if english { "en" } else { "pt" });
    Mail::from_template(
        template,
        &[
            ("percent", &percent.to_string()),
            ("number", &notice.number.to_string()),
            ("used", &grouped(notice.used, english)),
            ("limit", &grouped(notice.limit, english)),
            ("day", &sentences::day(&notice.locale, notice.ends_at)),
            ("url", &url),
        ],
    )
}

/// `number` with its thousands apart, as Brazilians or Americans write it.
fn grouped(number: i64, english: bool) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(if english { ',' } else { '.' });
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use openclaw_platform::AgentId;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_mail_says_how_much_and_until_when() {
        for (locale, used, day) in [("pt", "950.000", "23/12/2026"), ("en", "950,000", "23 December 2026")] {
            for level in [Level::Nearly, Level::Exhausted] {
                let notice = Notice {
                    level,
                    email: "ana@example.com".into(),
                    locale: locale.into(),
                    agent: AgentId::new(),
                    number: 7,
                    used: 950_000,
                    limit: 1_000_000,
                    ends_at: datetime!(2026-12-23 12:00 UTC),
                };
                let mail = write(&notice, "https://example.com");
                assert!(mail.text.contains(used) && mail.text.contains(day), "{mail:?}");
                assert!(mail.text.contains(&format!("https://example.com/{locale}\n")) && !mail.text.contains('{'));
                assert!(!mail.subject.contains('{'));
            }
        }
    }
}
