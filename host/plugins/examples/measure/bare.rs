//! The least that wasmtime does for a call of a tool: a fresh store and instance, and nothing of ours around it.

use openclaw_plugins::{Host, ToolCall};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::{Failure, Subject};

wasmtime::component::bindgen!({ world: "with-tools", path: "../../wit/0.2", exports: { default: async } });

use exports::openclaw::niche::tools::CallContext;

/// The tools of a component on the host's own engine.
pub(crate) struct Bare {
    engine: Engine,
    tools: WithToolsPre<()>,
}

impl Bare {
    /// Whatever it imports is a trap: what is measured calls none of it.
    pub(crate) fn new(host: &Host, subject: &Subject) -> Result<Self, Failure> {
        let engine = host.engine().clone();
        let component = Component::from_binary(&engine, &subject.bytes)?;
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component)?;
        let tools = WithToolsPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Self { engine, tools })
    }

    /// Calls the tool once.
    pub(crate) async fn call(&self, call: ToolCall<'_>) -> Result<(), Failure> {
        let context = CallContext { locale: call.locale.to_owned(), profile: vec![], now: call.now };
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let tools = self.tools.instantiate_async(&mut store).await?;
        let answer = tools.openclaw_niche_tools().call_call(&mut store, call.name, call.arguments, &context).await?;
        answer.map(|_| ()).map_err(|error| format!("{error:?}").into())
    }
}
