//! One call's sandbox: a fresh store and instance, the clocks and limits around it, and what its end means.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{InstancePre, ResourceTableError};
use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};

use crate::capabilities::log::{self, Budget};
use crate::capabilities::{self, Egress, Refusals, Setup};
use crate::limits::Limits;
use crate::net::{Connector, Meter};
use crate::release::{Given, Shared};
use crate::turns::Turn;
use crate::{DeadlineKind, Digest, HostConfig, OutputKind, PluginError, Spent};

/// A limit that a guest ran into, carried through the engine as the cause of a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error("the computing time is spent")]
    Cpu,
    #[error("too much was logged")]
    Log,
    #[error("too much randomness was asked for at once")]
    Random,
    #[error("something was asked that was not recorded")]
    Unrecorded,
}

/// What a store holds: every capability's part of this call, and its memory.
pub(crate) struct Call {
    pub(crate) given: capabilities::PerCall,
    memory: Memory,
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.given.wasi.view()
    }
}

/// What an element of a table takes.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts the memories and tables of a call together.
struct Memory {
    memory_bytes: usize,
    memory_left: usize,
    elements_left: usize,
    /// A growth was refused: what a trap afterwards most likely means.
    refused: Option<Grown>,
}

/// What was refused to grow.
#[derive(Clone, Copy)]
enum Grown {
    Memory,
    Tables,
}

impl Memory {
    fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            memory_left: limits.memory_bytes,
            elements_left: limits.table_elements,
            refused: None,
        }
    }

    /// Neither memories nor tables ever shrink, so what is taken now is the peak.
    fn peak(&self) -> usize {
        self.memory_bytes - self.memory_left
    }

    /// Takes `bytes`, if there are as many left.
    fn take(&mut self, bytes: Option<usize>) -> bool {
        let left = bytes.and_then(|bytes| self.memory_left.checked_sub(bytes));
        match left {
            Some(left) => self.memory_left = left,
            None => self.refused = Some(Grown::Memory),
        }
        left.is_some()
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, now: usize, next: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(next.checked_sub(now)))
    }

    fn table_growing(&mut self, now: usize, next: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let elements = next.saturating_sub(now);
        match self.elements_left.checked_sub(elements) {
            Some(left) => {
                let taken = self.take(elements.checked_mul(ELEMENT_BYTES));
                if taken {
                    self.elements_left = left;
                }
                Ok(taken)
            }
            None => {
                self.refused = Some(Grown::Tables);
                Ok(false)
            }
        }
    }
}

/// A call under way. Use `store` inside [`Clock::run`], then tell the sandbox how it [ended](Sandbox::ended).
pub(crate) struct Sandbox {
    pub(crate) store: Store<Call>,
    pub(crate) clock: Clock,
    config: Arc<HostConfig>,
    egress: Option<Egress>,
    refusals: Refusals,
    release: Digest,
    export: &'static str,
    _turn: Turn,
}

