//! Each way to misbehave ends its own call with a typed error, and no other.

use std::time::{Duration, Instant};

use openclaw_plugins::{DeadlineKind, OutputKind, PluginError, Release};

use crate::{TestHost, broken, call, text, unharmed};

/// Calls `tool`, expects a failure, and looks whether others are served as before.
async fn breach(test: &TestHost, tool: &str) -> PluginError {
    let release = test.hostile().await;
    let began = Instant::now();
    let error = broken(call(&release, tool).await);
    assert!(began.elapsed() < Duration::from_secs(10), "{tool} held the host for {:?}", began.elapsed());
    unharmed(&release).await;
    error
}

#[tokio::test]
async fn a_panic_ends_the_call_and_keeps_its_message_for_the_author() {
    match breach(&TestHost::start(), "panic").await {
        PluginError::Trapped { trap, stderr } => {
            assert!(trap.contains("unreachable"), "{trap}");
            assert!(stderr.contains("the tool panics"), "{stderr}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_exit_ends_the_call() {
    let error = breach(&TestHost::start(), "exit").await;
    assert_eq!(error.code(), "trapped");
}

#[tokio::test]
async fn an_endless_loop_is_stopped_at_its_budget() {
    let test = TestHost::start();
    for tool in ["loop", "loop-in-host-calls"] {
        let limit = test.config.limits.cpu_budget;
        let expected = PluginError::DeadlineExceeded { kind: DeadlineKind::Cpu, limit };
        assert_eq!(breach(&test, tool).await, expected);
    }
}

#[tokio::test]
async fn a_release_that_outlives_its_host_is_still_stopped() {
    let test = TestHost::start();
    let release = test.hostile().await;
    drop(test);
    assert_eq!(broken(call(&release, "loop").await).code(), "cpu-exceeded");
}

#[tokio::test]
async fn sleeping_for_ever_is_stopped_by_the_wall_clock() {
    let test = TestHost::with(|config| config.limits.wall_clock = Duration::from_millis(500));
    let limit = test.config.limits.wall_clock;
    let expected = PluginError::DeadlineExceeded { kind: DeadlineKind::WallClock, limit };
    assert_eq!(breach(&test, "sleep").await, expected);
}

#[tokio::test]
async fn a_recursion_without_end_is_a_trap() {
    assert_eq!(breach(&TestHost::start(), "recurse").await.code(), "trapped");
}

#[tokio::test]
async fn more_memory_than_granted_is_refused() {
    let test = TestHost::with(|config| config.limits.cpu_budget = Duration::from_secs(5));
    for tool in ["memory", "four-gibibytes"] {
        let limit = test.config.limits.memory_bytes;
        assert_eq!(breach(&test, tool).await, PluginError::MemoryExceeded { limit });
    }
}

#[tokio::test]
async fn a_niche_that_lives_with_a_refused_allocation_goes_on() {
    let test = TestHost::start();
    assert_eq!(text(call(&test.hostile().await, "modest").await), "refused: true");
}

#[tokio::test]
async fn megabytes_of_output_are_cut() {
    let test = TestHost::start();
    for tool in ["print", "log"] {
        let limit = test.config.limits.log_bytes;
        let expected = PluginError::OutputTooLarge { kind: OutputKind::Log, limit };
        assert_eq!(breach(&test, tool).await, expected, "{tool}");
    }
    for tool in ["big-result", "big-value"] {
        let limit = test.config.limits.output_bytes;
        let expected = PluginError::OutputTooLarge { kind: OutputKind::Result, limit };
        assert_eq!(breach(&test, tool).await, expected, "{tool}");
    }
}

/// A component that makes its tables larger for as long as it can, which no compiler would write.
fn table_bomb() -> Vec<u8> {
    let mut module = wat::parse_str(
        r#"(module
            (table $table 1 funcref)
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func $grow (result i32)
                (loop $again
                    (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
                unreachable)
            (func (export "openclaw:niche/catalog@0.1.0#describe") (param i32 i32) (result i32) (call $grow))
            (func (export "openclaw:niche/catalog@0.1.0#wants") (param i32 i32) (result i32) (call $grow))
            (func (export "openclaw:niche/persona@0.1.0#render") (param i32 i32 i32 i32 i32 i32) (result i32)
                (call $grow)))"#,
    )
    .unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/0.1")).unwrap();
    let world = resolve.select_world(&[package], Some("niche-minimal")).unwrap();
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8).unwrap();
    wit_component::ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

#[tokio::test]
async fn tables_without_end_are_refused() {
    let test = TestHost::start();
    let release = test.host.load(&table_bomb()).await.unwrap();
    let limit = test.config.limits.table_elements;
    assert_eq!(release.describe("pt").await.unwrap_err(), PluginError::TablesExceeded { limit });
    unharmed(&test.hostile().await).await;
}

#[tokio::test]
async fn a_result_that_is_no_text_is_a_typed_error() {
    let error = breach(&TestHost::start(), "not-utf8").await;
    assert!(matches!(error.code(), "trapped" | "invalid-output"), "{error}");
    assert!(error.to_string().contains("utf-8"), "{error}");
}

#[tokio::test]
async fn a_loop_while_the_host_hands_something_over_or_takes_it_is_stopped() {
    let test = TestHost::start();
    for tool in ["loop-in-realloc", "loop-in-post-return"] {
        assert_eq!(breach(&test, tool).await.code(), "cpu-exceeded", "{tool}");
    }
}

#[tokio::test]
async fn handles_without_end_are_refused() {
    let error = breach(&TestHost::start(), "handles").await;
    assert_eq!(error, PluginError::HandlesExceeded { limit: 256 });
}

#[tokio::test]
async fn nothing_outside_the_sandbox_can_be_reached() {
    let test = TestHost::start();
    let release = test.hostile().await;
    assert_eq!(text(call(&release, "reach-out").await), "file:true dir:true tcp:true dns:true env:0 args:0");
}

#[tokio::test]
async fn a_catalog_that_traps_or_loops_harms_no_tool() {
    let test = TestHost::start();
    let release = test.hostile().await;
    assert_eq!(release.describe("trap").await.unwrap_err().code(), "trapped");
    assert_eq!(release.describe("loop").await.unwrap_err().code(), "cpu-exceeded");
    assert_eq!(release.describe("pt").await.unwrap().id, "hostile");
    unharmed(&release).await;
}

// On one thread: without the yields the loop would hold everyone until its budget is spent.
#[tokio::test(flavor = "current_thread")]
async fn others_are_served_while_one_loops() {
    let test = TestHost::with(|config| config.limits.cpu_budget = Duration::from_secs(2));
    let release = test.hostile().await;
    let looping = spawn(&release, "loop");
    let began = Instant::now();
    let mut served = 0;
    while !looping.is_finished() && served < 20 {
        assert_eq!(text(call(&release, "count").await), "0");
        served += 1;
    }
    assert_eq!(served, 20, "only {served} calls in {:?}", began.elapsed());
    assert_eq!(looping.await.unwrap(), "cpu-exceeded");
}

#[tokio::test]
async fn a_full_pool_makes_calls_wait_rather_than_fail() {
    let test = TestHost::with(|config| config.pool_size = 2);
    let release = test.hostile().await;
    let calls = (0..50).map(|_| call(&release, "count"));
    for outcome in futures::future::join_all(calls).await {
        assert_eq!(text(outcome), "0");
    }
}

#[tokio::test]
async fn waiting_for_a_turn_has_an_end() {
    let test = TestHost::with(|config| {
        config.pool_size = 1;
        config.queue_timeout = Duration::from_millis(50);
    });
    let release = test.hostile().await;
    // Its storage wish is asked before the pool is full.
    unharmed(&release).await;
    let sleeping = spawn(&release, "sleep");
    let deadline = Instant::now() + Duration::from_secs(5);
    let error = loop {
        match call(&release, "count").await.result {
            Err(error) => break error,
            Ok(_) => assert!(Instant::now() < deadline, "the sleeper never took the pool"),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(error, PluginError::PoolExhausted.into());
    sleeping.abort();
    sleeping.await.unwrap_err();
    unharmed(&release).await;
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place() {
    let test = TestHost::with(|config| config.pool_size = 1);
    let release = test.hostile().await;
    let given_up = tokio::time::timeout(Duration::from_millis(100), call(&release, "sleep")).await;
    assert!(given_up.is_err());
    unharmed(&release).await;
}

/// Runs `tool` beside; gives the code it failed with.
fn spawn(release: &Release, tool: &'static str) -> tokio::task::JoinHandle<&'static str> {
    let release = release.clone();
    tokio::spawn(async move { broken(call(&release, tool).await).code() })
}
