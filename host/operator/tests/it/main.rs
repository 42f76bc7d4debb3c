//! The operator against a real Postgres, a real niche, real child processes and a real Kubernetes API server.

mod conformance;
mod crash;
mod driver;
mod jobs;
mod kubernetes;
mod pods;
mod queue;
mod world;

/// Not a test by itself: the operator as a process of its own, for tests that kill it.
#[tokio::test]
async fn operator_process() {
    if let Ok(told) = std::env::var(world::OPERATOR) {
        world::operate_until_killed(&told).await;
    }
}
