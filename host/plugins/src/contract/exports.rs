//! A component's exports. The component model compares types by their shape: wherever two versions of the contract
//! agree, the newest one's Rust types fit both, and only the name of the interface differs. What differs in shape
//! is a case of its own, such as [`Wants`].

use std::marker::PhantomData;

use wasmtime::AsContextMut;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower};

use super::bindings::exports::openclaw::niche as wit;
use super::bindings::openclaw::niche::niche_types::{Answer, Connection};
use super::bindings::v0_1::exports::openclaw::niche::catalog as catalog_v0_1;
use super::version::ContractVersion;
use crate::PluginError;

/// A function of a component: where it lies, and its types.
pub(crate) struct Function<P, R> {
    index: ComponentExportIndex,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Function<P, R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    /// Calls it in `instance`. A component whose function has other types fails here, with a word of which.
    pub(crate) async fn call(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        instance: &Instance,
        parameters: P,
    ) -> wasmtime::Result<R> {
        let function = instance.get_typed_func::<P, R>(&mut store, &self.index)?;
        function.call_async(store, parameters).await
    }
}

/// What the niche asks to use, which 0.1 says without methods.
pub(crate) enum Wants {
    V0_1(Function<(String,), (catalog_v0_1::Wishes,)>),
    Newest(Function<(String,), (wit::catalog::Wishes,)>),
}

/// `tools`.
pub(crate) struct Tools {
    pub(crate) list: Function<(String,), (Vec<wit::tools::Tool>,)>,
    pub(crate) call:
        Function<(String, String, wit::tools::CallContext), (Result<wit::tools::Output, wit::tools::ToolError>,)>,
}

/// `self-test`.
pub(crate) struct SelfTest {
    pub(crate) cases: Function<(), (Vec<String>,)>,
    pub(crate) run: Function<(String,), (Result<(), String>,)>,
}

type Rendered = Result<String, wit::persona::PersonaError>;
type Next = Result<wit::onboarding::Step, wit::onboarding::Rejection>;
type NextQuestion = Function<(Vec<Answer>, String), (Next,)>;

/// Every function of a component that the host calls. Those of optional interfaces may be absent.
pub(crate) struct Functions {
    pub(crate) describe: Function<(String,), (wit::catalog::Entry,)>,
    pub(crate) wants: Wants,
    pub(crate) render: Function<(Vec<Answer>, String, Vec<Connection>), (Rendered,)>,
    pub(crate) tools: Option<Tools>,
    pub(crate) next: Option<NextQuestion>,
    pub(crate) self_test: Option<SelfTest>,
}

impl Functions {
    /// Looks them up in `component`, which speaks `version`.
    pub(crate) fn of(component: &Component, version: ContractVersion) -> Result<Self, PluginError> {
        let exports = |interface: &str| Interface::find(component, version, interface);
        let required = |interface: &str| {
            exports(interface).ok_or_else(|| PluginError::MissingExport(version.interface(interface)))
        };
        let (catalog, persona) = (required("catalog")?, required("persona")?);
        Ok(Self {
            describe: catalog.function("describe")?,
            wants: match version {
                ContractVersion::V0_1 => Wants::V0_1(catalog.function("wants")?),
                ContractVersion::V0_2 => Wants::Newest(catalog.function("wants")?),
            },
            render: persona.function("render")?,
            tools: exports("tools")
                .map(|tools| {
                    Ok::<_, PluginError>(Tools { list: tools.function("list-tools")?, call: tools.function("call")? })
                })
                .transpose()?,
            next: exports("onboarding").map(|onboarding| onboarding.function("next")).transpose()?,
            self_test: exports("self-test")
                .map(|test| {
                    Ok::<_, PluginError>(SelfTest { cases: test.function("cases")?, run: test.function("run")? })
                })
                .transpose()?,
        })
    }
}

/// An exported interface of a component.
struct Interface<'a> {
    component: &'a Component,
    name: String,
    index: ComponentExportIndex,
}

impl<'a> Interface<'a> {
    fn find(component: &'a Component, version: ContractVersion, interface: &str) -> Option<Self> {
        let name = version.interface(interface);
        let index = component.get_export_index(None, &name)?;
        Some(Self { component, name, index })
    }

    fn function<P, R>(&self, name: &str) -> Result<Function<P, R>, PluginError> {
        let index = self
            .component
            .get_export_index(Some(&self.index), name)
            .ok_or_else(|| PluginError::Compile(format!("`{}` does not have the function `{name}`", self.name)))?;
        Ok(Function { index, types: PhantomData })
    }
}
