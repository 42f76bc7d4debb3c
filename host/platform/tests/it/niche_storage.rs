//! Niches' storage: who waits for whom, and what a transaction holds while it does nothing.

use std::time::{Duration, Instant};

use openclaw_platform::{
    CustomerId, Error, accounts,
    niche_storage::{Space, Spaces},
};
use openclaw_testkit::postgres::{self, Database, MIGRATIONS, Postgres};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

/// Long enough for whatever does not wait for another.
const PROMPTLY: Duration = Duration::from_secs(2);
/// No transaction of a test is idle for as long.
const FOR_EVER: Duration = Duration::from_secs(60);

async fn spaces(database: &Database, connections: u32, idle: Duration) -> Spaces {
    Spaces::new(&database.url.clone().into(), connections, idle).unwrap()
}

async fn customer(database: &Database, email: &str) -> CustomerId {
    let mut tx = database.pool.begin().await.unwrap();
    let customer = accounts::ensure_customer(&mut tx, email, "pt").await.unwrap();
    tx.commit().await.unwrap();
    customer.id
}

/// The spaces of so many new customers in a niche.
async fn customers(database: &Database, spaces: &Spaces, count: usize) -> Vec<Space> {
    let mut made = Vec::new();
    for n in 0..count {
        made.push(spaces.of(customer(database, &format!("{n}@example.com")).await, "florist"));
    }
    made
}

#[tokio::test]
async fn a_customer_takes_one_connection_however_many_of_its_calls_wait() {
    let database = postgres::database().await;
    let spaces = spaces(&database, 3, FOR_EVER).await;
    let customers = customers(&database, &spaces, 3).await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        for space in &customers[..2] {
            let space = space.clone();
            waiting.push(tokio::spawn(async move {
                let _held = space.begin().await;
                tokio::time::sleep(FOR_EVER).await;
            }));
        }
    }
    // Both have theirs, and a third is there for whoever comes.
    let held = async || -> i64 {
        let query = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND state = 'idle in transaction'";
        sqlx::query_scalar(query).fetch_one(&database.pool).await.unwrap()
    };
    while held().await < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut third = timeout(PROMPTLY, customers[2].begin()).await.unwrap().unwrap();
    third.set("a", b"1").await.unwrap();
    third.commit().await.unwrap();
    assert_eq!(held().await, 2);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_transaction_that_is_left_alone_gives_its_connection_to_others_and_keeps_nothing() {
    let database = postgres::database().await;
    let idle = Duration::from_secs(1);
    let spaces = spaces(&database, 1, idle).await;
    let customers = customers(&database, &spaces, 2).await;
    let (mut writer, began) = (customers[0].begin().await.unwrap(), Instant::now());
    while began.elapsed() < 2 * idle {
        // As long as something is done with it, it stays.
        writer.set("a", b"1").await.unwrap();
        tokio::time::sleep(idle / 20).await;
    }
    let mut reader = timeout(2 * PROMPTLY, customers[1].begin()).await.unwrap().unwrap();
    assert!(matches!(writer.get("a").await, Err(Error::StorageLeftIdle(_))));
    assert!(matches!(writer.commit().await, Err(Error::StorageLeftIdle(_))));

    assert_eq!(reader.get("a").await.unwrap(), None);
    let mut next = timeout(2 * PROMPTLY, customers[0].begin()).await.unwrap().unwrap();
    assert_eq!(next.get("a").await.unwrap(), None, "nothing of the first was kept");
    reader.commit().await.expect("one that only read loses nothing");
}

#[tokio::test]
async fn who_waits_in_vain_is_told_what_for() {
    let database = postgres::database().await;
    let (one, other) = (spaces(&database, 1, FOR_EVER).await, spaces(&database, 1, FOR_EVER).await);
    let [first, second]: [Space; 2] = customers(&database, &one, 2).await.try_into().unwrap();
    let elsewhere = other.of(customer(&database, "0@example.com").await, "florist");
    let held = first.begin().await.unwrap();
    let (same, full, replica) = tokio::join!(first.begin(), second.begin(), elsewhere.begin());
    assert!(matches!(same, Err(Error::SpaceInUse(_))), "{same:?}");
    assert!(matches!(full, Err(Error::NoStorageConnection(1))), "{full:?}");
    assert!(matches!(replica, Err(Error::SpaceInUse(_))), "{replica:?}");
    held.commit().await.unwrap();
    timeout(PROMPTLY, elsewhere.begin()).await.unwrap().unwrap();
}

