//! How often what needs no sign-in may be asked for: by one address or for one interview, and by all of them together.
//! Kept in memory, so that each process of the role counts for itself.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{HeaderMap, request::Parts};
use moka::sync::Cache;
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, Result},
};

/// Links that one address may have sent in a minute.
const SIGN_INS: u32 = 20;
/// Links that all may have sent in a minute.
const ALL_SIGN_INS: u32 = 600;
/// Interviews that one address may begin in a minute.
const INTERVIEWS: u32 = 60;
/// Interviews that all may begin in a minute.
const ALL_INTERVIEWS: u32 = 1_800;
/// Times in a minute that one customer, or one interview that is no customer's yet, may have the niche asked what comes
/// next.
const QUESTIONS: u32 = 120;
/// Times in a minute that one address may, for all of its interviews.
const ADDRESS_QUESTIONS: u32 = 480;
/// Times in a minute that all may.
const ALL_QUESTIONS: u32 = 6_000;
/// The span of these numbers: after it an unused bucket is full, and need not be kept.
const SPAN: Duration = Duration::from_secs(60);
/// Addresses, customers and interviews that are counted at most; of more, those that ask seldom are forgotten.
const COUNTED: u64 = 100_000;

/// A bucket that holds `size` and fills within [`SPAN`].
#[derive(Debug)]
struct Bucket {
    size: u32,
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(size: u32, now: Instant) -> Self {
        Self { size, left: f64::from(size), at: now }
    }

    /// Takes one; else says how long until there is one.
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let size = f64::from(self.size);
        let filled = now.saturating_duration_since(self.at).as_secs_f64() / SPAN.as_secs_f64() * size;
        (self.left, self.at) = ((self.left + filled).min(size), now);
        if self.left < 1.0 {
            return Err(SPAN.mul_f64((1.0 - self.left) / size));
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// The buckets of one thing that may be asked for, by whom it is counted for.
struct Limit<K> {
    each: u32,
    of_each: Cache<K, Arc<Mutex<Bucket>>>,
    of_all: Mutex<Bucket>,
}

impl<K: Eq + Hash + Send + Sync + 'static> Limit<K> {
    fn new(each: u32, all: u32) -> Self {
        let of_each = Cache::builder().max_capacity(COUNTED).time_to_idle(SPAN).build();
        Self { each, of_each, of_all: Mutex::new(Bucket::new(all, Instant::now())) }
    }

    fn take(&self, who: K, now: Instant) -> Result<(), Duration> {
        let bucket = self.of_each.get_with(who, || Arc::new(Mutex::new(Bucket::new(self.each, now))));
        bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now)?;
        self.of_all.lock().unwrap_or_else(PoisonError::into_inner).take(now)
    }
}

/// The limits of this process.
#[derive(Clone)]
pub(crate) struct Limits(Arc<All>);

struct All {
    sign_in: Limit<IpAddr>,
    interview: Limit<IpAddr>,
    question: Limit<Uuid>,
    /// The questions of one address: who begins many interviews leaves those of all to others.
    asking: Limit<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self(Arc::new(All {
            sign_in: Limit::new(SIGN_INS, ALL_SIGN_INS),
            interview: Limit::new(INTERVIEWS, ALL_INTERVIEWS),
            question: Limit::new(QUESTIONS, ALL_QUESTIONS),
            asking: Limit::new(ADDRESS_QUESTIONS, u32::MAX),
        }))
    }
}

impl Limits {
    /// Before a link is sent.
    pub(crate) fn sign_in(&self, client: Client) -> Result<()> {
        client.take(&self.0.sign_in)
    }

    /// Before an interview is begun.
    pub(crate) fn interview(&self, client: Client) -> Result<()> {
        client.take(&self.0.interview)
    }

    /// Before a niche is asked for the next question of `whose` interview: a customer's id, or the interview's.
    pub(crate) fn question(&self, client: Client, whose: Uuid) -> Result<()> {
        client.take(&self.0.asking)?;
        self.0.question.take(whose, Instant::now()).map_err(too_often)
    }
}

fn too_often(wait: Duration) -> ApiError {
    ApiError::TooMany {
        detail: "this was asked for too often just now: wait a moment".into(),
        retry_after: wait.as_secs() + 1,
    }
}

/// Where a request comes from. None for a developer's own machine, which nothing is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client(Option<IpAddr>);

impl Client {
    fn take(self, limit: &Limit<IpAddr>) -> Result<()> {
        let Some(address) = self.0 else { return Ok(()) };
        limit.take(address, Instant::now()).map_err(too_often)
    }
}

impl FromRequestParts<AppState> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = address(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), &parts.headers);
        Ok(Self((!state.settings.is_dev() || !address.is_loopback()).then(|| counted_as(address))))
    }
}

/// The address of whoever asks: the web server, which stands near us, says for whom it does.
fn address(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let told = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse::<IpAddr>().ok()
    };
    if is_near(peer) { told().map_or(peer, |address| address.to_canonical()) } else { peer }
}

/// Whether it is an address that no one on the Internet can have.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            // 100.64.0.0/10: between a provider's machines.
            let [a, b, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Who has one IPv6 address has the whole /64.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_bucket_runs_dry_and_fills_again() {
        let limit = Limit::new(2, 3);
        let now = Instant::now();
        assert_eq!(limit.take(ip("192.0.2.1"), now), Ok(()));
        assert_eq!(limit.take(ip("192.0.2.1"), now), Ok(()));
        assert_eq!(limit.take(ip("192.0.2.1"), now), Err(SPAN / 2));
        assert_eq!(limit.take(ip("192.0.2.2"), now), Ok(()), "another address");
        assert_eq!(limit.take(ip("192.0.2.3"), now), Err(SPAN / 3), "all together");
        assert_eq!(limit.take(ip("192.0.2.1"), now + SPAN / 2), Ok(()));
    }

    #[test]
    fn an_address_with_many_interviews_leaves_the_others_theirs() {
        let limits = Limits::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| Client(Some(ip(address))));
        let asked = (0..ALL_QUESTIONS).filter(|n| limits.question(one, Uuid::from_u128((n / 100).into())).is_ok());
        assert!((ADDRESS_QUESTIONS as usize..2 * ADDRESS_QUESTIONS as usize).contains(&asked.count()));
        limits.question(other, Uuid::from_u128(u128::MAX)).unwrap();
    }

    #[test]
    fn only_who_is_near_says_for_whom_it_asks() {
        let headers =
            |value: &str| HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())]);
        assert_eq!(address(ip("10.0.0.2"), &headers("192.0.2.9, 192.0.2.1")), ip("192.0.2.1"));
        assert_eq!(address(ip("::ffff:127.0.0.1"), &headers("192.0.2.1")), ip("192.0.2.1"));
        assert_eq!(address(ip("198.51.100.1"), &headers("192.0.2.1")), ip("198.51.100.1"));
        assert_eq!(address(ip("10.0.0.2"), &headers("nonsense")), ip("10.0.0.2"));
        assert_eq!(counted_as(ip("2001:db8:0:1::1")), counted_as(ip("2001:db8:0:1:ffff::2")));
        assert_ne!(counted_as(ip("2001:db8:0:1::1")), counted_as(ip("2001:db8:0:2::1")));
    }
}
