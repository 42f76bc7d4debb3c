//! The local driver by itself, with shell scripts for gateways.

use std::{path::Path, time::Duration};

use openclaw_operator::{
    backoff::Backoff,
    blueprint::Blueprint,
    drivers::{
        DriverError, Local, Phase,
        local::{Config, Program},
    },
};
use openclaw_platform::{AgentId, tokens::Minted};
use tokio::time::Instant;

use crate::world::{environment, kill, program, until};

fn driver(script: &str, folder: &Path) -> Local {
    let mut config = Config::new(program(script, folder), folder.join("agents"));
    config.stop_grace = Duration::from_millis(500);
    config.backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
    Local::new(config)
}

fn blueprint(prompt: &str) -> Blueprint {
    Blueprint { environment: vec![("OPENCLAW_SYSTEM_PROMPT", prompt.into()), ("OPENCLAW_THINKING", "medium".into())] }
}

fn secrets() -> Minted {
    Minted { proxy_token: "oct_secret".into(), bot_token: "7:secret".into() }
}

fn pid(driver: &Local, agent: AgentId) -> Option<u32> {
    match driver.status(agent).phase {
        Phase::Running { which } => u32::try_from(which).ok(),
        Phase::Absent | Phase::Suspended | Phase::Pausing => None,
    }
}

fn is_alive(pid: u32) -> bool {
    !environment(pid).is_empty()
}

fn log(folder: &Path, agent: AgentId) -> String {
    std::fs::read_to_string(folder.join(format!("agents/{agent}/gateway.log"))).unwrap_or_default()
}

#[tokio::test]
async fn a_gateway_is_told_what_it_needs_and_nothing_of_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("echo out; echo err >&2; exec cat", folder.path());
    let agent = AgentId::new();
    driver.start(agent, &blueprint("Be kind.\nAlways."), secrets()).await.unwrap();
    let told = until("the gateway is itself", async || {
        let told = environment(pid(&driver, agent)?);
        told.contains(&"OPENCLAW_LIFELINE=stdin".to_owned()).then_some(told)
    })
    .await;
    for expected in
        ["TELEGRAM_BOT_TOKEN=7:secret", "OPENCLAW_PROXY_TOKEN=oct_secret", "OPENCLAW_SYSTEM_PROMPT=Be kind.\nAlways."]
    {
        assert!(told.contains(&expected.to_owned()), "{expected}");
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO") || name == "DATABASE_URL") {
        assert!(!told.iter().any(|v| v.starts_with(&format!("{name}="))), "{name}");
    }
    until("its words are kept", async || (log(folder.path(), agent) == "out\nerr\n").then_some(())).await;
    assert_eq!(driver.agents().into_keys().collect::<Vec<_>>(), [agent]);
    driver.shutdown().await;
}

#[tokio::test]
async fn a_gateway_that_dies_is_started_again_after_pauses_that_grow() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("exec cat", folder.path());
    let agent = AgentId::new();
    driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
    let mut pauses = Vec::new();
    for deaths in 1..=3 {
        let victim = until("it runs", async || pid(&driver, agent)).await;
        kill(victim);
        let died = Instant::now();
        until("it runs again", async || pid(&driver, agent).filter(|pid| *pid != victim)).await;
        pauses.push(died.elapsed());
        assert_eq!(driver.status(agent).restarts, deaths);
        assert!(!is_alive(victim));
    }
    assert!(pauses[0] >= Duration::from_millis(75) && pauses[2] >= Duration::from_millis(300), "{pauses:?}");
    assert!(
        log(folder.path(), agent).contains("operator: the gateway ended (signal: 9 (SIGKILL)); it is started again")
    );
    driver.shutdown().await;
}

#[tokio::test]
async fn one_that_was_well_for_long_starts_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(program("exec cat", folder.path()), folder.path().join("agents"));
    config.backoff = Backoff { first: Duration::from_millis(10), longest: Duration::from_secs(60) };
    config.healthy_after = Duration::ZERO;
    let (driver, agent) = (Local::new(config), AgentId::new());
    driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
    let began = Instant::now();
    for _ in 0..12 {
        let victim = until("it runs", async || pid(&driver, agent)).await;
        kill(victim);
        until("it runs again", async || pid(&driver, agent).filter(|pid| *pid != victim)).await;
    }
    // Doubling, the twelfth pause alone would be 20 s.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    driver.shutdown().await;
}

