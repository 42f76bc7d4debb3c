//! The queue itself, without an operator.

use std::time::Duration;

use openclaw_platform::{
    Error,
    jobs::{
        self, Instruction, JobState,
        queue::{self, Claim},
    },
};
use sqlx::PgPool;

use crate::world::{World, until};

async fn claim(db: &PgPool, worker: &str) -> Option<Claim> {
    queue::claim(db, worker).await.unwrap()
}

/// As if the lease's five seconds were over.
async fn expire(db: &PgPool, claim: &Claim) {
    sqlx::query("UPDATE jobs SET lease_until = now() - interval '1 ms' WHERE id = $1")
        .bind(claim.id.0)
        .execute(db)
        .await
        .unwrap();
}

#[tokio::test]
async fn one_job_of_a_customer_runs_at_a_time_and_the_oldest_is_first() {
    let world = World::new().await;
    let customer = world.customer().await;
    let (one, two) = (world.agent(customer).await, world.agent(customer).await);
    let first = world.order(one, Instruction::Provision).await;
    let second = world.order(two, Instruction::Provision).await;
    let other = world.agent(world.customer().await).await;
    let others = world.order(other, Instruction::Provision).await;

    let claimed = claim(&world.db, "a").await.unwrap();
    assert_eq!(claimed.id, first);
    assert_eq!(claim(&world.db, "b").await.unwrap().id, others);
    assert!(claim(&world.db, "b").await.is_none());
    assert!(claimed.finish(&world.db).await.unwrap());
    assert_eq!(claim(&world.db, "b").await.unwrap().id, second);
}

#[tokio::test]
async fn workers_that_claim_together_never_run_two_jobs_of_a_customer() {
    let world = World::new().await;
    let customers = [world.customer().await, world.customer().await, world.customer().await];
    for customer in customers.iter().cycle().take(12) {
        let agent = world.agent(*customer).await;
        world.order(agent, Instruction::Provision).await;
    }
    let work = |name: &'static str| {
        let db = world.db.clone();
        tokio::spawn(async move {
            let mut finished = 0;
            while let Some(mine) = queue::claim(&db, name).await.unwrap() {
                let running: i64 =
                    sqlx::query_scalar("SELECT count(*) FROM jobs WHERE customer_id = $1 AND state = 'running'")
                        .bind(mine.customer.0)
                        .fetch_one(&db)
                        .await
                        .unwrap();
                assert_eq!(running, 1);
                assert!(mine.finish(&db).await.unwrap());
                finished += 1;
            }
            finished
        })
    };
    let (a, b, c) = tokio::join!(work("a"), work("b"), work("c"));
    // A worker that finds all customers busy goes home; the others do the rest.
    assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 12);
}

#[tokio::test]
async fn the_job_of_a_dead_worker_is_claimed_again_and_the_dead_can_no_longer_settle_it() {
    let world = World::new().await;
    let agent = world.agent(world.customer().await).await;
    let job = world.order(agent, Instruction::Provision).await;
    let dead = claim(&world.db, "dead").await.unwrap();
    assert!(dead.step_started(&world.db, "prepare").await.unwrap());
    assert!(dead.renew(&world.db).await.unwrap());
    assert!(claim(&world.db, "next").await.is_none());
    let began = world.job(job).await.steps[0].started_at;

    expire(&world.db, &dead).await;
    let next = claim(&world.db, "next").await.unwrap();
    assert_eq!((next.id, next.attempt, next.failures), (job, 2, 0));
    assert!(!dead.renew(&world.db).await.unwrap());
    assert!(!dead.step_started(&world.db, "persona").await.unwrap());
    assert!(!dead.step_finished(&world.db, "prepare").await.unwrap());
    assert!(!dead.finish(&world.db).await.unwrap());
    assert!(!dead.give_up(&world.db, "late").await.unwrap());

    assert!(next.step_started(&world.db, "prepare").await.unwrap());
    assert!(next.step_finished(&world.db, "prepare").await.unwrap());
    assert!(next.finish(&world.db).await.unwrap());
    let view = world.job(job).await;
    assert_eq!((view.state, view.error), (JobState::Done, None));
    assert_eq!(view.steps.len(), 1);
    assert_eq!(view.steps[0].started_at, began, "a step that runs again keeps when it first began");
}

#[tokio::test]
async fn jobs_of_an_agent_wait_for_a_retry_but_its_destruction_does_not() {
    let world = World::new().await;
    let customer = world.customer().await;
    let (agent, other) = (world.agent(customer).await, world.agent(customer).await);
    let provision = world.order(agent, Instruction::Provision).await;
    world.order(agent, Instruction::Update).await;
    let failed = claim(&world.db, "a").await.unwrap();
    assert!(failed.put_off(&world.db, "no luck", Duration::from_secs(60)).await.unwrap());
    assert!(claim(&world.db, "a").await.is_none(), "the update would overtake what it updates");
    assert_eq!(world.job(provision).await.error.as_deref(), Some("no luck"));

    let others = world.order(other, Instruction::Provision).await;
    let claimed = claim(&world.db, "a").await.unwrap();
    assert_eq!(claimed.id, others, "another agent has nothing to do with it");
    claimed.finish(&world.db).await.unwrap();
    let destroy = world.order(agent, Instruction::Destroy).await;
    assert_eq!(claim(&world.db, "a").await.unwrap().id, destroy);
}

#[tokio::test]
async fn a_job_that_was_given_up_blocks_nothing_and_can_be_tried_again() {
    let world = World::new().await;
    let agent = world.agent(world.customer().await).await;
    let provision = world.order(agent, Instruction::Provision).await;
    let update = world.order(agent, Instruction::Update).await;
    assert!(claim(&world.db, "a").await.unwrap().give_up(&world.db, "never").await.unwrap());
    let view = world.job(provision).await;
    assert_eq!((view.state, view.error.as_deref()), (JobState::Failed, Some("never")));
    assert!(view.finished_at.is_some());

    let next = claim(&world.db, "a").await.unwrap();
    assert_eq!(next.id, update);
    assert!(matches!(jobs::retry(&world.db, update).await, Err(Error::Conflict(_))));
    next.finish(&world.db).await.unwrap();
    jobs::retry(&world.db, provision).await.unwrap();
    let again = claim(&world.db, "a").await.unwrap();
    assert_eq!((again.id, again.failures), (provision, 0));
}

#[tokio::test]
async fn a_job_that_is_put_off_runs_when_it_is_due() {
    let world = World::new().await;
    let agent = world.agent(world.customer().await).await;
    let job = world.order(agent, Instruction::Provision).await;
    let first = claim(&world.db, "a").await.unwrap();
    first.put_off(&world.db, "not yet", Duration::from_millis(300)).await.unwrap();
    assert!(claim(&world.db, "a").await.is_none());
    let again = until("the job is due", async || claim(&world.db, "a").await).await;
    assert_eq!((again.id, again.attempt, again.failures), (job, 2, 1));
}

#[tokio::test]
async fn an_instruction_that_cannot_be_read_is_given_up_and_the_next_is_taken() {
    let world = World::new().await;
    let agent = world.agent(world.customer().await).await;
    let strange = world.order(agent, Instruction::Update).await;
    sqlx::query(r#"UPDATE jobs SET payload = '{"kind":"levitate"}'"#).execute(&world.db).await.unwrap();
    let next = world.order(agent, Instruction::Update).await;
    assert_eq!(claim(&world.db, "a").await.unwrap().id, next);
    assert_eq!(world.job(strange).await.state, JobState::Failed);
}
