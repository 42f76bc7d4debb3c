//! The billing worker: applies kept events, the oldest first, each in one transaction.

use std::{sync::Arc, time::Duration};

use openclaw_platform::{billing, config::Settings, db, http};
use tokio_util::sync::CancellationToken;

use crate::{Applier, BillingError, apply::apply};

/// How long to wait for a notice before looking anyway.
const LOOK: Duration = Duration::from_secs(1);
/// First and longest wait before an event is tried again, in seconds.
const RETRY_SECONDS: (f64, f64) = (1.0, 3600.0);

/// Runs until `shutdown`.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<(), BillingError> {
    let settings = Arc::new(settings);
    let pool = db::pool(&settings.database_url, settings.database_connections)?;
    let listener = http::bind(settings.billing_listen, "BILLING_LISTEN").await?;
    let health = axum::serve(listener, http::health::<()>("billing-worker"))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let health = tokio::spawn(health.into_future());

    let notices = db::listen(&pool, &["stripe_events"]);
    let mut waiting = notices.subscribe();
    let applier = Applier::new(settings, pool)?;
    while !shutdown.is_cancelled() {
        if let Err(error) = apply_waiting(&applier).await {
            tracing::warn!(%error, "events wait");
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = waiting.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    let _ = health.await;
    Ok(())
}

/// Applies every event that is due. Several may do it at once.
pub async fn apply_waiting(applier: &Applier) -> Result<(), BillingError> {
    while apply_next(applier).await? {}
    Ok(())
}

/// Applies one event; says whether there was one.
async fn apply_next(applier: &Applier) -> Result<bool, BillingError> {
    let mut tx = applier.db.begin().await?;
    let Some(event) = billing::next_event(&mut tx).await? else { return Ok(false) };
    match apply(applier, &mut tx, &event).await {
        Ok(outcome) => {
            billing::event_applied(&mut tx, &event.id, outcome).await?;
            tx.commit().await?;
            tracing::info!(event = event.id, kind = event.kind, outcome, "applied");
            metrics::counter!("billing_events_total", "kind" => event.kind, "outcome" => outcome).increment(1);
        }
        Err(error) => {
            tx.rollback().await?;
            if matches!(&error, BillingError::Platform(e) if e.is_transient()) {
                return Err(error);
            }
            let (first, longest) = RETRY_SECONDS;
            let seconds = (first * 2f64.powi(event.attempts.min(20))).min(longest);
            tracing::warn!(event = event.id, kind = event.kind, %error, seconds, "put off");
            metrics::counter!("billing_events_total", "kind" => event.kind, "outcome" => "put off").increment(1);
            billing::event_put_off(&applier.db, &event.id, &error.to_string(), seconds).await?;
        }
    }
    Ok(true)
}
