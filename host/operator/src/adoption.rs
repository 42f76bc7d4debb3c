//! Agents that a person made with kubectl: the platform takes them in, with an account for their customer, tokens and a
//! meter, and without a subscription.
//!
//! What such an agent is stays its maker's to say: jobs write of its `Agent` only whether it runs. One that is suspended is
//! taken in once it is not.

use std::{fmt::Debug, sync::Arc, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};
use kube::{
    Api, Client, Resource as _, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{
        Controller,
        controller::{Action, Config},
        watcher,
    },
};
use openclaw_platform::{
    AgentId, accounts, agents,
    jobs::{self, Instruction},
    releases, tiers, usage,
    vault::Vault,
};
use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    drivers::kubernetes::{ADOPTED, ID},
    resources::{Agent, AgentStatus, Locale},
};

/// Agents that are looked at at once.
const AT_ONCE: u16 = 4;
/// Whoever writes what adoption has to say of an `Agent`.
const MANAGER: &str = "openclaw-adoption";
/// The condition that says why one is not taken in.
const CONDITION: &str = "Adopted";
/// After this it is looked again whether one can be taken in by now.
const AGAIN: Duration = Duration::from_secs(30);
/// How long an adopted agent may spend its tier's tokens before it gets them anew, in days.
const PERIOD_DAYS: i32 = 30;
/// How often it is looked whose are due.
const RENEW_EVERY: Duration = Duration::from_secs(600);

/// What agents are taken in with.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Seals what is secret of them.
    pub vault: Vault,
    /// The model of those that name none.
    pub model: String,
}

/// Why an `Agent` is not taken in, for whoever made it.
#[derive(Debug, thiserror::Error)]
enum Objection {
    #[error("spec.customer is no e-mail address that mail could be sent to")]
    Customer,
    #[error("niche `{0}` offers no release: an admin has to make one active first")]
    Niche(String),
    #[error("there is no tier `{0}`")]
    Tier(String),
    #[error("spec.release is the platform's to choose: leave it out")]
    Release,
    #[error(
        "spec.telegram.botToken cannot be read, since the operator reads no Secret but those of agents: leave it out"
    )]
    BotToken,
}