/// What the spaces say that they take, and what reading all of it comes to; without those that hold nothing.
async fn sizes(db: &mut PgConnection) -> [Vec<(i64, i64)>; 2] {
    let said = "SELECT bytes, keys FROM niche_spaces WHERE keys > 0 ORDER BY customer_id, niche";
    let read = "SELECT sum(octet_length(key) + octet_length(value))::bigint, count(*) FROM niche_storage
                GROUP BY customer_id, niche ORDER BY customer_id, niche";
    [sqlx::query_as(said).fetch_all(&mut *db).await.unwrap(), sqlx::query_as(read).fetch_all(db).await.unwrap()]
}

#[tokio::test]
async fn what_a_space_takes_is_known_without_reading_it_whatever_is_written_lost_or_removed() {
    let database = postgres::database().await;
    let spaces = spaces(&database, 2, FOR_EVER).await;
    let customers = customers(&database, &spaces, 2).await;
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..60 {
        let mut tx = customers[random.random_range(0..2)].begin().await.unwrap();
        for _ in 0..random.random_range(0..12) {
            let key = "ké".repeat(random.random_range(1..12));
            if random.random_bool(0.3) {
                tx.remove(&key).await.unwrap();
            } else {
                tx.set(&key, &vec![7; random.random_range(0..3_000)]).await.unwrap();
            }
            if random.random_bool(0.2) {
                tx.size().await.unwrap();
            }
        }
        // A third is dropped, a few with a statement that fails: a key has 256 bytes at most.
        match random.random_range(0..6) {
            0 => {}
            1 => drop(tx.set(&"k".repeat(300), b"").await.unwrap_err()),
            _ => {
                let told = tx.size().await.unwrap();
                tx.commit().await.unwrap();
                let [said, _] = sizes(&mut database.pool.acquire().await.unwrap()).await;
                assert!(told == (0, 0) || said.contains(&(told.0 as i64, told.1 as i64)), "{told:?} {said:?}");
            }
        }
        let [said, read] = sizes(&mut database.pool.acquire().await.unwrap()).await;
        assert_eq!(said, read);
    }
    let [said, _] = sizes(&mut database.pool.acquire().await.unwrap()).await;
    assert_eq!(said.len(), 2, "both hold something at the end");
}

#[tokio::test]
async fn what_was_stored_before_spaces_were_counted_is_counted() {
    const COUNTED: i64 = 13;
    let postgres = Postgres::temporary().await.unwrap();
    postgres.ensure_database("before").await.unwrap();
    let mut db = PgConnection::connect(&postgres.url("before")).await.unwrap();
    let before = MIGRATIONS.iter().filter(|migration| migration.version < COUNTED);
    for migration in before {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut db).await.unwrap();
    }
    let stored = "WITH owner AS (INSERT INTO customers (id, email) VALUES (gen_random_uuid(), 'a@example.com') RETURNING id)
                  INSERT INTO niche_storage (customer_id, niche, key, value)
                  SELECT id, niche, key, 'four' FROM owner, (VALUES ('a', 'k'), ('a', 'key'), ('b', 'k')) AS kept (niche, key)";
    sqlx::raw_sql(stored).execute(&mut db).await.unwrap();
    let counted = MIGRATIONS.iter().find(|migration| migration.version == COUNTED).unwrap();
    sqlx::raw_sql(counted.sql.clone()).execute(&mut db).await.unwrap();
    assert_eq!(sizes(&mut db).await, [vec![(12, 2), (5, 1)], vec![(12, 2), (5, 1)]]);
}
