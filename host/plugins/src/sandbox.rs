//! One call's sandbox: a fresh store and instance, the clocks and limits around it, and what its end means.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};

use crate::capabilities::{connections, log, storage, wasi};
use crate::limits::Limits;
use crate::{DeadlineKind, Digest, OutputKind, PluginError};

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// On a processor, in the guest and in what it asked of the host.
    pub cpu: Duration,
    /// From beginning to end.
    pub wall: Duration,
    /// Bytes of all its linear memories at their largest.
    pub peak_memory: usize,
    /// Lines it logged.
    pub log_lines: u32,
}

/// A limit that a guest ran into, carried through the engine as the cause of a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error("the computing time is spent")]
    Cpu,
    #[error("too much was logged")]
    Log,
}

/// What a store holds: every capability's part of this call, and its memory.
pub(crate) struct Call {
    pub(crate) log: log::PerCall,
    pub(crate) storage: storage::PerCall,
    pub(crate) connections: connections::PerCall,
    wasi: wasi::PerCall,
    memory: Memory,
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

/// Counts the memories and tables of a call together.
struct Memory {
    memory_bytes: usize,
    memory_left: usize,
    table_left: usize,
    /// A growth was refused: what a trap afterwards most likely means.
    refused: bool,
}

impl Memory {
    fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            memory_left: limits.memory_bytes,
            table_left: limits.table_elements,
            refused: false,
        }
    }

    /// Linear memory never shrinks, so what is taken now is the peak.
    fn peak(&self) -> usize {
        self.memory_bytes - self.memory_left
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, now: usize, next: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let left = self.memory_left.checked_sub(next - now);
        self.refused |= left.is_none();
        self.memory_left = left.unwrap_or(self.memory_left);
        Ok(left.is_some())
    }

    fn table_growing(&mut self, now: usize, next: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let left = self.table_left.checked_sub(next - now);
        self.refused |= left.is_none();
        self.table_left = left.unwrap_or(self.table_left);
        Ok(left.is_some())
    }
}

/// A call under way. Use `instance` and `store` inside [`Clock::run`], then [`Sandbox::end`] it.
pub(crate) struct Sandbox {
    pub(crate) store: Store<Call>,
    pub(crate) clock: Clock,
    limits: Limits,
    release: Digest,
    export: &'static str,
    _permit: OwnedSemaphorePermit,
}

