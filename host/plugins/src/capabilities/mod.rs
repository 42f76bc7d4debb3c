//! What a niche may be given, a folder each, all of one shape: what it serves of the contract and of WASI, what of
//! a catalog's wishes is for it, its functions (linked once for an engine), and a `PerCall` made for every call
//! that holds what is granted and counts what is used. What a guest is answered may be recorded: each capability asks
//! through the call's [tape](crate::recording::tape), when it has one. A new capability is a new folder and one line in
//! the list below.

mod egress;
mod refusals;

use std::collections::BTreeSet;

use wasmtime::Engine;
use wasmtime::component::Linker;

pub(crate) use self::egress::Egress;
pub(crate) use self::refusals::Refusals;
use crate::call::{CallScope, Spent};
use crate::contract::v0_1;
use crate::limits::Limits;
use crate::recording::tape::Tape;
use crate::sandbox::Call;
use crate::{Digest, PluginError, Wishes};

/// A capability's part that is the same for all calls.
pub(crate) struct Capability {
    /// The imports it answers.
    serves: &'static [Served],
    /// The one of them without which what is wished could not be used.
    import: &'static str,
    /// What of a catalog's wishes is for it, in words.
    wished: fn(&Wishes) -> Option<String>,
    /// Adds its functions to the linker.
    link: fn(&mut Linker<Call>) -> wasmtime::Result<()>,
}

/// Imports that a capability answers.
struct Served {
    package: &'static str,
    /// All of the package's when there are none.
    interfaces: &'static [&'static str],
}

/// What a call's capabilities are made from.
pub(crate) struct Setup<'a> {
    pub(crate) release: Digest,
    pub(crate) limits: &'a Limits,
    /// None for what belongs to no tenant, such as the catalog: nothing is granted then.
    pub(crate) scope: Option<CallScope>,
    /// Bytes that may still be logged or printed.
    pub(crate) log: log::Budget,
    /// What the call is refused.
    pub(crate) refusals: Refusals,
    /// The way to other hosts, for a call that has one.
    pub(crate) egress: Option<Egress>,
    /// What answers in place of all that, or keeps the answers; for a call that is recorded or replayed.
    pub(crate) tape: Option<Tape>,
}

macro_rules! capabilities {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) mod $name;)*

        static ALL: &[Capability] = &[$($name::CAPABILITY),*];

        /// One call's part of each.
        pub(crate) struct PerCall {
            $(pub(crate) $name: $name::PerCall,)*
        }

        impl PerCall {
            /// Each with what it is granted.
            pub(crate) fn new(setup: &Setup<'_>) -> Self {
                Self { $($name: $name::PerCall::new(setup),)* }
            }

            /// Adds what each used.
            pub(crate) fn meter(&self, spent: &mut Spent) {
                $(self.$name.meter(spent);)*
            }
        }
    };
}

// What comes later may take over a part of WASI from `wasi`, which links all of it.
capabilities! {
    wasi,
    clock,
    random,
    log,
    storage,
    connections,
    http,
}

impl Capability {
    fn answers(&self, package: &str, interface: &str) -> bool {
        self.serves.iter().any(|served| {
            served.package == package && (served.interfaces.is_empty() || served.interfaces.contains(&interface))
        })
    }
}

/// Whether a niche may import `interface` of `package`.
pub(crate) fn is_given(package: &str, interface: &str) -> bool {
    // The shared types have no functions: nothing is given with them.
    interface == "niche-types" || ALL.iter().any(|capability| capability.answers(package, interface))
}

/// Nothing of a catalog's wishes: what every niche is given needs no wish.
fn unwished(_: &Wishes) -> Option<String> {
    None
}

/// Holds what a catalog wishes against what the component imports (`package/interface` each). A wish that could not
/// be used is an error; an import that nobody wished for is none, since toolchains import whole worlds: it is
/// answered, and gets nothing.
pub(crate) fn check(wishes: &Wishes, imports: &BTreeSet<String>) -> Result<(), PluginError> {
    let unused = ALL.iter().find_map(|capability| {
        let wish = (capability.wished)(wishes)?;
        (!imports.contains(capability.import)).then_some(PluginError::UnusedWish { wish, import: capability.import })
    });
    unused.map_or(Ok(()), Err)
}

/// The linker of all sandboxes.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Call>, PluginError> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    ALL.iter()
        .try_for_each(|capability| (capability.link)(&mut linker))
        .and_then(|()| v0_1::link(&mut linker))
        .map_err(|error| PluginError::Engine(format!("{error:#}")))?;
    Ok(linker)
}
