//! `http`: requests to the hosts that are granted, as `wasi:http` has them. A niche follows redirects by itself, each a
//! request of its own that is checked again. Credentials are not sent this way: `authorization` and `cookie` are
//! refused like the headers that belong to a connection, since what is sent in a tenant's name goes through
//! `connections`, where the niche never sees it.

mod taped;

use std::sync::{Arc, LazyLock};

use http::{HeaderName, Method, Request, Response, header};
use http_body_util::BodyExt;
use wasmtime::StoreContextMut;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::io::streams::Error as StreamFailure;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use super::egress::Egress;
use super::{Capability, Served, Setup};
use crate::Spent;
use crate::net::{Connection, NetError, Target};
use crate::recording::tape::Tape;
use crate::sandbox::Call;

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "wasi:http", interfaces: &["outgoing-handler", "types"] }],
    import: "wasi:http/outgoing-handler",
    wished: |wishes| wishes.hosts.first().map(|wish| format!("requests to {}", wish.host)),
    link: |linker| {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
        // The engine's own knows no error of an answer's body.
        let code = |mut store: StoreContextMut<'_, Call>, (error,): (Resource<StreamFailure>,)| {
            let failure = store.data_mut().given.wasi.view().table.get(&error)?;
            Ok((failure.downcast_ref().map(in_a_body),))
        };
        linker.instance(TYPES)?.func_wrap("http-error-code", code)
    },
};

/// The engine's name of the interface; it answers all of its patch versions.
const TYPES: &str = "wasi:http/types@0.2.12";

/// Headers a niche neither sends nor sees, beside those of the connection itself.
const WITHHELD: [HeaderName; 4] = [header::AUTHORIZATION, header::COOKIE, header::TE, header::TRAILER];

/// The most a guest hands over of a body at once.
const CHUNK_BYTES: usize = 64 << 10;

/// One call's requests.
pub(crate) struct PerCall {
    context: WasiHttpCtx,
    way: Way,
}

/// The way out.
struct Way {
    /// None for a call that belongs to no tenant.
    egress: Option<Egress>,
    tape: Option<Tape>,
    /// Bytes that a call may send.
    most_bytes: u64,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(setup.limits.output_bytes.min(64 << 10));
        let most_bytes = setup.limits.egress.sent_bytes;
        Self { context, way: Way { egress: setup.egress.clone(), tape: setup.tape.clone(), most_bytes } }
    }

    /// What is used is counted in the call's egress.
    pub(crate) fn meter(&self, _: &mut Spent) {}
}

impl WasiHttpView for Call {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let PerCall { context, way } = &mut self.given.http;
        WasiHttpCtxView { hooks: way, table: self.given.wasi.view().table, ctx: context }
    }
}

impl WasiHttpHooks for Way {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        static FILTER: LazyLock<ForbiddenHeaderFilter> = LazyLock::new(|| {
            Arc::new(|name| DEFAULT_FORBIDDEN_HEADERS.contains(name) || WITHHELD.contains(name))
        });
        Arc::clone(&FILTER)
    }

    /// The connector writes it, from the host that was checked.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let egress = self.egress.clone();
        match &self.tape {
            None => Box::new(live(egress, request)),
            Some(tape) => Box::new(taped::exchange(tape, egress, self.most_bytes, request)),
        }
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES
    }
}

type Answer = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// Sends one request. The guest's own time-outs may be longer than ours and are not needed to be shorter: it can stop
/// waiting.
async fn live(egress: Option<Egress>, request: Request<WasiBody>) -> Result<Answer, Error> {
    let (response, connection) = match egress {
        Some(egress) => send(&egress, request).await?,
        None => return Err(Error::HttpRequestDenied),
    };
    let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async move {
        connection.await;
        Ok(())
    });
    Ok((response, done))
}

/// Sends what is granted.
async fn send(egress: &Egress, request: Request<WasiBody>) -> Result<(Response<WasiBody>, Connection), Error> {
    let sent = async {
        let target = Target::of(request.uri())?;
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(NetError::Refused("nothing is tunnelled or traced".into()));
        }
        egress.grant.http(request.method().as_str(), target.host())?;
        egress.connector.send(&target, request, &egress.meter).await
    };
    match sent.await {
        Ok((response, connection)) => Ok((response.map(|body| body.map_err(broken).boxed_unsync()), connection)),
        Err(error) => {
            egress.refused("http", &error);
            Err(told(error))
        }
    }
}

/// Why a body ends before its end.
fn broken(error: hyper::Error) -> Error {
    NetError::of(&error).map_or(Error::Hyper(error), told)
}

/// The contract's word for what broke an answer's body.
fn in_a_body(error: &Error) -> ErrorCode {
    match error {
        Error::InternalError(what) => ErrorCode::InternalError(what.clone()),
        _ => ErrorCode::HttpResponseIncomplete,
    }
}

/// The nearest of the contract's words, which for what is refused or too much have no room for why.
fn told(error: NetError) -> Error {
    match error {
        NetError::NotGranted(_) | NetError::NotGrantedOnward(_) | NetError::Refused(_) | NetError::Withheld => Error::HttpRequestDenied,
        NetError::AddressRefused => Error::DestinationIpProhibited,
        NetError::Limit(what) | NetError::Late(what) => Error::InternalError(Some(what.to_owned())),
        NetError::Unavailable(_) => Error::DestinationUnavailable,
    }
}
