//! Judges roll-outs while they run, and takes back what is worse than before.

use std::time::Duration;

use openclaw_platform::releases::judge;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// How often the figures are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Judges until `shutdown`. Each replica does; of one roll-out, one at a time.
pub(crate) async fn judge(db: PgPool, shutdown: CancellationToken) {
    loop {
        match judge::take_back_the_worse(&db, OffsetDateTime::now_utc()).await {
            Ok(taken_back) => {
                for (roll_out, reason) in taken_back {
                    let (niche, version) = (roll_out.niche, roll_out.new.version);
                    metrics::counter!("release_roll_backs_total", "niche" => niche.clone()).increment(1);
                    tracing::warn!(niche, version, reason, "a release was taken back");
                }
            }
            Err(error) => tracing::warn!(%error, "roll-outs could not be judged; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
