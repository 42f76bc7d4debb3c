//! What the registry decides by itself, as an admin set it.

use serde_json::json;
use sqlx::{PgExecutor, PgPool};

use super::audit::{self, Actor, Step};
use crate::error::Result;

/// The settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Whether a release that asks what the active one was approved for, or less, is approved at once.
    pub auto_approve_same_or_fewer: bool,
}

/// The settings as they are.
pub async fn get(db: impl PgExecutor<'_>) -> Result<RegistrySettings> {
    Ok(sqlx::query_as!(RegistrySettings, "SELECT auto_approve_same_or_fewer FROM registry_settings")
        .fetch_one(db)
        .await?)
}

/// Changes them.
pub async fn set(db: &PgPool, settings: RegistrySettings, actor: Actor<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query!("UPDATE registry_settings SET auto_approve_same_or_fewer = $1", settings.auto_approve_same_or_fewer)
        .execute(&mut *tx)
        .await?;
    let details = json!({ "auto_approve_same_or_fewer": settings.auto_approve_same_or_fewer });
    audit::record(&mut tx, actor, Step { action: "settings", niche: None, digest: None, details }).await?;
    tx.commit().await?;
    Ok(())
}
