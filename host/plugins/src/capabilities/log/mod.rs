//! `logging`: lines for the operator's log, bounded together with what the niche prints.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::component::HasSelf;

use super::{Capability, Served, Setup, unwished};
use crate::contract::bindings::openclaw::niche::logging::{self, Level};
use crate::recording::questions::{self, Logged};
use crate::recording::tape::{Heard, Tape};
use crate::sandbox::Breach;
use crate::{Digest, Spent};

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "openclaw:niche", interfaces: &["logging"] }],
    import: "openclaw:niche/logging",
    wished: unwished,
    link: |linker| logging::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.log),
};

/// Bytes that may still be logged or printed; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<AtomicUsize>);

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Takes `bytes`, or says that there are not as many left.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Breach> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes))
            .map(|_| ())
            .map_err(|_| Breach::Log)
    }
}

/// One call's log.
pub(crate) struct PerCall {
    release: Digest,
    budget: Budget,
    lines: u32,
    tape: Option<Tape>,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        Self { release: setup.release, budget: setup.log.clone(), lines: 0, tape: setup.tape.clone() }
    }

    pub(crate) fn meter(&self, spent: &mut Spent) {
        spent.log_lines = self.lines;
    }

    /// Writes a line, if there is budget left for it.
    fn line(&mut self, level: Level, message: &str) -> Result<(), Breach> {
        self.budget.take(message.len() + LINE_BYTES)?;
        self.lines += 1;
        let (release, message) = (self.release, one_line(message));
        match level {
            Level::Debug => tracing::debug!(target: "niche", %release, "{message}"),
            Level::Info => tracing::info!(target: "niche", %release, "{message}"),
            Level::Warn => tracing::warn!(target: "niche", %release, "{message}"),
            Level::Error => tracing::error!(target: "niche", %release, "{message}"),
        }
        Ok(())
    }
}

/// What a line costs beside its bytes: an empty line is work for the log too.
const LINE_BYTES: usize = 16;

impl logging::Host for PerCall {
    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        // The bound holds in a replay, too, and what is told there is worth reading in the log.
        let Some(tape) = self.tape.clone() else { return Ok(self.line(level, &message)?) };
        let heard = tape.ask(questions::Log { level: word(level).to_owned(), message: message.clone() });
        self.line(level, &message)?;
        match heard {
            Heard::Live(slot) => slot.keep(Logged::Written),
            Heard::Recorded(..) => {}
            Heard::Unrecorded => return Err(Breach::Unrecorded.into()),
        }
        Ok(())
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// Without control characters: a niche cannot forge a second line, nor colour the operator's terminal.
pub(crate) fn one_line(text: &str) -> String {
    text.trim_end().chars().map(spaced).collect()
}

/// The first `most` characters of `text`, in one line as well.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).map(spaced).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

fn spaced(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(one_line("a\nb\x1b[31mção\r\n"), "a b [31mção");
    }

    #[test]
    fn a_budget_is_shared_and_ends() {
        let budget = Budget::of(10);
        let same = budget.clone();
        assert!(budget.take(6).is_ok());
        assert!(same.take(5).is_err());
        assert!(same.take(4).is_ok());
        assert!(budget.take(1).is_err());
    }
}