impl Sandbox {
    /// Makes a store for a call of `export`.
    pub(crate) fn new(
        pre: &InstancePre<Call>,
        release: Digest,
        export: &'static str,
        limits: &Limits,
        granted: Option<storage::Grant>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let budget = log::Budget::of(limits.log_bytes);
        let call = Call {
            wasi: wasi::PerCall::new(limits, &budget),
            log: log::PerCall::new(release, budget),
            storage: storage::PerCall::new(granted),
            connections: connections::PerCall,
            memory: Memory::new(limits),
        };
        let mut store = Store::new(pre.engine(), call);
        store.limiter(|call| &mut call.memory);
        // Lifted strings and lists are counted by their bytes in the host, which is a little more than they
        // have in the guest.
        store.set_hostcall_fuel(limits.output_bytes + limits.output_bytes / 4);
        store.set_epoch_deadline(1);
        let mut ticks = limits.cpu_ticks();
        // Called once for each tick in which the guest computes: time it waits, or is waited for, is not its own.
        store.epoch_deadline_callback(move |_| {
            ticks = ticks.checked_sub(1).ok_or(Breach::Cpu)?;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        let clock = Clock { began: Instant::now(), cpu: Duration::ZERO, limit: limits.wall_clock };
        Self { store, clock, limits: limits.clone(), release, export, _permit: permit }
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(&mut self, pre: &InstancePre<Call>) -> Result<Instance, PluginError> {
        match self.clock.run(pre.instantiate_async(&mut self.store)).await {
            Ok(instance) => Ok(instance),
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// What the guest's answer, or its end, means.
    pub(crate) fn end<T>(&mut self, outcome: Result<T, Failure>) -> Result<T, PluginError> {
        outcome.map_err(|failure| self.failed(failure))
    }

    /// Keeps what the call wrote. Not cut short in the middle: after the guest has ended, only the storage's
    /// own time-outs count.
    pub(crate) async fn commit(&mut self) -> Result<(), PluginError> {
        self.store.data_mut().storage.commit().await.map_err(PluginError::Storage)
    }

    /// What the call used up to now.
    pub(crate) fn spent(&self) -> Spent {
        let call = self.store.data();
        Spent {
            cpu: self.clock.cpu,
            wall: self.clock.began.elapsed(),
            peak_memory: call.memory.peak(),
            log_lines: call.log.lines,
        }
    }

    /// Records how the call ended.
    pub(crate) fn record(&self, error: Option<&PluginError>) {
        let outcome = error.map_or("ok", PluginError::code);
        let spent = self.spent();
        metrics::counter!("plugin_calls_total", "export" => self.export, "outcome" => outcome).increment(1);
        metrics::histogram!("plugin_call_seconds", "export" => self.export).record(spent.wall.as_secs_f64());
        metrics::histogram!("plugin_call_memory_bytes", "export" => self.export).record(spent.peak_memory as f64);
        let release = self.release;
        let wasi = &self.store.data().wasi;
        for (stream, printed) in [("stdout", &wasi.stdout), ("stderr", &wasi.stderr)] {
            for line in printed.text().lines() {
                let line = log::one_line(line);
                tracing::debug!(target: "niche", %release, stream, "{line}");
            }
        }
        if let Some(error) = error {
            tracing::warn!(%release, export = self.export, outcome, ?spent, %error, "a niche's call failed");
        }
    }

    fn failed(&self, failure: Failure) -> PluginError {
        let error = match failure {
            Failure::WallClock => {
                return PluginError::DeadlineExceeded { kind: DeadlineKind::WallClock, limit: self.limits.wall_clock };
            }
            Failure::Guest(error) => error,
        };
        if let Some(breach) = error.downcast_ref::<Breach>() {
            return match breach {
                Breach::Cpu => PluginError::DeadlineExceeded { kind: DeadlineKind::Cpu, limit: self.limits.cpu_budget },
                Breach::Log => PluginError::OutputTooLarge { kind: OutputKind::Log, limit: self.limits.log_bytes },
            };
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return PluginError::PoolExhausted;
        }
        let root = error.root_cause().to_string();
        // The engine's type for this is private; a test holds its words.
        if root.contains("fuel allocated for hostcalls has been exhausted") {
            return PluginError::OutputTooLarge { kind: OutputKind::Result, limit: self.limits.output_bytes };
        }
        if self.store.data().memory.refused {
            return PluginError::MemoryExceeded { limit: self.limits.memory_bytes };
        }
        let trap = match (error.downcast_ref::<Trap>(), error.downcast_ref::<I32Exit>()) {
            (Some(trap), _) => trap.to_string(),
            (_, Some(exit)) => format!("it exited with {}", exit.0),
            _ => tail(&root, TRAP_CHARS),
        };
        let stderr = tail(&self.store.data().wasi.stderr.text(), STDERR_CHARS);
        PluginError::Trapped { trap, stderr }
    }
}

/// How much of an engine's message, and of what a guest wrote before it stopped, an error keeps.
const TRAP_CHARS: usize = 300;
const STDERR_CHARS: usize = 1000;

/// The last `most` characters.
fn tail(text: &str, most: usize) -> String {
    let text = text.trim();
    text.chars().skip(text.chars().count().saturating_sub(most)).collect()
}

/// Why a guest gave nothing.
pub(crate) enum Failure {
    /// Its time was over.
    WallClock,
    /// It trapped, or the engine could not go on with it.
    Guest(wasmtime::Error),
}

/// A call's time.
pub(crate) struct Clock {
    began: Instant,
    cpu: Duration,
    limit: Duration,
}

impl Clock {
    /// Runs a part of the call until it ends or the call's time is over, and counts its time on a processor.
    pub(crate) async fn run<T>(&mut self, part: impl Future<Output = wasmtime::Result<T>>) -> Result<T, Failure> {
        let mut part = pin!(part);
        let cpu = &mut self.cpu;
        let counted = poll_fn(move |context| {
            let began = Instant::now();
            let polled = part.as_mut().poll(context);
            *cpu += began.elapsed();
            polled
        });
        // The epochs do not see a guest that waits for the host: this clock does.
        match tokio::time::timeout(self.limit.saturating_sub(self.began.elapsed()), counted).await {
            Ok(outcome) => outcome.map_err(Failure::Guest),
            Err(_) => Err(Failure::WallClock),
        }
    }
}
