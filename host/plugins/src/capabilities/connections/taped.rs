//! Requests to providers as a recording keeps them: without values that are credentials by their name. The credential of
//! the connection is none of it: the host adds it to what is sent after this, and withholds an answer that holds it.

use super::request::{Request, Response};
use crate::recording::questions::{End, Header, Received, Send};
use crate::recording::{Blob, header, without_secrets};

/// The request as it is kept.
pub(super) fn question(request: &Request) -> Send {
    Send {
        provider: request.provider.clone(),
        method: request.method.clone(),
        path: without_secrets(&request.path).into_owned(),
        headers: request.headers.iter().map(|(name, value)| header(name, value)).collect(),
        body: request.body.clone().map(Blob),
    }
}

/// The answer as it is kept, which is what the guest gets of it.
pub(super) fn received(response: Response) -> Received {
    Received {
        status: response.status,
        headers: response.headers.iter().map(|(name, value)| header(name, value)).collect(),
        body: response.body,
        trailers: vec![],
        end: End::Whole,
    }
}

/// The answer for the guest.
pub(super) fn response(received: Received) -> Response {
    let header = |header: Header| (header.name, header.value);
    Response {
        status: received.status,
        headers: received.headers.into_iter().map(header).collect(),
        body: received.body,
    }
}
