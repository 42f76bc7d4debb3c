//! Whose request it is: the API counts by address, and must not be told a made-up one.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Where the address stands, both for us and for the API.
pub(super) const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts the client's address in place of whatever the request says of it. Metrics are for this machine alone.
pub(super) async fn name(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let headers = request.headers();
    let here = peer.is_some_and(|peer| peer.is_loopback()) && !headers.contains_key(FORWARDED);
    if request.uri().path() == "/metrics" && !here {
        return StatusCode::NOT_FOUND.into_response();
    }
    let client = peer.and_then(|peer| HeaderValue::try_from(address(peer, headers).to_string()).ok());
    match client {
        Some(client) => request.headers_mut().insert(FORWARDED, client),
        None => request.headers_mut().remove(FORWARDED),
    };
    next.run(request).await
}

/// The peer; behind a proxy of ours, which is one that no one on the Internet can be, whom that one named last.
fn address(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let told = || {
        let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse::<IpAddr>().ok()
    };
    if is_near(peer) { told().map_or(peer, |address| address.to_canonical()) } else { peer }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_says_of_itself_is_not_believed() {
        let headers = HeaderMap::from_iter([(FORWARDED, HeaderValue::from_static("192.0.2.9, 192.0.2.1"))]);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(address(ip("198.51.100.1"), &headers), ip("198.51.100.1"));
        assert_eq!(address(ip("10.0.0.2"), &headers), ip("192.0.2.1"));
        assert_eq!(address(ip("fdaa::2"), &HeaderMap::new()), ip("fdaa::2"));
    }
}
