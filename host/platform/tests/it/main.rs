//! The domain against a real Postgres.

mod listening;
mod niche_storage;
mod tokens;

use openclaw_platform::{
    AgentId, Digest, accounts,
    agents::{self, NewAgent},
    vault::Vault,
};
use secrecy::SecretString;
use sqlx::PgPool;

/// An agent of a new customer, with a bot token.
async fn agent(db: &PgPool, vault: &Vault, email: &str, bot_token: Option<&SecretString>) -> AgentId {
    let digest = Digest::of(b"a component");
    sqlx::query(
        "INSERT INTO releases (digest, niche, version, contract, component, exports, imports, state, uploaded_by, asked, approved, decided_by, decided_at)
         VALUES ($1, 'florist', '1.0.0', '0.1', 'a component', '{}', '{}', 'active', 'test', '{}', '{}', 'test', now()) ON CONFLICT DO NOTHING",
    )
    .bind(digest.0.as_slice())
    .execute(db)
    .await
    .unwrap();
    let mut tx = db.begin().await.unwrap();
    let customer = accounts::ensure_customer(&mut tx, email, "pt").await.unwrap().id;
    let new = NewAgent {
        customer,
        niche: "florist",
        digest,
        tier: "starter",
        model: "kimi-coding/k2p5",
        locale: "pt",
        profile: &[],
        bot_token,
        telegram_users: &[7],
    };
    let agent = agents::create(&mut tx, vault, new).await.unwrap();
    tx.commit().await.unwrap();
    agent
}
