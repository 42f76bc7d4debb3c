//! `clock`: the time of day and the time that passes, as `wasi:clocks` has them. Each of the two is asked in one place
//! here, so that a recorded call can be given the times it was given before.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use super::{Capability, Served, Setup, unwished};
use crate::Spent;
use crate::recording::questions::{Clock, Which};
use crate::recording::tape::Tape;

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "wasi:clocks", interfaces: &["wall-clock", "monotonic-clock"] }],
    import: "wasi:clocks/wall-clock",
    wished: unwished,
    // `wasi` links the functions: they ask the clocks its context was built with, which are these.
    link: |_| Ok(()),
};

/// How finely a guest sees time. Enough for a program, and nothing to time the host's caches with.
const RESOLUTION: Duration = Duration::from_micros(10);

/// One call's clocks hold nothing of the call's.
pub(crate) struct PerCall;

impl PerCall {
    pub(crate) fn new(_: &Setup<'_>) -> Self {
        Self
    }

    pub(crate) fn meter(&self, _: &mut Spent) {}
}

/// Gives a world its clocks: the true ones, or those of a tape.
pub(super) fn give(world: &mut WasiCtxBuilder, tape: Option<&Tape>) {
    match tape {
        None => world.wall_clock(Wall).monotonic_clock(Monotonic::start()),
        Some(tape) => {
            let monotonic = TapedMonotonic { clock: Monotonic::start(), tape: tape.clone() };
            world.wall_clock(TapedWall(tape.clone())).monotonic_clock(monotonic)
        }
    };
}

/// The time of day.
struct Wall;

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        coarse(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// The time since the call began.
struct Monotonic {
    began: Instant,
}

impl Monotonic {
    fn start() -> Self {
        Self { began: Instant::now() }
    }
}

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        nanos(RESOLUTION)
    }

    fn now(&self) -> u64 {
        nanos(coarse(self.began.elapsed()))
    }
}

/// The time of day, through a tape.
struct TapedWall(Tape);

impl HostWallClock for TapedWall {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(read(&self.0, Which::Wall, || nanos(Wall.now())))
    }
}

/// The time since the call began, through a tape.
struct TapedMonotonic {
    clock: Monotonic,
    tape: Tape,
}

impl HostMonotonicClock for TapedMonotonic {
    fn resolution(&self) -> u64 {
        nanos(RESOLUTION)
    }

    fn now(&self) -> u64 {
        read(&self.tape, Which::Monotonic, || self.clock.now())
    }
}

/// What is read beyond the recorded readings: a little later each time.
fn read(tape: &Tape, which: Which, live: impl FnOnce() -> u64) -> u64 {
    let later = |last: Option<&u64>, times: usize| {
        last.copied().unwrap_or_default().saturating_add(nanos(RESOLUTION).saturating_mul(times as u64))
    };
    tape.read(Clock { which }, live, later)
}

/// Rounded down to [`RESOLUTION`].
fn coarse(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_nanos() / RESOLUTION.subsec_nanos() * RESOLUTION.subsec_nanos())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
