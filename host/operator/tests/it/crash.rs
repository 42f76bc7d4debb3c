//! kill -9 of the operator at every place where a job could be torn apart. The operator is a process of its own; a
//! trigger in the test's database holds it exactly there until it is dead.

use futures::{StreamExt as _, stream};
use openclaw_platform::{AgentId, agents::AgentState, jobs::Instruction, tokens::Authenticator};
use sqlx::PgConnection;

use crate::world::{World, until};

/// Worlds at once.
const AT_ONCE: usize = 5;

/// A write that the operator does not survive.
#[derive(Debug, Clone, Copy)]
struct Place {
    table: &'static str,
    /// What the row is like that is about to be written.
    when: &'static str,
}

const fn place(table: &'static str, when: &'static str) -> Place {
    Place { table, when }
}

impl Place {
    /// Whoever writes such a row waits until `keeper` lets go.
    async fn hold(self, world: &World, keeper: &mut PgConnection) {
        sqlx::query("SELECT pg_advisory_lock(4242)").execute(&mut *keeper).await.unwrap();
        let Self { table, when } = self;
        for statement in [
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4242); RETURN NEW; END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION hold()"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&world.db).await.unwrap();
        }
    }

    async fn reached(self, world: &World) {
        until(&format!("{self:?} is reached"), async || {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_locks
                 WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .fetch_one(&world.db)
            .await
            .unwrap();
            (waiting > 0).then_some(())
        })
        .await;
    }
}

/// Orders `instruction` for an agent, which was live before unless it is to be provisioned, kills the operator at
/// `place` and starts another.
async fn torn_apart(world: &World, instruction: Instruction, place: Place) -> (AgentId, tokio::process::Child) {
    let mut first = world.operator_process();
    let agent = match instruction {
        Instruction::Provision => world.agent(world.customer().await).await,
        _ => world.live_agent().await,
    };
    if instruction == Instruction::Reactivate {
        world.done(world.order(agent, Instruction::Suspend { reason: "test".into() }).await).await;
    }
    let mut keeper = world.db.acquire().await.unwrap();
    place.hold(world, &mut keeper).await;
    let job = world.order(agent, instruction).await;
    place.reached(world).await;

    first.kill().await.unwrap();
    if world.pods.is_none() {
        until("its gateways are gone, too", async || world.gateways(agent).await.is_empty().then_some(())).await;
    }
    sqlx::query("SELECT pg_advisory_unlock(4242)").execute(&mut *keeper).await.unwrap();
    let second = world.operator_process();
    world.done(job).await;
    (agent, second)
}

async fn ends_live(world: World, instruction: Instruction, place: Place) {
    let (agent, _operator) = torn_apart(&world, instruction, place).await;
    assert_eq!(world.state(agent).await, AgentState::Live, "{place:?}");
    let gateway = world.gateway(agent).await;
    let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
    let caller = Authenticator::new(world.db.clone()).authenticate(&token).await;
    assert_eq!(caller.unwrap().agent, agent, "{place:?}");
    let heard = until("it is heard of", async || world.get(agent).await.heartbeat_at).await;
    assert!(heard > world.get(agent).await.created_at);
    assert_eq!(world.gateways(agent).await, [gateway], "{place:?}");
}

async fn ends_stopped(world: World, instruction: Instruction, place: Place, state: AgentState) {
    let (agent, _operator) = torn_apart(&world, instruction, place).await;
    assert_eq!(world.state(agent).await, state, "{place:?}");
    assert!(world.gateways(agent).await.is_empty(), "{place:?}");
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM proxy_tokens WHERE closed_at IS NULL")
        .fetch_one(&world.db)
        .await
        .unwrap();
    assert_eq!(open, 0, "{place:?}");
}

/// Every write of a provision.
fn places() -> [Place; 13] {
    [
        place("job_steps", "NEW.name = 'prepare' AND NEW.finished_at IS NULL"),
        place("job_steps", "NEW.name = 'prepare' AND NEW.finished_at IS NOT NULL"),
        place("job_steps", "NEW.name = 'persona' AND NEW.finished_at IS NULL"),
        place("job_steps", "NEW.name = 'persona' AND NEW.finished_at IS NOT NULL"),
        place("job_steps", "NEW.name = 'tokens' AND NEW.finished_at IS NULL"),
        place("proxy_tokens", "NEW.closed_at IS NULL"),
        place("job_steps", "NEW.name = 'tokens' AND NEW.finished_at IS NOT NULL"),
        place("job_steps", "NEW.name = 'gateway' AND NEW.finished_at IS NULL"),
        place("job_steps", "NEW.name = 'gateway' AND NEW.finished_at IS NOT NULL"),
        place("job_steps", "NEW.name = 'answering' AND NEW.finished_at IS NULL"),
        place("job_steps", "NEW.name = 'answering' AND NEW.finished_at IS NOT NULL"),
        place("agents", "NEW.state = 'live'"),
        place("jobs", "NEW.state = 'done'"),
    ]
}

