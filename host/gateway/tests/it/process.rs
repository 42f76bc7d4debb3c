//! The gateway as a process of its own: kill -9, its lifeline, and how little it takes.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use openclaw_gateway::{Environment, lifeline};
use openclaw_testkit::llm::Reply;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::{World, until};

/// Not a test: the gateway's process, started by the tests below from this same binary.
#[test]
#[ignore = "started by the tests of this module"]
fn gateway_process() {
    let environment = Environment::from_env().unwrap();
    let shutdown = CancellationToken::new();
    lifeline::watch(shutdown.clone());
    openclaw_gateway::runtime().unwrap().block_on(openclaw_gateway::run(environment, shutdown)).unwrap();
}

struct Process(Child);

impl Process {
    fn start(world: &World) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::gateway_process", "--ignored", "--nocapture", "--test-threads", "1"])
            .env_clear()
            .envs(&world.variables)
            .env("OPENCLAW_LIFELINE", "stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn killed_hard_at_any_moment_it_answers_each_message_once() {
    let world = World::start().await;
    world.llm.always(Reply::text("Answer.").after(Duration::from_millis(20)));
    // Different moments of the way from poll to confirmation.
    for (round, delay) in [0, 15, 30, 45, 60, 90].into_iter().enumerate() {
        let process = Process::start(&world);
        let polls = world.platform.bot().polls;
        until("the process to poll", || world.platform.bot().polls > polls).await;
        world.says(&format!("question {round}"));
        tokio::time::sleep(Duration::from_millis(delay)).await;
        drop(process);
    }
    let _process = Process::start(&world);
    world.settled().await;
    let sent = world.sent(6).await;
    let mut keys: Vec<_> = sent.iter().map(|s| s.key.clone()).collect();
    keys.sort();
    assert_eq!(keys, ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"]);
    assert_eq!(world.conversation()["turns"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn it_is_quick_and_small_and_ends_with_its_parent() {
    let world = World::start().await;
    world.llm.push(Reply::tool_calls([("look_up", json!({"query": "x"}))]));
    world.llm.push(Reply::text("12."));
    let begun = Instant::now();
    let mut process = Process::start(&world);
    until("the first poll", || world.platform.bot().polls > 0).await;
    let first_poll = begun.elapsed();
    world.says("Tem?");
    world.sent(1).await;
    world.settled().await;
    let resident = process.resident_kib();
    println!("first poll after {} ms, {resident} KiB resident after an answer", first_poll.as_millis());
    assert!(first_poll < Duration::from_secs(3), "{first_poll:?}"); // unoptimised, on a busy machine
    assert!(resident < 30 * 1024, "{resident} KiB");

    drop(process.0.stdin.take());
    until("the process to end", || process.0.try_wait().unwrap().is_some()).await;
}
