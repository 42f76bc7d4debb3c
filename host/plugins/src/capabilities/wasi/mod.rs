//! WASI as standard libraries import it, over a world that holds nothing: no files, environment, arguments,
//! names or network. Using one gives the guest its ordinary error. What it prints goes to the log,
//! within the call's bounds.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::StoreContextMut;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::io::streams::Error as StreamFailure;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView};

use super::log::Budget;
use super::{Capability, Served, Setup, clock, unwished};
use crate::Spent;
use crate::sandbox::Call;

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[
        Served { package: "wasi:cli", interfaces: &[] },
        Served { package: "wasi:filesystem", interfaces: &[] },
        Served { package: "wasi:io", interfaces: &[] },
        Served { package: "wasi:sockets", interfaces: &[] },
    ],
    import: "wasi:cli/environment",
    wished: unwished,
    link: |linker| {
        wasmtime_wasi::p2::add_to_linker_async(linker)?;
        // The engine's own tells a guest the host's backtrace, when the host keeps one.
        let told = |mut store: StoreContextMut<'_, Call>, (error,): (Resource<StreamFailure>,)| {
            let failure = store.data_mut().given.wasi.table.get(&error)?;
            Ok((format!("{failure:#}"),))
        };
        linker.instance(ERRORS)?.func_wrap("[method]error.to-debug-string", told)
    },
};

/// The engine's name of the interface; it answers all of its patch versions.
const ERRORS: &str = "wasi:io/error@0.2.12";

/// The most a guest may have written at once.
const PERMIT_BYTES: usize = 16 << 10;

/// One call's empty world, its handles, and what it printed.
pub(crate) struct PerCall {
    context: WasiCtx,
    table: ResourceTable,
    pub(crate) stdout: Printed,
    pub(crate) stderr: Printed,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        let (stdout, stderr) = (Printed::new(&setup.log), Printed::new(&setup.log));
        let mut world = WasiCtx::builder();
        world
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .stdout(stdout.clone())
            .stderr(stderr.clone());
        clock::give(&mut world, setup.tape.as_ref());
        let context = world.build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(setup.limits.handles);
        Self { context, table, stdout, stderr }
    }

    pub(crate) fn meter(&self, _: &mut Spent) {}

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

/// What a guest printed to one stream; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Printed {
    text: Arc<Mutex<Vec<u8>>>,
    budget: Budget,
}

impl Printed {
    fn new(budget: &Budget) -> Self {
        Self { text: Arc::default(), budget: budget.clone() }
    }

    /// All of it; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // For WASI 0.3, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.budget.take(bytes.len()).map_err(|breach| StreamError::Trap(breach.into()))?;
        self.text.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT_BYTES)
    }
}