#[tokio::test]
async fn stop_asks_first_and_kills_what_does_not_listen() {
    let folder = tempfile::tempdir().unwrap();
    let polite = driver("exec 3<&0; trap 'echo bye; exit 0' TERM; cat <&3 & echo up; wait", folder.path());
    let stubborn = driver("trap '' TERM; echo up; exec cat", folder.path());
    for (driver, last) in [(polite, "bye"), (stubborn, "up")] {
        let agent = AgentId::new();
        driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
        until("it is up", async || log(folder.path(), agent).contains("up").then_some(())).await;
        let process = pid(&driver, agent).unwrap();
        driver.stop(agent).await.unwrap();
        assert!(!is_alive(process), "{last}");
        assert_eq!(driver.status(agent).phase, Phase::Absent);
        assert_eq!(driver.status(agent).mark, None);
        // What it said last is on its way into the log for a moment longer than the process lives.
        let logged = async || (log(folder.path(), agent).lines().last() == Some(last)).then_some(());
        until(&format!("the log to end with {last}"), logged).await;
        driver.stop(agent).await.unwrap();
    }
}

#[tokio::test]
async fn starting_again_replaces_and_there_is_never_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("exec cat", folder.path());
    let agent = AgentId::new();
    let blueprints: Vec<Blueprint> = (0..8).map(|n| blueprint(&n.to_string())).collect();
    let starts = blueprints.iter().map(|b| driver.start(agent, b, secrets()));
    for started in futures::future::join_all(starts).await {
        started.unwrap();
    }
    let running = pid(&driver, agent).unwrap();
    let last = || children().into_iter().filter(|pid| mine(*pid, "OPENCLAW_SYSTEM_PROMPT=7")).collect::<Vec<u32>>();
    // A process that is just becoming another program shows no environment for a moment.
    until("the last one to show itself, alone", async || (last() == [running]).then_some(())).await;
    assert!(!children().into_iter().any(|pid| (0..7).any(|n| mine(pid, &format!("OPENCLAW_SYSTEM_PROMPT={n}")))));
    assert_eq!(driver.status(agent).mark, Some(blueprints[7].mark()));
    driver.shutdown().await;
    assert!(!is_alive(running));
}

/// The processes that this one started.
fn children() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

fn mine(pid: u32, variable: &str) -> bool {
    environment(pid).iter().any(|v| v == variable)
}

#[tokio::test]
async fn giving_up_on_a_stop_half_way_loses_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("trap '' TERM; echo up; exec cat", folder.path());
    let agent = AgentId::new();
    driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
    until("it is up", async || log(folder.path(), agent).contains("up").then_some(())).await;
    let first = pid(&driver, agent).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(20), driver.stop(agent)).await.is_err());
    assert!(is_alive(first));
    driver.start(agent, &blueprint("y"), secrets()).await.unwrap();
    assert!(!is_alive(first), "the next starts only when the one before is gone");
    driver.shutdown().await;
}

#[tokio::test]
async fn a_driver_that_goes_takes_its_gateways_along() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("exec cat", folder.path());
    let agent = AgentId::new();
    driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
    let process = until("it runs", async || pid(&driver, agent)).await;
    drop(driver);
    until("it is gone", async || (!is_alive(process)).then_some(())).await;
}

#[tokio::test]
async fn after_shutdown_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("exec cat", folder.path());
    driver.shutdown().await;
    let refused = driver.start(AgentId::new(), &blueprint("x"), secrets()).await;
    assert!(matches!(refused, Err(DriverError::Stopping)), "{refused:?}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program { path: folder.path().join("nothing"), arguments: vec![] };
    let driver = Local::new(Config::new(program, folder.path().join("agents")));
    let agent = AgentId::new();
    let error = driver.start(agent, &blueprint("x"), secrets()).await.unwrap_err();
    assert!(error.to_string().contains("/nothing"), "{error}");
    assert_eq!(driver.status(agent).phase, Phase::Absent);
}

#[tokio::test]
async fn destroy_removes_the_logs() {
    let folder = tempfile::tempdir().unwrap();
    let driver = driver("echo up; exec cat", folder.path());
    let agent = AgentId::new();
    driver.start(agent, &blueprint("x"), secrets()).await.unwrap();
    assert!(folder.path().join(format!("agents/{agent}")).exists());
    driver.destroy(agent).await.unwrap();
    assert!(!folder.path().join(format!("agents/{agent}")).exists());
    driver.destroy(agent).await.unwrap();
}
