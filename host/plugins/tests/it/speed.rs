//! Rough bounds that hold on a busy machine and in a debug build; the true figures come from `cargo xtask bench`.

use std::time::{Duration, Instant};

use openclaw_plugins::Host;
use openclaw_testkit::components;

use crate::{TestHost, call};

#[tokio::test]
async fn a_second_host_loads_a_compiled_component_within_ten_milliseconds() {
    let test = TestHost::blank();
    let bytes = components::bytes("hostile");
    test.host.load(&bytes).await.unwrap();
    let mut best = Duration::MAX;
    for _ in 0..8 {
        let restarted = Host::new(test.config.clone()).unwrap();
        let began = Instant::now();
        restarted.load(&bytes).await.unwrap();
        best = best.min(began.elapsed());
    }
    println!("load from the cache: {best:?}");
    assert!(best <= Duration::from_millis(10), "{best:?}");
}

#[tokio::test]
async fn a_call_in_a_fresh_sandbox_takes_well_under_a_millisecond() {
    let test = TestHost::start();
    let release = test.hostile().await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        call(&release, "count").await.result.unwrap();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    println!("call: p50 {:?}, p99 {:?}", times[250], times[495]);
    assert!(times[50] <= Duration::from_millis(1), "{:?}", times[50]);
}
