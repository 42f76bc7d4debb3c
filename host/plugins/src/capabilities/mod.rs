//! What a niche may be given, one module each, all of one shape: the interface's name, `link` once per engine,
//! and a `PerCall` made for every call that holds its grant and what it used. A new capability is a new module
//! and one line in [`ALL`].

pub(crate) mod connections;
pub(crate) mod log;
pub(crate) mod storage;
pub(crate) mod wasi;

use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::PluginError;
use crate::sandbox::Call;

/// A capability's part that is the same for all calls.
pub(crate) struct Capability {
    /// Its interface in the contract.
    interface: &'static str,
    /// Adds its functions to the linker.
    link: fn(&mut Linker<Call>) -> wasmtime::Result<()>,
}

const ALL: [Capability; 3] = [log::CAPABILITY, storage::CAPABILITY, connections::CAPABILITY];

/// Whether a niche may import `interface` of the contract.
pub(crate) fn is_given(interface: &str) -> bool {
    // The shared types have no functions: nothing is given with them.
    interface == "niche-types" || ALL.iter().any(|capability| capability.interface == interface)
}

/// The linker of all sandboxes.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Call>, PluginError> {
    let mut linker = Linker::new(engine);
    ALL.iter()
        .try_for_each(|capability| (capability.link)(&mut linker))
        .and_then(|()| wasi::link(&mut linker))
        .map_err(|error| PluginError::Engine(format!("{error:#}")))?;
    Ok(linker)
}
