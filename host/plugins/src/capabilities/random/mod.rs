//! `random`: randomness, as `wasi:random` has it. All of it comes from one place here, so that a recorded call can be
//! given the bytes it was given before; also what may be insecure is good, which costs no more.

use rand::RngCore;
use sha2::{Digest as _, Sha256};
use wasmtime::component::HasSelf;
use wasmtime_wasi::p2::bindings::random as wit;

use super::{Capability, Served, Setup, unwished};
use crate::Spent;
use crate::recording::Blob;
use crate::recording::questions::{Purpose, Random};
use crate::recording::tape::Tape;
use crate::sandbox::Breach;

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "wasi:random", interfaces: &["random", "insecure", "insecure-seed"] }],
    import: "wasi:random/random",
    wished: unwished,
    link: |linker| {
        wit::random::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.random)?;
        wit::insecure::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.random)?;
        wit::insecure_seed::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.random)
    },
};

/// The most that is given at once.
const MOST_BYTES: u64 = 64 << 10;

/// One call's randomness.
pub(crate) struct PerCall {
    tape: Option<Tape>,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        Self { tape: setup.tape.clone() }
    }

    pub(crate) fn meter(&self, _: &mut Spent) {}

    /// Where all of it comes from.
    fn bytes(&mut self, length: u64, why: Purpose) -> Result<Vec<u8>, Breach> {
        if length > MOST_BYTES {
            return Err(Breach::Random);
        }
        let live = || {
            let mut bytes = vec![0; length as usize];
            rand::rng().fill_bytes(&mut bytes);
            bytes
        };
        Ok(match &self.tape {
            None => live(),
            Some(tape) => {
                let beyond = |_: Option<&Blob>, times| Blob(made_up(times, length as usize));
                tape.read(Random { bytes: length, why }, || Blob(live()), beyond).0
            }
        })
    }

    fn number(&mut self) -> Result<u64, Breach> {
        let mut number = [0; 8];
        number.copy_from_slice(&self.bytes(8, Purpose::Guest)?);
        Ok(u64::from_le_bytes(number))
    }
}

/// Bytes that look like randomness and are the same whenever they are asked for: what a replay gives beyond what was
/// recorded.
fn made_up(times: usize, length: usize) -> Vec<u8> {
    let block = |count: u64| Sha256::digest([(times as u64).to_le_bytes(), count.to_le_bytes()].concat());
    (0..).flat_map(block).take(length).collect()
}

impl wit::random::Host for PerCall {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        Ok(self.bytes(length, Purpose::Guest)?)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number()?)
    }
}

impl wit::insecure::Host for PerCall {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        Ok(self.bytes(length, Purpose::Guest)?)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number()?)
    }
}

impl wit::insecure_seed::Host for PerCall {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let (mut first, mut second) = ([0; 8], [0; 8]);
        let bytes = self.bytes(16, Purpose::HashSeed)?;
        first.copy_from_slice(&bytes[..8]);
        second.copy_from_slice(&bytes[8..]);
        Ok((u64::from_le_bytes(first), u64::from_le_bytes(second)))
    }
}
