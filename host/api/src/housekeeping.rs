//! What is done now and then: forgetting what nobody will come back for.

use std::time::Duration;

use openclaw_platform::{accounts, billing, onboarding};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3600);

/// Looks until `shutdown`.
pub(crate) async fn keep(db: PgPool, shutdown: CancellationToken) {
    loop {
        match billing::forget_unpaid(&db).await {
            Ok(0) => {}
            Ok(checkouts) => tracing::info!(checkouts, "unpaid checkouts forgotten"),
            Err(error) => tracing::warn!(%error, "unpaid checkouts stay for now"),
        }
        match onboarding::forget_abandoned(&db).await {
            Ok(0) => {}
            Ok(interviews) => tracing::info!(interviews, "abandoned interviews forgotten"),
            Err(error) => tracing::warn!(%error, "abandoned interviews stay for now"),
        }
        match accounts::forget_expired(&db).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "expired links and sessions forgotten"),
            Err(error) => tracing::warn!(%error, "expired links and sessions stay for now"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
