//! The private servers come up, give what they promise, and leave nothing behind.

#[cfg(feature = "cluster")]
mod kubernetes;

use openclaw_testkit::{postgres::Postgres, redis::Redis};
use sqlx::Connection as _;

#[tokio::test]
async fn a_private_postgres_gives_migrated_databases_and_survives_a_restart() {
    let mut postgres = Postgres::temporary().await.unwrap();
    let database = postgres.database().await.unwrap();
    let tiers: i64 = sqlx::query_scalar("SELECT count(*) FROM tiers").fetch_one(&database.pool).await.unwrap();
    assert_eq!(tiers, 3);

    postgres.stop().await.unwrap();
    assert!(sqlx::PgConnection::connect(&database.url).await.is_err(), "stopped means stopped");
    postgres.start().await.unwrap();
    assert!(sqlx::PgConnection::connect(&database.url).await.is_ok(), "its data is there again");
}

#[tokio::test]
async fn a_durable_postgres_keeps_its_data_and_a_temporary_one_its_folder_no_longer_than_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = Postgres::in_folder(folder.path(), None).await.unwrap();
    postgres.ensure_database("kept").await.unwrap();
    postgres.stop().await.unwrap();
    let mut again = Postgres::in_folder(folder.path(), None).await.unwrap();
    again.ensure_database("kept").await.unwrap();
    again.stop().await.unwrap();
    assert!(folder.path().join("data/PG_VERSION").exists());
}

#[tokio::test]
async fn a_private_redis_comes_back_on_its_port() {
    let mut redis = Redis::temporary().await.unwrap();
    let url = redis.url.clone();
    redis.stop().await.unwrap();
    redis.start().await.unwrap();
    assert_eq!(redis.url, url);
    redis.stop().await.unwrap();
}
