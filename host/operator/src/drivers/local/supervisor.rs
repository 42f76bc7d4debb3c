//! Keeps one gateway running: started again when it dies, after pauses that grow, until it is told to stop.

use std::time::Duration;

use tokio::{io::AsyncReadExt as _, net::unix::pipe, sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Config,
    log::Log,
    process::{Process, Recipe},
};
use crate::drivers::{Phase, Status};

/// How long the last words of a process are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Watches the `first` process and its successors until `stop`.
pub(super) async fn supervise(
    config: Config,
    recipe: Recipe,
    first: (Process, pipe::Receiver),
    mut log: Log,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    let mut next = Some(first);
    let mut deaths = 0;
    loop {
        let process = match next.take() {
            Some(first) => Ok(first),
            None => recipe.spawn(),
        };
        let began = Instant::now();
        let how = match process {
            Ok((process, output)) => {
                status.send_modify(|s| s.phase = Phase::Running { which: process.pid.into() });
                let Some(how) = watch(process, output, &mut log, &stop, config.stop_grace).await else { return };
                how
            }
            Err(error) => error.to_string(),
        };
        deaths = if began.elapsed() >= config.healthy_after { 1 } else { deaths + 1 };
        let pause = config.backoff.pause(deaths);
        tracing::warn!(how, ?pause, deaths, "a gateway ended by itself; it is started again");
        log.line(&format!("the gateway ended ({how}); it is started again in {} ms", pause.as_millis())).await;
        status.send_modify(|s| {
            s.phase = Phase::Pausing;
            s.restarts += 1;
        });
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Keeps what the process writes until it ends, and says how it did; none when it was told to.
async fn watch(
    mut process: Process,
    mut output: pipe::Receiver,
    log: &mut Log,
    stop: &CancellationToken,
    grace: Duration,
) -> Option<String> {
    let how = tokio::select! {
        how = while_draining(process.ended(), &mut output, log) => Some(how),
        () = stop.cancelled() => {
            // Its words are still taken: a process that cannot write cannot end in order either.
            while_draining(process.end(grace), &mut output, log).await;
            None
        }
    };
    // What it started may hold the pipe open, so the pipe's end is not waited for.
    let _ = tokio::time::timeout(LAST_WORDS, drain(&mut output, log)).await;
    how
}

/// Waits for `event`, and keeps what is written meanwhile.
async fn while_draining<T>(event: impl Future<Output = T>, output: &mut pipe::Receiver, log: &mut Log) -> T {
    tokio::pin!(event);
    tokio::select! {
        happened = &mut event => happened,
        () = drain(output, log) => event.await,
    }
}

async fn drain(output: &mut pipe::Receiver, log: &mut Log) {
    let mut chunk = vec![0; 16 << 10];
    while let Ok(length @ 1..) = output.read(&mut chunk).await {
        log.append(&chunk[..length]).await;
    }
}
