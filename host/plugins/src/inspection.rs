//! What a component is before it runs: which version of the contract it speaks, which exports it has, and whether
//! it imports only what a niche may be given.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::contract::version::{ContractVersion, PACKAGE, Spoken, is_patch_of};
use crate::{PluginError, capabilities};

/// The WASI this host links: any patch version of it.
const WASI_VERSION: &str = "0.2";
const REQUIRED: [&str; 2] = ["catalog", "persona"];

/// The optional exports that a component has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exports {
    /// What the agent can do.
    pub tools: bool,
    /// An interview.
    pub onboarding: bool,
    /// Cases it must pass when it is installed.
    pub self_test: bool,
}

/// What [`inspect`] found.
#[derive(Debug, Clone)]
pub(crate) struct Inspection {
    /// The version of the contract it speaks.
    pub(crate) contract: ContractVersion,
    pub(crate) exports: Exports,
    /// What it asks of the host, by interface, or by function where most of an interface comes with every
    /// toolchain.
    pub(crate) asked: Vec<String>,
    /// All its imports, as `package/interface`.
    pub(crate) imports: BTreeSet<String>,
}

/// Checks `component` against the contract.
pub(crate) fn inspect(engine: &Engine, component: &Component) -> Result<Inspection, PluginError> {
    let kind = component.component_type();
    let mut spoken = Spoken::default();
    let mut found = Vec::new();
    for (name, _) in kind.exports(engine) {
        // Exports that are none of ours are tolerated: some toolchains add their own.
        if let Some(name) = Name::parse(name).filter(|name| name.package == PACKAGE) {
            spoken.note(name.full, name.version)?;
            found.push(name.interface);
        }
    }
    let (mut asked, mut imports) = (Vec::new(), BTreeSet::new());
    for (name, item) in kind.imports(engine) {
        let Some(name) = Name::parse(name).filter(|name| capabilities::is_given(name.package, name.interface)) else {
            return Err(PluginError::ForbiddenImport(name.to_owned()));
        };
        match name.package {
            PACKAGE => {
                spoken.note(name.full, name.version)?;
                if name.interface != "niche-types" {
                    asked.push(name.unversioned());
                }
            }
            _ if is_patch_of(name.version, WASI_VERSION) => asked.extend(used(engine, &name, &item.ty)),
            _ => return Err(PluginError::ForbiddenImport(name.full.to_owned())),
        }
        imports.insert(name.unversioned());
    }
    let missing = REQUIRED.iter().find(|required| !found.contains(required));
    let contract = match (missing, spoken.version()) {
        (None, Some(version)) => version,
        (missing, _) => {
            let missing = missing.unwrap_or(&REQUIRED[0]);
            return Err(PluginError::MissingExport(format!("{PACKAGE}/{missing}")));
        }
    };
    asked.sort_unstable();
    let has = |interface| found.contains(&interface);
    let exports = Exports { tools: has("tools"), onboarding: has("onboarding"), self_test: has("self-test") };
    Ok(Inspection { contract, exports, asked, imports })
}

/// What of a WASI interface is truly used. Toolchains import more than a program calls, so the functions tell,
/// not the interface.
fn used(engine: &Engine, name: &Name<'_>, item: &ComponentItem) -> Vec<String> {
    let whole = name.unversioned();
    match (name.package, item) {
        ("wasi:http", _) if name.interface == "outgoing-handler" => vec![whole],
        ("wasi:sockets", _) => vec![whole],
        ("wasi:filesystem", ComponentItem::ComponentInstance(instance)) => instance
            .exports(engine)
            .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
            .map(|(function, _)| function.rsplit('.').next().unwrap_or(function))
            .filter(|function| !BASELINE.contains(function))
            .map(|function| format!("{whole}#{function}"))
            .collect(),
        _ => vec![],
    }
}

/// What standard libraries import of `wasi:filesystem` in programs that touch no file.
const BASELINE: [&str; 6] =
    ["write-via-stream", "append-via-stream", "get-type", "stat", "filesystem-error-code", "get-directories"];

/// `package/interface@version`, taken apart.
struct Name<'a> {
    full: &'a str,
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn parse(full: &'a str) -> Option<Self> {
        let (package, rest) = full.split_once('/')?;
        let (interface, version) = rest.split_once('@')?;
        Some(Self { full, package, interface, version })
    }

    fn unversioned(&self) -> String {
        format!("{}/{}", self.package, self.interface)
    }
}
