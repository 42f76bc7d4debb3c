//! `connections`: requests to a provider in the tenant's name. The niche names the provider and a path; the host adds
//! the credential, follows redirects, sends the credential to no other host on the way, and withholds an answer that
//! holds it. The niche never sees it.

mod hop;
mod request;
mod secret;
mod taped;

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use wasmtime::component::HasSelf;

use self::hop::{Hop, Journey};
use self::request::{Request, Response};
use self::secret::Secrets;
use super::egress::Egress;
use super::{Capability, Served, Setup};
use crate::Spent;
use crate::contract::bindings::openclaw::niche::connections as wit;
use crate::credentials::{CredentialError, Credentials};
use crate::net::NetError;
use crate::recording::questions::ConnectionFailure as Failure;
use crate::recording::tape::{Tape, answered, asking};

pub(crate) const CAPABILITY: Capability = Capability {
    serves: &[Served { package: "openclaw:niche", interfaces: &["connections"] }],
    import: "openclaw:niche/connections",
    wished: |wishes| wishes.connections.first().map(|wish| format!("the connection to {}", wish.provider)),
    link: |linker| wit::add_to_linker::<_, HasSelf<PerCall>>(linker, |call| &mut call.given.connections),
};

/// One call's connections.
pub(crate) struct PerCall {
    /// None: the call belongs to no tenant.
    given: Option<(Egress, Arc<dyn Credentials>)>,
    tape: Option<Tape>,
}

impl PerCall {
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        let credentials = setup.scope.as_ref().map(|scope| Arc::clone(&scope.credentials));
        Self { given: setup.egress.clone().zip(credentials), tape: setup.tape.clone() }
    }

    /// What is used is counted in the call's egress.
    pub(crate) fn meter(&self, _: &mut Spent) {}

    /// Sends one request and gives the answer at the end of its redirects.
    async fn exchange(&self, request: Request) -> Result<Response, Failure> {
        let Some((egress, credentials)) = &self.given else { return Err(Failure::NotGranted) };
        let refused = |error: NetError| {
            egress.refused("connections", &error);
            Failure::from(error)
        };
        egress.grant.connection(&request.provider).map_err(|refusal| refused(refusal.into()))?;
        request.check().map_err(refused)?;
        let credential = credentials.credential(&request.provider).await?;
        let secrets = Secrets::of(&credential);
        let mut journey = Journey::begin(&request, &credential).map_err(refused)?;
        for _ in 0..=egress.meter.limits().redirects {
            let hop = journey.hop(&egress.grant).map_err(refused)?;
            let response = send(egress, hop).await.map_err(refused)?;
            let goes_on = journey.goes_on(&response).map_err(refused)?;
            // Nor does it leave in the address of a redirect.
            if (!goes_on || journey.is_away()) && secrets.are_in(&response).await {
                return Err(refused(NetError::Withheld));
            }
            if !goes_on {
                return Ok(response);
            }
        }
        Err(refused(NetError::Limit("more redirects than are followed")))
    }
}

/// One request and the whole of its answer.
async fn send(egress: &Egress, hop: Hop) -> Result<Response, NetError> {
    let Hop { target, request } = hop;
    let (response, _connection) = egress.connector.send(&target, request.map(Full::new), &egress.meter).await?;
    let (head, body) = response.into_parts();
    let broken = |error: hyper::Error| {
        NetError::of(&error).unwrap_or(NetError::Unavailable("the connection broke within the answer"))
    };
    let body = body.collect().await.map_err(broken)?.to_bytes();
    Response::of(head, body)
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        match error {
            NetError::NotGranted(_) => Self::NotGranted,
            NetError::NotGrantedOnward(_) | NetError::Refused(_) | NetError::AddressRefused => Self::InvalidRequest(error.to_string()),
            NetError::Limit(what) | NetError::Late(what) => Self::LimitExceeded(what.to_owned()),
            NetError::Withheld => Self::Other(error.to_string()),
            NetError::Unavailable(what) => Self::Unavailable(what.to_owned()),
        }
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::NotConnected => Self::NotConnected,
            CredentialError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl wit::Host for PerCall {
    async fn send(&mut self, request: wit::Request) -> wasmtime::Result<Result<wit::Response, wit::ConnectionError>> {
        let request = Request {
            provider: request.provider,
            method: request.method,
            path: request.path,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: request.body,
        };
        let asking = asking(self.tape.as_ref(), || taped::question(&request));
        let answer = match asking {
            None => self.exchange(request).await,
            asking => {
                let live = async { self.exchange(request).await.map(taped::received) };
                answered(asking, live).await?.map(taped::response)
            }
        };
        let header = |(name, value)| wit::Header { name, value };
        Ok(match answer {
            Ok(response) => Ok(wit::Response {
                status: response.status,
                headers: response.headers.into_iter().map(header).collect(),
                body: response.body,
            }),
            Err(failure) => Err(failure.into()),
        })
    }
}

impl From<Failure> for wit::ConnectionError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotGranted => Self::NotGranted,
            Failure::NotConnected => Self::NotConnected,
            Failure::InvalidRequest(why) => Self::InvalidRequest(why),
            Failure::LimitExceeded(why) => Self::LimitExceeded(why),
            Failure::Unavailable(why) => Self::Unavailable(why),
            Failure::Other(why) => Self::Other(why),
        }
    }
}
