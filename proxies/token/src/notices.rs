//! Telling customers by mail that most of their tokens, or all, are spent. The texts lie in `mails/`.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use openclaw_platform::{
    PeriodId,
    config::Settings,
    mail::{Mail, Mailer},
    usage::{self, Level, Notice},
};
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

use crate::sentences;

/// How often a mail is tried.
const ATTEMPTS: u32 = 3;
/// Pause after the first attempt that failed; after each further one, twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// How long this process does not try the same notice again: it comes with every event until it is marked as told, which
/// is after its mail was sent. Longer than its attempts take.
const TRIED_FOR: Duration = Duration::from_secs(600);

/// Tells customers.
#[derive(Clone)]
pub(crate) struct Notices {
    mailer: Option<Arc<Mailer>>,
    db: PgPool,
    tried: Cache<(PeriodId, Level, i64), ()>,
    public_url: Arc<str>,
    tasks: TaskTracker,
}

impl Notices {
    /// Without a mail server notices are only logged: agents answer all the same.
    pub(crate) fn new(settings: &Settings, db: PgPool, tasks: TaskTracker) -> Self {
        let mailer = Mailer::new(settings, db.clone());
        if let Err(error) = &mailer {
            tracing::warn!(%error, "customers will not be told by mail when their tokens run out");
        }
        Self {
            mailer: mailer.ok().map(Arc::new),
            db,
            tried: Cache::builder().max_capacity(100_000).time_to_live(TRIED_FOR).build(),
            public_url: settings.public_url.as_str().into(),
            tasks,
        }
    }

    /// Tells each, in the background, and marks that it was told.
    pub(crate) fn send(&self, notices: Vec<Notice>) {
        for notice in notices {
            let what = (notice.period, notice.level, notice.limit);
            if !self.tried.entry(what).or_insert(()).is_fresh() {
                continue;
            }
            tracing::info!(agent = %notice.agent, level = ?notice.level, used = notice.used, limit = notice.limit,
                           "a customer's tokens are running out");
            let notices = self.clone();
            self.tasks.spawn(async move {
                if let Err(error) = notices.tell(&notice).await {
                    tracing::warn!(%error, agent = %notice.agent, "a customer could not be told, or it not be marked");
                }
            });
        }
    }

    /// The mail first, then the mark: a kill in between sends it twice, the other way round it would never come.
    async fn tell(&self, notice: &Notice) -> Result<(), openclaw_platform::Error> {
        if let Some(mailer) = &self.mailer {
            send(mailer, notice, &write(notice, &self.public_url)).await?;
        }
        usage::told(&self.db, notice).await
    }
}

async fn send(mailer: &Mailer, notice: &Notice, mail: &Mail) -> Result<(), openclaw_platform::Error> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match mailer.send(&notice.email, mail).await {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(%error, agent = %notice.agent, "a customer could not be told yet"),
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    mailer.send(&notice.email, mail).await
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
                    period: PeriodId::new(),
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
