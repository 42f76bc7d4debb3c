//! Sends one request over a connection of its own: nothing of another call's, let alone another tenant's, was ever on
//! it. Follows no redirects: whoever does sends the next request through here again.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::is_public;
use super::wire::Metered;
use super::{Meter, NetError, Network, Wire};
use crate::PluginError;
use crate::grant::HostPattern;

/// The only port.
const PORT: u16 = 443;
/// How many of a name's addresses are tried.
const TRIED: usize = 3;
/// What servers see of who asks, unless the niche says something else.
const AGENT: HeaderValue = HeaderValue::from_static("openclaw-cloud");

/// Opens connections and sends requests.
pub(crate) struct Connector {
    network: Network,
    tls: TlsConnector,
}

/// Where a request goes: `https`, a name, the one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    host: String,
    path: PathAndQuery,
}

impl Target {
    /// Takes a URI apart, if it is one that anything may be sent to.
    pub(crate) fn of(uri: &Uri) -> Result<Self, NetError> {
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(NetError::Refused("only https is sent".into()));
        }
        let authority = uri.authority().ok_or_else(|| NetError::Refused("the request names no host".into()))?;
        if authority.as_str().contains('@') || !matches!(authority.port_u16(), None | Some(PORT)) {
            return Err(NetError::Refused(format!("only port {PORT} is sent to, and no user is named in an address")));
        }
        // An authority that ends in a colon has a port that is none, and reads back as part of the host.
        let host = authority.host().to_ascii_lowercase();
        let named = matches!(host.parse(), Ok(HostPattern::Exact(_)));
        if !named {
            return Err(NetError::Refused(
                "a host is named, such as `api.example.com`, not given by its address".into(),
            ));
        }
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self { host, path })
    }

    /// The host's name, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// Keeps an answer's connection alive while its body is read; ends when the connection does, and ends the connection
/// when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(|_| ())
    }
}

impl Connector {
    pub(crate) fn new(network: Network) -> Result<Self, PluginError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| PluginError::Engine(format!("TLS: {error}")))?
            .with_root_certificates(Arc::clone(&network.roots))
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A session taken up again would let a server tell that two tenants share a host.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Self { network, tls: TlsConnector::from(Arc::new(tls)) })
    }

    /// Sends `request` to `target`, which need not be what its URI says, and gives the answer's head. Whether it may
    /// be sent there the caller has asked the grant.
    pub(crate) async fn send<B>(
        &self,
        target: &Target,
        mut request: Request<B>,
        meter: &Arc<Meter>,
    ) -> Result<(Response<Incoming>, Connection), NetError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let limits = meter.limits();
        let running = meter.begin()?;
        let stream = within(limits.connect, "no connection in time", self.connect(target)).await?;
        let stream = Metered::new(stream, Arc::clone(meter), limits.between_bytes, running);
        *request.uri_mut() = Uri::from(target.path.clone());
        let host = HeaderValue::from_str(&target.host).map_err(|_| NetError::Refused("no host name".into()))?;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.entry(USER_AGENT).or_insert(AGENT);
        let failed = |error: hyper::Error| {
            NetError::of(&error).unwrap_or(NetError::Unavailable("the connection broke before the answer"))
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let connection = Connection(tokio::spawn(async move {
            // Whoever reads the answer is told of the error.
            let _ = connection.await;
        }));
        let answer = async { sender.send_request(request).await.map_err(failed) };
        let response = within(limits.first_byte, "no answer in time", answer).await?;
        Ok((response, connection))
    }

    /// A connection to one of the addresses that were looked at. The name is looked up once: what it stands for a
    /// moment later does not matter.
    async fn connect(&self, target: &Target) -> Result<tokio_rustls::client::TlsStream<Box<dyn Wire>>, NetError> {
        let unknown = NetError::Unavailable("the host's name could not be resolved");
        let addresses = self.network.resolver.resolve(&target.host).await.map_err(|_| unknown.clone())?;
        if addresses.is_empty() {
            return Err(unknown);
        }
        // One address that is not public condemns the name: nobody has such a name by mistake.
        if !addresses.iter().all(|address| is_public(*address)) {
            return Err(NetError::AddressRefused);
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| NetError::Refused("no name that a certificate could bear".into()))?;
        let stream = self.dial(&addresses).await?;
        self.tls.connect(name, stream).await.map_err(|_| NetError::Unavailable("no secure connection to the host"))
    }

    async fn dial(&self, addresses: &[IpAddr]) -> Result<Box<dyn Wire>, NetError> {
        for address in addresses.iter().take(TRIED) {
            if let Ok(stream) = self.network.dialer.dial(SocketAddr::new(*address, PORT)).await {
                return Ok(stream);
            }
        }
        Err(NetError::Unavailable("the host could not be reached"))
    }
}

/// `part`, if it ends in time.
async fn within<T>(
    time: Duration,
    late: &'static str,
    part: impl Future<Output = Result<T, NetError>>,
) -> Result<T, NetError> {
    timeout(time, part).await.unwrap_or(Err(NetError::Late(late)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Result<Target, NetError> {
        Target::of(&uri.parse().unwrap())
    }

    #[test]
    fn only_https_to_a_name_on_the_one_port_is_sent() {
        assert_eq!(target("https://API.example.com:443/a?b").unwrap().host(), "api.example.com");
        assert_eq!(target("https://api.example.com").unwrap().path.as_str(), "/");
        for uri in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://user@api.example.com/",
            "https://127.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:127.0.0.1]/",
            "https://[::1]:443/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "https://api.example.com./",
            "ftp://api.example.com/",
            "/relative",
        ] {
            assert!(matches!(target(uri), Err(NetError::Refused(_))), "{uri}");
        }
    }
}
