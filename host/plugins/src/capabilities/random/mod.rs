//! `random`: randomness, as `wasi:random` has it. All of it comes from one place here, so that a recorded call can be
//! given the bytes it was given before; also what may be insecure is good, which costs no more.

use rand::RngCore;
use wasmtime::component::HasSelf;
use wasmtime_wasi::p2::bindings::random as wit;

use super::{Capability, Served, Setup, unwished};
use crate::Spent;
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

/// One call's randomness holds nothing of the call's.
pub(crate) struct PerCall;

impl PerCall {
    pub(crate) fn new(_: &Setup<'_>) -> Self {
        Self
    }

    pub(crate) fn meter(&self, _: &mut Spent) {}

    /// Where all of it comes from.
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Breach> {
        if length > MOST_BYTES {
            return Err(Breach::Random);
        }
        let mut bytes = vec![0; length as usize];
        rand::rng().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, Breach> {
        let mut number = [0; 8];
        number.copy_from_slice(&self.bytes(8)?);
        Ok(u64::from_le_bytes(number))
    }
}

impl wit::random::Host for PerCall {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        Ok(self.bytes(length)?)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number()?)
    }
}

impl wit::insecure::Host for PerCall {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        Ok(self.bytes(length)?)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number()?)
    }
}

impl wit::insecure_seed::Host for PerCall {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.number()?, self.number()?))
    }
}
