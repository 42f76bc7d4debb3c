//! An internet of the tests' own: names stand for what a test says, what is dialed is written down, and every
//! connection ends at one real HTTPS server on loopback.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use openclaw_plugins::{Dialer, Network, Resolver, Wire};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A name nobody vouches for: the server's certificate is not for it.
pub(crate) const UNVOUCHED: &str = "unvouched.example.net";
/// Some address of the public internet.
pub(crate) const PUBLIC: &str = "93.184.215.14";

const VOUCHED: [&str; 6] = [
    "api.example.com",
    "files.example.net",
    "cdn.example.net",
    "www.googleapis.test",
    "upload.googleapis.test",
    "evil.test",
];

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
}

/// The names, what was dialed, and what the server saw.
#[derive(Clone)]
pub(crate) struct Internet(Arc<Inner>);

struct Inner {
    /// What a name stands for, look-up by look-up; the last stays. Any other name: [`PUBLIC`].
    names: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    dialed: Mutex<Vec<IpAddr>>,
    seen: Mutex<Vec<Seen>>,
    server: SocketAddr,
}

impl Internet {
    /// Starts the server; gives the network that leads to it.
    pub(crate) async fn start() -> (Self, Network) {
        let made = rcgen::generate_simple_self_signed(VOUCHED.map(String::from)).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let internet = Self(Arc::new(Inner {
            names: Mutex::default(),
            dialed: Mutex::default(),
            seen: Mutex::default(),
            server: listener.local_addr().unwrap(),
        }));
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), internet.clone()));
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let network = Network {
            resolver: Arc::new(internet.clone()),
            dialer: Arc::new(internet.clone()),
            roots: Arc::new(roots),
        };
        (internet, network)
    }

    /// From now on `name` stands for `addresses`, one look-up after the other.
    pub(crate) fn name(&self, name: &str, addresses: &[&str]) {
        let one = |address: &&str| vec![address.parse().unwrap()];
        self.0.names.lock().unwrap().insert(name.to_owned(), addresses.iter().map(one).collect());
    }

    /// What was dialed since the last time this was asked.
    pub(crate) fn dialed(&self) -> Vec<String> {
        self.0.dialed.lock().unwrap().drain(..).map(|address| address.to_string()).collect()
    }

    /// What the server saw since the last time this was asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().unwrap().drain(..).collect()
    }
}

#[async_trait]
impl Resolver for Internet {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.names.lock().unwrap();
        Ok(match names.get_mut(host) {
            Some(queue) if queue.len() > 1 => queue.pop_front().unwrap(),
            Some(queue) => queue[0].clone(),
            None => vec![PUBLIC.parse().unwrap()],
        })
    }
}

#[async_trait]
impl Dialer for Internet {
    async fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Wire>> {
        self.0.dialed.lock().unwrap().push(address.ip());
        Ok(Box::new(TcpStream::connect(self.0.server).await?))
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, internet: Internet) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, internet) = (tls.clone(), internet.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(|request| answer(internet.clone(), request));
            // A client that goes away in the middle is an ordinary end here.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

async fn answer(internet: Internet, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let path = head.uri.path_and_query().unwrap().as_str().to_owned();
    let seen = Seen { host: header("host").unwrap(), path: path.clone(), authorization: header("authorization") };
    let token = seen.authorization.clone().unwrap_or_default().replace("Bearer ", "");
    internet.0.seen.lock().unwrap().push(seen);
    let asked = head.uri.path().trim_start_matches("/v1").trim_start_matches('/');
    let (what, argument) = asked.split_once('/').unwrap_or((asked, ""));
    let plain = |text: String| Response::new(full(text));
    Ok(match what {
        "echo" => plain(format!("{} {path} {} {}", head.method, body.len(), header("x-note").unwrap_or_default())),
        "large" => plain("x".repeat(argument.parse().unwrap())),
        "to" => redirect(StatusCode::FOUND, &argument.replace('~', "/")),
        "cookie" => {
            let mut response = plain("baked".into());
            response.headers_mut().insert("set-cookie", "session=1".parse().unwrap());
            response
        }
        "leak-body" => plain(format!("you are {token}")),
        "leak-encoded" => plain(format!("you are {}", base64(&format!("user {token}")))),
        "leak-header" => {
            let mut response = plain("look above".into());
            response.headers_mut().insert("x-token", token.parse().unwrap());
            response
        }
        "zipped" => {
            let mut response = plain("no, but it says so".into());
            response.headers_mut().append("content-encoding", "identity".parse().unwrap());
            response.headers_mut().append("content-encoding", "gzip".parse().unwrap());
            response
        }
        // To another host, with the token in the address.
        "leak-away" => redirect(StatusCode::FOUND, &format!("https://api.example.com/echo?token={token}")),
        // To itself, for ever, by its whole address.
        "loop" => redirect(StatusCode::FOUND, &format!("https://api.example.com{path}")),
        // To the next, for ever.
        "round" => redirect(StatusCode::TEMPORARY_REDIRECT, &path.replace("/round", "/round/on")),
        "never" => std::future::pending().await,
        "stuck" => {
            let first = futures::stream::once(async { Ok(Frame::data(Bytes::from_static(b"one"))) });
            let rest = futures::StreamExt::chain(first, futures::stream::pending());
            Response::new(StreamBody::new(rest).boxed_unsync())
        }
        _ => {
            let mut response = plain(String::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    })
}

fn redirect(status: StatusCode, location: &str) -> Response<Body> {
    Response::builder().status(status).header("location", location).body(full(String::new())).unwrap()
}

fn full(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
