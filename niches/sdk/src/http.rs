//! Requests over HTTPS to the hosts that [`Niche::wants`](crate::Niche::wants) asks for. Redirects are not followed;
//! the address of one is in the answer's `location`, and sending there is a request like any other.

use std::io::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, HeaderError, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme, http_error_code,
};
use wasip2::io::streams::StreamError;

use crate::ToolError;

/// How much of a body is read or written at once.
const PART_BYTES: u64 = 64 << 10;

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The answer to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no request that could be sent: what is wrong.
    #[error("this is no request: {0}")]
    Invalid(String),
    /// The release is not granted it, or nobody is. Who said no is in the host's log, and `niche record` prints it.
    #[error("the request is not granted")]
    NotGranted,
    /// More than a call may send, receive or wait.
    #[error("{0}")]
    Limit(String),
    /// The other side is away, or does not answer as it should.
    #[error("the other side did not answer: {0}")]
    Unavailable(String),
    /// The answer is not what was expected.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotGranted | Error::Limit(_) => Self::Refused(error.to_string()),
            Error::Unavailable(_) => Self::Unavailable(error.to_string()),
            Error::Invalid(_) | Error::Unreadable(_) => Self::Other(error.to_string()),
        }
    }
}

impl Request {
    /// A request for `url`, such as `https://api.example.com/prices?of=x`, with `method` in upper case.
    pub fn new(method: &str, url: &str) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A `GET`.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A `POST`.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// Also with this header. `authorization` and `cookie` are refused: what is sent in a customer's name goes through
    /// [`connections`](crate::connections).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With `value` as its body.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, Error> {
        let body = serde_json::to_vec(value).map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Sends it and waits for the whole answer.
    pub fn send(self) -> Result<Response, Error> {
        let request = self.outgoing()?;
        let body = request.body().map_err(|()| Error::Invalid("it has no body".into()))?;
        let answer = handle(request, None).map_err(refused)?;
        {
            let mut stream = body.write().map_err(|()| Error::Invalid("its body cannot be written".into()))?;
            // Whoever refused the request reads no body: the answer says why.
            let _ = stream.write_all(&self.body);
        }
        let _ = OutgoingBody::finish(body, None);
        answer.subscribe().block();
        let gone = || Error::Unavailable("the answer is gone".into());
        let response = answer.get().and_then(Result::ok).ok_or_else(gone)?.map_err(refused)?;
        read(response)
    }

    /// All but the body, as the host takes it.
    fn outgoing(&self) -> Result<OutgoingRequest, Error> {
        let (authority, path) = parts(&self.url)?;
        let fields = Fields::new();
        for (name, value) in &self.headers {
            fields.append(name, value.as_bytes()).map_err(|error| match error {
                HeaderError::Forbidden => Error::Invalid(format!("the header `{name}` is not a niche's to set")),
                _ => Error::Invalid(format!("the header `{name}` is not one")),
            })?;
        }
        let request = OutgoingRequest::new(fields);
        let method = match self.method.as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "PATCH" => Method::Patch,
            "OPTIONS" => Method::Options,
            other => Method::Other(other.to_owned()),
        };
        let set = [
            (request.set_method(&method), "the method"),
            (request.set_scheme(Some(&Scheme::Https)), "the scheme"),
            (request.set_authority(Some(authority)), "the host"),
            (request.set_path_with_query(Some(path)), "the path"),
        ];
        match set.into_iter().find(|(set, _)| set.is_err()) {
            Some((_, what)) => Err(Error::Invalid(format!("{what} is not one"))),
            None => Ok(request),
        }
    }
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The answer itself if its status is one of success, otherwise an error that says the status.
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(Error::Unavailable(format!("status {}", self.status)))
        }
    }

    /// The body as text.
    pub fn text(self) -> Result<String, Error> {
        String::from_utf8(self.body).map_err(|_| Error::Unreadable("it is no UTF-8".into()))
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Unreadable(error.to_string()))
    }
}

/// Host, and path with query, of an `https` address.
fn parts(url: &str) -> Result<(&str, &str), Error> {
    let rest = url.strip_prefix("https://").ok_or_else(|| Error::Invalid(format!("{url} is not https")))?;
    let rest = rest.split('#').next().unwrap_or_default();
    match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => Ok(rest.split_at(at)),
        Some(_) => Err(Error::Invalid(format!("{url} has a query and no path"))),
        None => Ok((rest, "/")),
    }
}

fn read(response: IncomingResponse) -> Result<Response, Error> {
    let header = |(name, value): (String, Vec<u8>)| (name, String::from_utf8_lossy(&value).into_owned());
    let headers = response.headers().entries().into_iter().map(header).collect();
    let gone = || Error::Unavailable("the answer's body is gone".into());
    let incoming = response.consume().map_err(|()| gone())?;
    let stream = incoming.stream().map_err(|()| gone())?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(PART_BYTES) {
            Ok(part) => body.extend(part),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(
                    http_error_code(&error).map_or_else(|| Error::Unavailable(error.to_debug_string()), refused)
                );
            }
        }
    }
    Ok(Response { status: response.status(), headers, body })
}

/// What the host says, in this crate's words.
fn refused(code: ErrorCode) -> Error {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Error::NotGranted,
        ErrorCode::InternalError(Some(limit)) => Error::Limit(limit),
        other => Error::Unavailable(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        assert_eq!(parts("https://api.example.com/a?b#c").unwrap(), ("api.example.com", "/a?b"));
        assert_eq!(parts("https://api.example.com").unwrap(), ("api.example.com", "/"));
        for bad in ["http://api.example.com/", "api.example.com", "https://api.example.com?x"] {
            parts(bad).unwrap_err();
        }
    }
}
