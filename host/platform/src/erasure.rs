//! What goes when an agent is destroyed: all that it and its people said. What it cost stays, for the books.

use sqlx::PgPool;

use crate::{AgentId, error::Result};

/// Removes what `agent` kept and moves it to `destroyed`, in one transaction. The niche's storage goes with the
/// customer's last agent of that niche. Running it again changes nothing.
pub async fn destroy(db: &PgPool, agent: AgentId) -> Result<()> {
    let mut tx = db.begin().await?;
    // The agents of one customer one after the other, so that the last one sees that it is the last.
    sqlx::query!("SELECT FROM customers WHERE id = (SELECT customer_id FROM agents WHERE id = $1) FOR UPDATE", agent.0)
        .execute(&mut *tx)
        .await?;
    // First: whoever queues an update or writes into the chat takes this row, so nothing more is said afterwards.
    sqlx::query!("DELETE FROM relay_bots WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM relay_chats WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM relay_seen WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM agent_state WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM relay_updates WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM relay_sends WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM chat_messages WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM tool_calls WHERE agent_id = $1", agent.0).execute(&mut *tx).await?;
    sqlx::query!(
        "DELETE FROM niche_spaces s USING agents a
         WHERE a.id = $1 AND s.customer_id = a.customer_id AND s.niche = a.niche
           AND NOT EXISTS (
               SELECT FROM agents other
               WHERE other.customer_id = a.customer_id AND other.niche = a.niche
                 AND other.id <> a.id AND other.state <> 'destroyed')",
        agent.0
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE onboarding_sessions o SET answers = '[]', bot_token = NULL, telegram_user = NULL
         FROM checkouts c WHERE c.agent_id = $1 AND o.id = c.onboarding_id",
        agent.0
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE checkouts k SET answers = '[]', bot_token = NULL, telegram_user = NULL
         FROM checkouts paid WHERE paid.agent_id = $1 AND k.onboarding_id = paid.onboarding_id",
        agent.0
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE agents SET state = 'destroyed', reason = NULL, destroyed_at = coalesce(destroyed_at, now()),
                profile = '[]', bot_token = NULL, bot_username = NULL, telegram_users = '{}',
                relay_secret_sha256 = NULL, heartbeat = NULL
         WHERE id = $1",
        agent.0
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}
