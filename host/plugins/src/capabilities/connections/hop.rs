//! The way of one request through its redirects: where it goes next, and whether the credential goes with it.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, Request as HttpRequest, Uri};
use secrecy::ExposeSecret;
use url::Url;

use super::request::{Request, Response};
use crate::credentials::Credential;
use crate::grant::Grant;
use crate::net::{NetError, Target};

/// One request on its way.
pub(super) struct Hop {
    pub(super) target: Target,
    pub(super) request: HttpRequest<Bytes>,
}

/// Where a request is now.
pub(super) struct Journey<'a> {
    credential: &'a Credential,
    /// The provider's API.
    base: Url,
    /// Its host.
    home: String,
    at: Url,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl<'a> Journey<'a> {
    /// The niche's path below the provider's API. The request was checked.
    pub(super) fn begin(request: &Request, credential: &'a Credential) -> Result<Self, NetError> {
        // The base is the host's own: its faults are not told to the niche.
        let at = format!("{}{}", credential.base_url.trim_end_matches('/'), request.path);
        let at = Url::parse(&at).map_err(|_| NetError::Refused("the path cannot be part of an address".into()))?;
        let base = Url::parse(&credential.base_url).map_err(|_| NetError::Unavailable("the connection is not set up"))?;
        let home = base.host_str().ok_or(NetError::Unavailable("the connection is not set up"))?.to_owned();
        // Whatever the check of the path let through: this is where it leads.
        if !is_below(&at, &base) {
            return Err(NetError::Refused("the path leads out of the provider's API".into()));
        }
        let proper = |_| NetError::Refused("a header is not one".into());
        let header = |(name, value): &(String, String)| {
            let name = name.parse::<HeaderName>().map_err(|_| NetError::Refused("a header is not one".into()))?;
            Ok((name, HeaderValue::from_str(value).map_err(proper)?))
        };
        Ok(Self {
            credential,
            base,
            home,
            at,
            method: request.method.parse().map_err(|_| NetError::Refused("the method is not one".into()))?,
            headers: request.headers.iter().map(header).collect::<Result<_, NetError>>()?,
            body: request.body.clone().unwrap_or_default().into(),
        })
    }

    /// The next request. The credential goes with it only to the hosts it may be sent to; any other host must be one
    /// that the release may reach by itself.
    pub(super) fn hop(&self, grant: &Grant) -> Result<Hop, NetError> {
        let uri: Uri = self.at.as_str().parse().map_err(|_| NetError::Refused("the address is not one".into()))?;
        let target = Target::of(&uri)?;
        let host = target.host();
        let trusted = self.is_trusted(host);
        if !trusted {
            grant.http(self.method.as_str(), host).map_err(NetError::NotGrantedOnward)?;
        }
        let mut request = HttpRequest::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        // The answer is looked through: it has to come as it is.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if trusted {
            let unusable = NetError::Unavailable("the connection's credential cannot be sent");
            for (name, value) in &self.credential.headers {
                let name = name.parse::<HeaderName>().map_err(|_| unusable.clone())?;
                let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| unusable.clone())?;
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        Ok(Hop { target, request })
    }

    /// Whether the credential may be sent to `host`.
    fn is_trusted(&self, host: &str) -> bool {
        host == self.home || self.credential.hosts.iter().any(|pattern| pattern.matches(host))
    }

    /// Whether the request is at a host that the credential must not reach, in an address either.
    pub(super) fn is_away(&self) -> bool {
        !self.at.host_str().is_some_and(|host| self.is_trusted(host))
    }

    /// Whether `response` sends the request on; then it is where that points to.
    pub(super) fn goes_on(&mut self, response: &Response) -> Result<bool, NetError> {
        let Some(location) = response.header(&LOCATION).filter(|_| matches!(response.status, 301 | 302 | 303 | 307 | 308))
        else {
            return Ok(false);
        };
        self.at = self.at.join(location).map_err(|_| NetError::Refused("the redirect leads nowhere".into()))?;
        self.at.set_fragment(None);
        if self.at.host_str() == Some(&self.home) && !is_below(&self.at, &self.base) {
            return Err(NetError::Refused("the redirect leads out of the provider's API".into()));
        }
        // As browsers do: what was asked for is fetched, not sent a second time, unless the server says so.
        let fetched = response.status == 303 || (self.method == Method::POST && matches!(response.status, 301 | 302));
        if fetched && self.method != Method::GET {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers.retain(|(name, _)| *name != CONTENT_TYPE);
        }
        Ok(true)
    }
}

/// Whether `address` is one of the API at `base`.
fn is_below(address: &Url, base: &Url) -> bool {
    let below = address.path().strip_prefix(base.path().trim_end_matches('/'));
    address.origin() == base.origin() && below.is_some_and(|rest| rest.starts_with('/'))
}
