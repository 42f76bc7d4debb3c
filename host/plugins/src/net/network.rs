//! The two steps that touch the real network, as traits, so that tests decide what a name stands for and never dial
//! out: looking up a name, and opening a connection to an address.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use rustls::RootCertStore;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::names::Names;

/// Looks up names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, a full name in lower case.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Opens connections.
#[async_trait]
pub trait Dialer: Send + Sync {
    /// A connection to just this address.
    async fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Wire>>;
}

/// A connection's bytes.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The network as niches reach it.
#[derive(Clone)]
pub struct Network {
    /// Looks up names.
    pub resolver: Arc<dyn Resolver>,
    /// Opens connections.
    pub dialer: Arc<dyn Dialer>,
    /// Who may vouch for a server's name.
    pub roots: Arc<RootCertStore>,
}

impl Default for Network {
    /// The internet: the system's name servers, TCP, and the authorities that browsers trust.
    fn default() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self { resolver: Arc::new(Names::default()), dialer: Arc::new(System), roots: Arc::new(roots) }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// The operating system's.
struct System;

#[async_trait]
impl Dialer for System {
    async fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