/// Why one was not taken in, and may be in a moment.
#[derive(Debug, thiserror::Error)]
enum AdoptionError {
    #[error("the API server did not do what was asked: {0}")]
    Kubernetes(#[from] kube::Error),
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    #[error("the Agent has no uid, which the API server gives")]
    Unknown,
}

struct Context {
    agents: Api<Agent>,
    db: PgPool,
    terms: Terms,
}

/// Takes in those of `namespace` that are nobody's yet, until `shutdown`.
pub(crate) async fn adopt(client: Client, namespace: &str, db: PgPool, terms: Terms, shutdown: CancellationToken) {
    let agents: Api<Agent> = Api::namespaced(client, namespace);
    let context = Arc::new(Context { agents: agents.clone(), db, terms });
    let renewing = shutdown.clone();
    let look = Controller::new(agents, watcher::Config::default().labels(&format!("!{ID}")))
        .with_config(Config::default().concurrency(AT_ONCE))
        .graceful_shutdown_on(shutdown.cancelled_owned())
        .run(look, retry, Arc::clone(&context))
        .for_each(async |_| ());
    tokio::join!(look, renewing.run_until_cancelled(renew(&context.db)));
}

/// Gives those who are there their tokens anew when they are due.
async fn renew(db: &PgPool) {
    loop {
        if let Err(error) = usage::renew_adopted(db, PERIOD_DAYS).await {
            tracing::warn!(%error, "adopted agents did not get their tokens anew; trying again later");
        }
        tokio::time::sleep(RENEW_EVERY).await;
    }
}

async fn look(agent: Arc<Agent>, context: Arc<Context>) -> Result<Action, AdoptionError> {
    if agent.metadata.deletion_timestamp.is_some() || agent.spec.suspended {
        return Ok(Action::await_change());
    }
    let uid: Uuid = agent.uid().and_then(|uid| uid.parse().ok()).ok_or(AdoptionError::Unknown)?;
    let id = match agents::adopted_as(&context.db, uid).await? {
        Some(id) => id,
        None => match take_in(&context, &agent, uid).await? {
            Ok(id) => id,
            Err(objection) => {
                object(&context, &agent, &objection).await?;
                return Ok(Action::requeue(AGAIN));
            }
        },
    };
    mark(&context, &agent, id).await?;
    // Only now: whoever runs it must find its `Agent`.
    let customer = agents::get(&context.db, id).await?.customer;
    let mut db = context.db.acquire().await.map_err(openclaw_platform::Error::from)?;
    jobs::enqueue(&mut db, customer, id, &Instruction::Provision, Some(&format!("adopt:{uid}"))).await?;
    tracing::info!(agent = agent.name_any(), %id, "an Agent that was made by hand is taken in");
    Ok(Action::await_change())
}

/// Makes what the platform keeps of an agent, all or nothing.
async fn take_in(context: &Context, agent: &Agent, uid: Uuid) -> Result<Result<AgentId, Objection>, AdoptionError> {
    let spec = &agent.spec;
    let Some(email) = accounts::email(&spec.customer) else { return Ok(Err(Objection::Customer)) };
    if spec.release.is_some() {
        return Ok(Err(Objection::Release));
    }
    if spec.telegram.bot_token.is_some() {
        return Ok(Err(Objection::BotToken));
    }
    let Some(tier) = tiers::find(&context.db, &spec.tier).await? else {
        return Ok(Err(Objection::Tier(spec.tier.clone())));
    };
    let active = releases::active(&context.db).await?;
    let Some((_, digest)) = active.into_iter().find(|(niche, _)| *niche == spec.niche) else {
        return Ok(Err(Objection::Niche(spec.niche.clone())));
    };
    let locale = match spec.locale {
        Locale::Pt => "pt",
        Locale::En => "en",
    };
    let mut tx = context.db.begin().await.map_err(openclaw_platform::Error::from)?;
    let customer = accounts::ensure_customer(&mut tx, &email, locale).await?;
    let new = agents::NewAgent {
        customer: customer.id,
        niche: &spec.niche,
        digest,
        tier: &tier.id,
        model: spec.model.as_deref().unwrap_or(&context.terms.model),
        locale,
        profile: &[],
        bot_token: None,
        telegram_users: &spec.telegram.users,
    };
    let id = agents::create(&mut tx, &context.terms.vault, new).await?;
    agents::adopt(&mut tx, id, uid).await?;
    let now = OffsetDateTime::now_utc();
    let end = now + time::Duration::days(PERIOD_DAYS.into());
    usage::open_period(&mut tx, id, now, end, tier.monthly_tokens).await?;
    tx.commit().await.map_err(openclaw_platform::Error::from)?;
    Ok(Ok(id))
}

/// Says in the `Agent` which agent of the platform's it is.
async fn mark(context: &Context, agent: &Agent, id: AgentId) -> Result<(), AdoptionError> {
    let marked = json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        "metadata": {
            // Not another one of that name.
            "uid": agent.uid(),
            "labels": {ID: id.to_string()},
            "annotations": {ADOPTED: "true"},
        },
    });
    context.agents.patch(&agent.name_any(), &PatchParams::apply(MANAGER).force(), &Patch::Apply(marked)).await?;
    tell(context, agent, None).await
}

async fn object(context: &Context, agent: &Agent, objection: &Objection) -> Result<(), AdoptionError> {
    let before = agent.status.as_ref().and_then(|status| status.conditions.iter().find(|c| c.type_ == CONDITION));
    let message = objection.to_string();
    if before.is_some_and(|before| before.message == message) {
        return Ok(());
    }
    let reason = format!("{objection:?}").split('(').next().unwrap_or_default().to_owned();
    let condition = Condition {
        type_: CONDITION.into(),
        status: "False".into(),
        reason,
        message,
        last_transition_time: Time(Timestamp::now()),
        observed_generation: agent.metadata.generation,
    };
    tell(context, agent, Some(condition)).await
}

/// Writes the condition, or takes it back.
async fn tell(context: &Context, agent: &Agent, condition: Option<Condition>) -> Result<(), AdoptionError> {
    let status = AgentStatus { conditions: condition.into_iter().collect(), ..AgentStatus::default() };
    let patch = json!({
        "apiVersion": Agent::api_version(&()),
        "kind": Agent::kind(&()),
        "metadata": {"uid": agent.uid()},
        "status": status,
    });
    let manager = PatchParams::apply(MANAGER).force();
    context.agents.patch_status(&agent.name_any(), &manager, &Patch::Apply(patch)).await?;
    Ok(())
}

fn retry(agent: Arc<Agent>, error: &AdoptionError, _: Arc<Context>) -> Action {
    tracing::warn!(agent = agent.name_any(), %error, "an Agent that was made by hand is not taken in yet");
    Action::requeue(Duration::from_secs(2))
}
