//! The tiers, which live in Postgres: kept for a while, and for as long as Postgres is away.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openclaw_platform::{
    Error,
    tiers::{self, Tier},
};
use sqlx::PgPool;

/// How long they are taken to be what they were.
const FRESH: Duration = Duration::from_secs(30);

pub(super) struct Tiers {
    db: PgPool,
    kept: Mutex<Option<(Instant, Arc<[Tier]>)>>,
}

impl Tiers {
    pub(super) fn new(db: PgPool) -> Self {
        Self { db, kept: Mutex::default() }
    }

    /// The tier called `id`, if there is one.
    pub(super) async fn find(&self, id: &str) -> Result<Option<Tier>, Error> {
        Ok(self.all().await?.iter().find(|tier| tier.id == id).cloned())
    }

    async fn all(&self) -> Result<Arc<[Tier]>, Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, tiers)) = &kept
            && at.elapsed() < FRESH
        {
            return Ok(tiers.clone());
        }
        match (tiers::all(&self.db).await, kept) {
            (Ok(tiers), _) => {
                let tiers: Arc<[Tier]> = tiers.into();
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                *kept = Some((Instant::now(), tiers.clone()));
                Ok(tiers)
            }
            (Err(error), Some((_, tiers))) => {
                tracing::warn!(%error, "the tiers cannot be read; they are taken to be what they were");
                Ok(tiers)
            }
            (Err(error), None) => Err(error),
        }
    }
}