#[tokio::test]
async fn a_provision_that_is_torn_apart_anywhere_ends_live_with_exactly_one_gateway() {
    let torn = async |place| ends_live(World::new().await, Instruction::Provision, place).await;
    stream::iter(places()).for_each_concurrent(AT_ONCE, torn).await;
}

#[tokio::test]
async fn other_jobs_that_are_torn_apart_end_as_they_should() {
    others(World::new).await;
}

/// The same over pods, which outlive their operator.
mod in_cluster {
    use super::*;

    #[tokio::test]
    async fn a_provision_that_is_torn_apart_around_its_gateway_ends_live_with_exactly_one() {
        let around =
            ["NEW.name = 'gateway' AND NEW.finished_at IS NULL", "NEW.name = 'answering' AND NEW.finished_at IS NULL"];
        let torn =
            async |when| ends_live(World::in_cluster().await, Instruction::Provision, place("job_steps", when)).await;
        stream::iter(around).for_each_concurrent(AT_ONCE, torn).await;
    }

    #[tokio::test]
    #[ignore = "long: cargo xtask test --all"]
    async fn a_provision_that_is_torn_apart_anywhere_ends_live_with_exactly_one_gateway() {
        let torn = async |place| ends_live(World::in_cluster().await, Instruction::Provision, place).await;
        stream::iter(places()).for_each_concurrent(AT_ONCE, torn).await;
    }

    #[tokio::test]
    #[ignore = "long: cargo xtask test --all"]
    async fn other_jobs_that_are_torn_apart_end_as_they_should() {
        others(World::in_cluster).await;
    }

    /// Where nothing is written to Postgres: between what is said to the API server.
    #[tokio::test]
    #[ignore = "long: cargo xtask test --all"]
    async fn an_operator_that_is_killed_at_any_moment_leaves_one_gateway() {
        let torn = async |milliseconds| {
            let world = World::in_cluster().await;
            let agent = world.agent(world.customer().await).await;
            let mut first = world.operator_process();
            let job = world.order(agent, Instruction::Provision).await;
            until("the job begins", async || world.job(job).await.steps.first().map(drop)).await;
            tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
            first.kill().await.unwrap();
            let _second = world.operator_process();
            world.done(job).await;
            let gateway = world.gateway(agent).await;
            let token = world.told(agent, "OPENCLAW_PROXY_TOKEN").await;
            let caller = Authenticator::new(world.db.clone()).authenticate(&token).await;
            assert_eq!(caller.unwrap().agent, agent, "after {milliseconds} ms");
            assert_eq!(world.gateways(agent).await, [gateway]);
        };
        stream::iter([0, 50, 100, 200, 300, 400, 500, 700, 900, 1200, 1500, 2000]).for_each_concurrent(3, torn).await;
    }
}

async fn others(world: impl AsyncFn() -> World) {
    use AgentState::{Destroyed, Suspended};
    let suspend = || Instruction::Suspend { reason: "test".into() };
    let stopped = [
        (suspend(), place("job_steps", "NEW.name = 'close' AND NEW.finished_at IS NOT NULL"), Suspended),
        (suspend(), place("agents", "NEW.state = 'suspended'"), Suspended),
        (Instruction::Destroy, place("job_steps", "NEW.name = 'stop' AND NEW.finished_at IS NOT NULL"), Destroyed),
        (Instruction::Destroy, place("agents", "NEW.state = 'destroyed'"), Destroyed),
    ];
    let live = [
        (Instruction::Reactivate, place("job_steps", "NEW.name = 'gateway' AND NEW.finished_at IS NOT NULL")),
        (
            Instruction::Resize { tier: "team".into() },
            place("job_steps", "NEW.name = 'tokens' AND NEW.finished_at IS NOT NULL"),
        ),
    ];
    let stopped = stream::iter(stopped).for_each_concurrent(AT_ONCE, async |(instruction, place, state)| {
        ends_stopped(world().await, instruction, place, state).await;
    });
    let live = stream::iter(live).for_each_concurrent(AT_ONCE, async |(instruction, place)| {
        ends_live(world().await, instruction, place).await;
    });
    tokio::join!(stopped, live);
}
