//! A request to a provider and its answer, as plain data.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT, HOST, IF_RANGE, RANGE,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue, Method, response};
use percent_encoding::percent_decode;

use crate::net::NetError;

/// What a niche may send.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Headers that are not a niche's to set: credentials, those that belong to a connection, and those that would have the
/// answer come encoded or in pieces, in which a credential could not be found.
const REFUSED: [HeaderName; 14] = [
    AUTHORIZATION,
    COOKIE,
    HOST,
    CONNECTION,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    UPGRADE,
    TE,
    TRAILER,
    EXPECT,
    ACCEPT_ENCODING,
    RANGE,
    IF_RANGE,
    HeaderName::from_static("keep-alive"),
];

/// A request to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) provider: String,
    pub(crate) method: String,
    /// Path and query below the provider's API.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// The provider's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Whether it is one that may be sent.
    pub(super) fn check(&self) -> Result<(), NetError> {
        let refused = |why: String| Err(NetError::Refused(why));
        if !METHODS.iter().any(|method| method.as_str() == self.method) {
            return refused("the method is not GET, POST, PUT, PATCH or DELETE".into());
        }
        // What is no part of an address is dropped or rewritten when one is made of it, and with it what is looked for
        // below.
        if !self.path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refused("the path holds what no address may: spaces, control characters or letters beyond ASCII".into());
        }
        // A path that climbs would leave the part of the provider's API that the connection is for.
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        if !self.path.starts_with('/') || self.path.starts_with("//") || climbs(path) || self.path.contains('#') {
            return refused("the path does not begin with one `/`, or climbs with `..`".into());
        }
        for (name, value) in &self.headers {
            let name = name.parse::<HeaderName>().map_err(|_| NetError::Refused("a header has no proper name".into()))?;
            if REFUSED.contains(&name) || name.as_str().starts_with("proxy-") {
                return refused(format!("the header `{name}` is not a niche's to set"));
            }
            if HeaderValue::from_str(value).is_err() {
                return refused(format!("the value of the header `{name}` is not one"));
            }
        }
        Ok(())
    }
}

/// How often a server may take percent-encoding off a path, at most.
const DECODED: usize = 4;

/// Whether a server that reads `path` generously, decoding it more than once or taking off what follows a `;`, could
/// find a step up in it.
fn climbs(path: &str) -> bool {
    let mut path = path.as_bytes().to_vec();
    for _ in 0..DECODED {
        let parts = path.split(|byte| matches!(byte, b'/' | b'\\'));
        let mut names = parts.map(|part| part.split(|byte| *byte == b';').next().unwrap_or_default());
        if names.any(|name| matches!(name, b"." | b"..")) {
            return true;
        }
        let decoded: Vec<u8> = percent_decode(&path).collect();
        if decoded == path {
            return false;
        }
        path = decoded;
    }
    // Whoever encodes as often as this hides something.
    true
}

impl Response {
    /// An answer whose bytes are what they look like.
    pub(super) fn of(head: response::Parts, body: Bytes) -> Result<Self, NetError> {
        if head.headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
            return Err(NetError::Unavailable("the provider's answer is compressed, though it was asked not to be"));
        }
        // A cookie is a credential that the provider gave.
        let headers = head.headers.iter().filter(|(name, _)| *name != SET_COOKIE);
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Self { status: head.status.as_u16(), headers: headers.map(header).collect(), body: body.into() })
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name.as_str()).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, header: Option<(&str, &str)>) -> Result<(), NetError> {
        let headers = header.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (provider, body) = ("google".to_owned(), None);
        Request { provider, method: method.into(), path: path.into(), headers, body }.check()
    }

    #[test]
    fn what_may_not_be_sent_is_refused() {
        request("GET", "/files/v1.2/..notes?q=../x", Some(("accept", "application/json"))).unwrap();
        request("GET", "/calendars/ana%40example.com;v=1/a%2Fb/100%25", None).unwrap();
        for method in ["get", "CONNECT", "TRACE", "GET ", ""] {
            request(method, "/", None).unwrap_err();
        }
        for path in ["", "files", "//evil.test/", "/a/../b", "/a/%2E%2e/b", "/a/..%2fb", "/..", "/a\\..\\b", "/a#b", "/.\t./b", "/.\n./b", "/a b", "/ã"]
        {
            assert!(request("GET", path, None).is_err(), "{path}");
        }
        for path in ["/..;/b", "/a/.;x=1/b", "/%252e%252e/b", "/a/%25252e./b", "/a%255c..%5cb", "/%2525252525252e"] {
            assert!(request("GET", path, None).is_err(), "{path}");
        }
        for name in ["Authorization", "COOKIE", "host", "proxy-authorization", "range", "accept-encoding", "a b"] {
            assert!(request("GET", "/", Some((name, "x"))).is_err(), "{name}");
        }
        request("GET", "/", Some(("x-note", "a\r\nauthorization: b"))).unwrap_err();
    }
}
