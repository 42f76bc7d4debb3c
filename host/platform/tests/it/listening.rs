//! Listening to what others change.

use std::time::Duration;

use openclaw_platform::db::{self, Notice};
use openclaw_testkit::postgres::Postgres;

#[tokio::test]
async fn notices_come_again_after_postgres_was_restarted_and_say_that_some_may_be_missing() {
    let mut postgres = Postgres::temporary().await.unwrap();
    let database = postgres.database().await.unwrap();
    let pool = db::pool(&database.url.clone().into(), 4).unwrap();
    let sender = db::listen(&pool, &["jobs"]);
    let mut notices = sender.subscribe();
    let mut next = async || tokio::time::timeout(Duration::from_secs(20), notices.recv()).await.unwrap().unwrap();
    assert_eq!(next().await, Notice::Resumed);

    let notify = async || {
        sqlx::query("SELECT pg_notify('jobs', 'one')").execute(&pool).await.unwrap();
    };
    notify().await;
    let told = Notice::Changed { channel: "jobs".into(), payload: "one".into() };
    assert_eq!(next().await, told);

    postgres.stop().await.unwrap();
    postgres.start().await.unwrap();
    assert_eq!(next().await, Notice::Resumed);
    notify().await;
    assert_eq!(next().await, told);
}