impl Sandbox {
    /// Makes a store for a call of `export`. What belongs to no tenant has no scope and is granted nothing; what has no
    /// `way_out` sends nothing, whatever is granted.
    pub(crate) fn new(
        pre: &InstancePre<Call>,
        release: Digest,
        export: &'static str,
        shared: &Shared,
        given: Given,
        way_out: Option<&Arc<Connector>>,
        turn: Turn,
    ) -> Self {
        let limits = &shared.config.limits;
        let (scope, tape) = given.parts();
        let refusals = Refusals::default();
        let egress = scope.as_ref().zip(way_out).map(|(scope, connector)| Egress {
            grant: Arc::clone(&scope.grant),
            connector: Arc::clone(connector),
            meter: Arc::new(Meter::new(limits.egress.clone())),
            refusals: refusals.clone(),
        });
        let log = Budget::of(limits.log_bytes);
        let setup = Setup { release, limits, scope, log, refusals: refusals.clone(), egress, tape };
        let call = Call { given: capabilities::PerCall::new(&setup), memory: Memory::new(limits) };
        let mut store = Store::new(pre.engine(), call);
        store.limiter(|call| &mut call.memory);
        // Lifted strings and lists are counted by their bytes in the host, which is a little more than they
        // have in the guest.
        store.set_hostcall_fuel(limits.output_bytes + limits.output_bytes / 4);
        // The guest's handles, also those of resources it makes by itself.
        store.set_max_component_handles(limits.handles);
        store.set_epoch_deadline(1);
        let mut ticks = limits.cpu_ticks();
        // Called once for each tick in which the guest computes: time it waits, or is waited for, is not its own.
        store.epoch_deadline_callback(move |_| {
            ticks = ticks.checked_sub(1).ok_or(Breach::Cpu)?;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        let clock = Clock { began: Instant::now(), cpu: Duration::ZERO, limit: limits.wall_clock };
        let (config, egress) = (Arc::clone(&shared.config), setup.egress);
        Self { store, clock, config, egress, refusals, release, export, _turn: turn }
    }

    /// What the guest's answer, or its end, means.
    pub(crate) fn meant<T>(&self, outcome: Result<T, Failure>) -> Result<T, PluginError> {
        outcome.map_err(|failure| self.failed(failure))
    }

    /// Keeps what the call wrote. Not cut short in the middle: after the guest has ended, only the storage's
    /// own time-outs count.
    pub(crate) async fn commit(&mut self) -> Result<(), PluginError> {
        self.store.data_mut().given.storage.commit().await.map_err(PluginError::Storage)
    }

    /// Ends a call of a release's own question: what its answer came to, recorded.
    pub(crate) fn ended<T>(self, outcome: Result<T, PluginError>) -> Result<T, PluginError> {
        self.record(outcome.as_ref().err());
        outcome
    }

    /// Records how the call ended, and tells what it used.
    pub(crate) fn record(&self, error: Option<&PluginError>) -> Spent {
        let outcome = error.map_or("ok", PluginError::code);
        let call = self.store.data();
        let mut spent = Spent {
            cpu: self.clock.cpu,
            wall: self.clock.began.elapsed(),
            peak_memory: call.memory.peak(),
            ..Spent::default()
        };
        call.given.meter(&mut spent);
        self.refusals.meter(&mut spent);
        if let Some(egress) = &self.egress {
            egress.meter.meter(&mut spent);
        }
        metrics::counter!("plugin_calls_total", "export" => self.export, "outcome" => outcome).increment(1);
        metrics::histogram!("plugin_call_seconds", "export" => self.export).record(spent.wall.as_secs_f64());
        metrics::histogram!("plugin_call_memory_bytes", "export" => self.export).record(spent.peak_memory as f64);
        let release = self.release;
        let wasi = &call.given.wasi;
        for (stream, printed) in [("stdout", &wasi.stdout), ("stderr", &wasi.stderr)] {
            for line in printed.text().lines() {
                let line = log::one_line(line);
                tracing::debug!(target: "niche", %release, stream, "{line}");
            }
        }
        if let Some(first) = self.refused() {
            tracing::info!(target: "niche", %release, export = self.export, refusals = spent.refusals, "refused: {first}");
        }
        if let Some(error) = error {
            tracing::warn!(%release, export = self.export, outcome, ?spent, %error, "a niche's call failed");
        }
        spent
    }

    /// What the call was refused first, and who said no.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refusals.first()
    }

    fn failed(&self, failure: Failure) -> PluginError {
        let limits = &self.config.limits;
        let error = match failure {
            Failure::WallClock => {
                return PluginError::DeadlineExceeded { kind: DeadlineKind::WallClock, limit: limits.wall_clock };
            }
            Failure::Guest(error) => error,
        };
        if let Some(breach) = error.downcast_ref::<Breach>() {
            return match breach {
                Breach::Cpu => PluginError::DeadlineExceeded { kind: DeadlineKind::Cpu, limit: limits.cpu_budget },
                Breach::Log => PluginError::OutputTooLarge { kind: OutputKind::Log, limit: limits.log_bytes },
                Breach::Random | Breach::Unrecorded => {
                    PluginError::Trapped { trap: breach.to_string(), stderr: String::new() }
                }
            };
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return PluginError::PoolExhausted;
        }
        let root = error.root_cause().to_string();
        // The engine's type for this is private; a test holds its words.
        if root.contains("fuel allocated for hostcalls has been exhausted") {
            return PluginError::OutputTooLarge { kind: OutputKind::Result, limit: limits.output_bytes };
        }
        // So is this one's.
        let full = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(ResourceTableError::Full)));
        if full || root.contains("store handle limit exceeded") {
            return PluginError::HandlesExceeded { limit: limits.handles };
        }
        match self.store.data().memory.refused {
            Some(Grown::Memory) => return PluginError::MemoryExceeded { limit: limits.memory_bytes },
            Some(Grown::Tables) => return PluginError::TablesExceeded { limit: limits.table_elements },
            None => {}
        }
        let trap = match (error.downcast_ref::<Trap>(), error.downcast_ref::<I32Exit>()) {
            (Some(trap), _) => trap.to_string(),
            (_, Some(exit)) => format!("it exited with {}", exit.0),
            _ => tail(&root, TRAP_CHARS),
        };
        let stderr = tail(&self.store.data().given.wasi.stderr.text(), STDERR_CHARS);
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
    /// Counts what the host computed for the call outside of [`Clock::run`].
    pub(crate) fn count(&mut self, cpu: Duration) {
        self.cpu += cpu;
    }

    /// Runs a part of the call until it ends or the call's time is over, and counts the time a thread works on it.
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
