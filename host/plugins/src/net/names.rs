//! Looks up names with the system's name servers. A look-up is no thread: it ends when nobody waits for it any more, so
//! names that are never answered for hold up nobody else.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolverOpts;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use tokio::sync::Mutex;

use super::Resolver;

/// How long one name server has for one question.
const ANSWER: Duration = Duration::from_millis(1500);
/// How often it is asked in all.
const ATTEMPTS: usize = 2;

/// Questions that one name server is asked at once, over one connection.
const AT_ONCE: usize = 1024;
/// How long it holds which the name servers are: a machine may move to another network.
const READ: Duration = Duration::from_secs(60);

/// The system's name servers and its hosts file, read when a name is looked up.
#[derive(Default)]
pub(super) struct Names(Mutex<Option<(Instant, TokioResolver)>>);

impl Names {
    async fn servers(&self) -> io::Result<TokioResolver> {
        let mut known = self.0.lock().await;
        if let Some((read, servers)) = &*known
            && read.elapsed() < READ
        {
            return Ok(servers.clone());
        }
        let read = || {
            let mut builder = TokioResolver::builder(TokioRuntimeProvider::default())?;
            bound(builder.options_mut());
            builder.build()
        };
        let servers = tokio::task::spawn_blocking(read).await?.map_err(io::Error::other)?;
        *known = Some((Instant::now(), servers.clone()));
        Ok(servers)
    }
}

fn bound(options: &mut ResolverOpts) {
    options.timeout = ANSWER;
    options.attempts = ATTEMPTS;
    options.max_active_requests = AT_ONCE;
    // An answer that is remembered tells one tenant what another has asked for.
    options.cache_size = 0;
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // With the dot at the end, no search domain of this machine's is put behind the name.
        let name = Name::from_ascii(format!("{host}.")).map_err(io::Error::other)?;
        let found = self.servers().await?.lookup_ip(name).await.map_err(io::Error::other)?;
        Ok(found.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use futures::future::join_all;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use tokio::time::timeout;

    use super::*;

    /// Names that are looked up with a server at this port alone.
    fn names(port: u16) -> Names {
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        bound(builder.options_mut());
        Names(Mutex::new(Some((Instant::now(), builder.build().unwrap()))))
    }

    /// What a server says to `query`: 203.0.113.7, and nothing of version 6.
    fn answer(query: &[u8]) -> Vec<u8> {
        let name = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
        let wants_v4 = query[name..name + 2] == [0, 1];
        let mut said = query[..2].to_vec();
        said.extend([0x81, 0x80, 0, 1, 0, u8::from(wants_v4), 0, 0, 0, 0]);
        said.extend(&query[12..name + 4]);
        if wants_v4 {
            said.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7]);
        }
        said
    }

    #[tokio::test]
    async fn a_name_is_asked_for_as_it_is_each_time() {
        let server = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let names = names(server.local_addr().unwrap().port());
        let mut asked = vec![];
        let serve = async {
            loop {
                let mut query = [0; 512];
                let (length, whom) = server.recv_from(&mut query).await.unwrap();
                let query = &query[..length];
                asked.push(String::from_utf8_lossy(&query[12..]).to_ascii_lowercase());
                server.send_to(&answer(query), whom).await.unwrap();
            }
        };
        let look_up = async {
            for _ in 0..2 {
                let found = names.resolve("api.example.com").await.unwrap();
                assert_eq!(found, [IpAddr::from([203, 0, 113, 7])]);
            }
        };
        tokio::select! {
            () = serve => unreachable!("the server goes on"),
            () = look_up => {}
        }
        assert!(asked.len() >= 4, "both versions, and nothing is remembered: {asked:?}");
        assert!(asked.iter().all(|name| name.starts_with("\u{3}api\u{7}example\u{3}com\0")), "{asked:?}");
    }

    #[test]
    fn names_that_nobody_answers_for_take_no_thread_and_end_with_who_waits() {
        // One thread for what blocks: a look-up that kept it would be noticed by whoever needs it next.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
        let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        runtime.block_on(async {
            let names = names(silent.local_addr().unwrap().port());
            let asked = (0..100).map(|n| {
                let (names, host) = (&names, format!("n{n}.example.com"));
                async move { timeout(Duration::from_millis(500), names.resolve(&host)).await.is_err() }
            });
            assert!(join_all(asked).await.into_iter().all(|late| late), "nobody answered");
            silent.set_nonblocking(true).unwrap();
            assert!(silent.recv(&mut [0; 512]).is_ok(), "the server was asked");
            timeout(ANSWER, tokio::task::spawn_blocking(|| ())).await.expect("the thread is free").unwrap();
            // Whoever waits to the end is told in time.
            let waited = timeout(ANSWER * 2 * ATTEMPTS as u32, names.resolve("last.example.com")).await;
            assert!(waited.expect("it ends by itself").is_err());
        });
    }
}
