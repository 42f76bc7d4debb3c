//! All of it at once: hundreds of customers are served while one misbehaves in every way there is. Nothing crosses
//! between them, and afterwards the host's memory is back to where it was.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{CallScope, Release, Tenant};

use crate::internet::Internet;
use crate::{TestHost, call_in, scope, text, unharmed};

const CUSTOMERS: u128 = 500;
/// So many rounds in a row must leave the memory as it was.
const CALM_ROUNDS: usize = 3;
/// The rounds before them fill what is kept for calls to come: the pool's memories, and as many of the allocator's pages
/// as were ever needed at once, which is a matter of timing. What leaks grows with every round.
const MOST_ROUNDS: usize = 15;
/// What the allocator's pages may differ by.
const SLACK_BYTES: usize = 2 << 20;
/// Set for the process that has the test to itself: what other tests hold must not count.
const ALONE: &str = "OPENCLAW_TEST_ALONE";

/// Each way to misbehave, with its arguments.
const MISBEHAVIOUR: &[(&str, &str)] = &[
    ("panic", "{}"),
    ("exit", "{}"),
    ("loop", "{}"),
    ("loop-in-host-calls", "{}"),
    ("loop-in-realloc", "{}"),
    ("loop-in-post-return", "{}"),
    ("sleep", "{}"),
    ("recurse", "{}"),
    ("memory", "{}"),
    ("four-gibibytes", "{}"),
    ("handles", "{}"),
    ("print", "{}"),
    ("log", "{}"),
    ("big-result", "{}"),
    ("big-value", "{}"),
    ("not-utf8", "{}"),
    ("not-json", "{}"),
    ("half-a-batch", "{}"),
    ("many-keys", "200000"),
    ("store-then-panic", "k-stolen"),
    ("store-then-loop", "k-stolen"),
    ("fetch", "GET https://169.254.169.254/latest"),
    ("fetch", "GET https://api.example.com/stuck"),
    ("fetch", "GET https://api.example.com/large/20000000"),
    ("follow", "GET https://api.example.com/to/https:~~api.example.com~loop"),
    ("send", "google GET /leak-body"),
];

#[test]
fn hundreds_are_served_beside_one_that_misbehaves_and_nothing_of_it_stays() {
    if std::env::var_os(ALONE).is_none() {
        let this = "aftermath::hundreds_are_served_beside_one_that_misbehaves_and_nothing_of_it_stays";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        // One arena: which thread allocates does not count then.
        alone.args(["--exact", this, "--nocapture"]).env(ALONE, "1").env("MALLOC_ARENA_MAX", "1");
        let ended = alone.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (_internet, network) = Internet::start().await;
        let test = TestHost::with(|config| {
            config.network = network;
            config.pool_size = 8;
            config.tenant_calls = 4;
            config.queue_timeout = Duration::from_secs(60);
            config.limits.wall_clock = Duration::from_millis(300);
            config.limits.cpu_budget = Duration::from_millis(50);
        });
        let release = test.hostile().await;
        let (mut resident, mut calm) = (vec![resident_bytes()], 0);
        while calm < CALM_ROUNDS {
            assert!(resident.len() <= MOST_ROUNDS, "bytes resident after each round, without an end: {resident:?}");
            round(&release).await;
            let before = resident[resident.len() - 1 - calm];
            resident.push(resident_bytes());
            calm = if resident[resident.len() - 1] <= before + SLACK_BYTES { calm + 1 } else { 0 };
        }
        unharmed(&release).await;
    });
}

/// Every customer is served, and sees what is its own, for as long as one misbehaves.
async fn round(release: &Release) {
    let granted = scope(release, Arc::new(Ephemeral::new())).await;
    let left = Arc::new(AtomicUsize::new(MISBEHAVIOUR.len()));
    let hostile = MISBEHAVIOUR.iter().map(|(tool, arguments)| {
        let (release, left) = (release.clone(), Arc::clone(&left));
        let scope = CallScope { tenant: Tenant(0), storage: Arc::new(Ephemeral::new()), ..granted.clone() };
        tokio::spawn(async move {
            // How each ends is for the tests of its own: here it counts what it does to others.
            let _ = call_in(&release, tool, arguments, scope).await;
            left.fetch_sub(1, Ordering::Relaxed);
        })
    });
    let hostile: Vec<_> = hostile.collect();
    let own_questions = async {
        for locale in ["trap", "loop", "long"] {
            release.describe(locale).await.unwrap_err();
        }
        for locale in ["huge-schema", "deep-schema", "bad-schema"] {
            release.list_tools(locale).await.unwrap_err();
        }
    };
    let customers = (1..=CUSTOMERS).map(|customer| {
        let (release, granted, left) = (release.clone(), granted.clone(), Arc::clone(&left));
        tokio::spawn(async move {
            let scope = CallScope { tenant: Tenant(customer), storage: Arc::new(Ephemeral::new()), ..granted };
            let call = async |tool, arguments: &str| text(call_in(&release, tool, arguments, scope.clone()).await);
            let own = format!("k-{customer}");
            assert_eq!(call("store", &own).await, "Ok(())");
            loop {
                assert_eq!(call("scan", "{}").await, own);
                assert_eq!(call("count", "{}").await, "0");
                if left.load(Ordering::Relaxed) == 0 {
                    break;
                }
            }
        })
    });
    let ((), served) = futures::join!(own_questions, join_all(customers.collect::<Vec<_>>()));
    served.into_iter().for_each(|ended| ended.unwrap());
    join_all(hostile).await.into_iter().for_each(|ended| ended.unwrap());
}

/// What of this process is in memory.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
