//! Requests over `wasi:http` through a tape. A request is asked when the guest begins it, so that those under way at
//! once keep their order; its body and the answer's are kept as far as they were read.

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use wasmtime_wasi_http::{Error, WasiBody};

use super::{Answer, live};
use crate::capabilities::Egress;
use crate::recording::questions::{End, Header, Http, HttpFailure, Received, optional};
use crate::recording::tape::{Heard, Place, Slot, Tape};
use crate::recording::{Blob, Said, header, without_secrets};

/// One request with its answer: the true one, which is kept, or the tape's. Of a request that is not sent, at most
/// `most_bytes` of the body are held against the recorded one.
pub(super) fn exchange(
    tape: &Tape,
    egress: Option<Egress>,
    most_bytes: u64,
    request: Request<WasiBody>,
) -> impl Future<Output = Result<Answer, Error>> + Send + use<> {
    let heard = tape.ask(Http {
        method: request.method().to_string(),
        url: without_secrets(&request.uri().to_string()).into_owned(),
        headers: headers(request.headers()),
        body: None,
    });
    async move {
        match heard {
            Heard::Live(slot) => record(slot, egress, request).await,
            Heard::Recorded(place, Some(Said::Ok(received))) => {
                let rest = hold(&place, most_bytes, request).await;
                let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(read_on(rest));
                Ok((played(place, received)?, done))
            }
            Heard::Recorded(place, Some(Said::Error(failure))) => {
                hold(&place, most_bytes, request).await;
                Err(failure.into())
            }
            // As when it was recorded: the guest goes on without, or its time runs out.
            Heard::Recorded(_, None) => pending().await,
            Heard::Unrecorded => Err(unrecorded()),
        }
    }
}

// === recording ===

async fn record(slot: Slot<Http>, egress: Option<Egress>, request: Request<WasiBody>) -> Result<Answer, Error> {
    let slot = Arc::new(slot);
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let copy = Arc::new(Mutex::new(Copy::default()));
    let request = request.map(|body| Copied::of(body, Arc::clone(&copy)).boxed_unsync());
    let answer = live(egress, request).await;
    if let Some(body) = copy.lock().unwrap_or_else(PoisonError::into_inner).whole(length) {
        slot.complete(body.len(), |asked| asked.question.body = Some(Blob(body)));
    }
    match answer {
        Ok((response, done)) => {
            let (mut head, body) = response.into_parts();
            // What is left out of the recording is kept from the guest, too: it would be in its result.
            let kept = headers(&head.headers);
            head.headers = header_map(&kept);
            let end = if body.is_end_stream() { End::Whole } else { End::Unread };
            let status = head.status.as_u16();
            slot.keep(Said::Ok(Received { status, headers: kept, body: vec![], trailers: vec![], end }));
            Ok((Response::from_parts(head, Kept { body, slot }.boxed_unsync()), done))
        }
        Err(error) => {
            slot.keep(Said::Error(HttpFailure::from(&error)));
            Err(error)
        }
    }
}

/// What was read of a request's body.
#[derive(Default)]
struct Copy {
    bytes: Vec<u8>,
    ended: bool,
}

impl Copy {
    /// All of the body, if it was read to its end or to the length it was announced with.
    fn whole(&mut self, length: Option<usize>) -> Option<Vec<u8>> {
        (self.ended || length == Some(self.bytes.len())).then(|| std::mem::take(&mut self.bytes))
    }
}

/// A request's body that is copied while it is read.
struct Copied {
    body: WasiBody,
    copy: Arc<Mutex<Copy>>,
}

impl Copied {
    fn of(body: WasiBody, copy: Arc<Mutex<Copy>>) -> Self {
        let copied = Self { body, copy };
        copied.note(None);
        copied
    }

    fn note(&self, bytes: Option<&[u8]>) {
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        copy.bytes.extend_from_slice(bytes.unwrap_or_default());
        copy.ended |= self.body.is_end_stream();
    }
}

impl Body for Copied {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => self.note(frame.data_ref().map(|data| &data[..])),
            Some(Err(_)) => {}
            None => self.copy.lock().unwrap_or_else(PoisonError::into_inner).ended = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body that is kept while it is read.
struct Kept {
    body: WasiBody,
    slot: Arc<Slot<Http>>,
}

impl Kept {
    fn complete(&self, bytes: usize, change: impl FnOnce(&mut Received)) {
        self.slot.complete(bytes, |asked| {
            if let Some(Said::Ok(received)) = &mut asked.answer {
                change(received);
            }
        });
    }
}

impl Body for Kept {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                let failure = HttpFailure::from(&error);
                self.complete(0, |received| received.end = End::Broken(failure));
                return Poll::Ready(Some(Err(error)));
            }
            None => {
                self.complete(0, |received| received.end = End::Whole);
                return Poll::Ready(None);
            }
        };
        let frame = match frame.into_trailers() {
            Ok(trailers) => {
                let trailers = headers(&trailers);
                let given = Frame::trailers(header_map(&trailers));
                let bytes = trailers.iter().map(|header| header.name.len() + header.value.len()).sum();
                self.complete(bytes, |received| received.trailers = trailers);
                given
            }
            Err(frame) => {
                if let Some(data) = frame.data_ref() {
                    self.complete(data.len(), |received| received.body.extend_from_slice(data));
                }
                frame
            }
        };
        if self.body.is_end_stream() {
            self.complete(0, |received| received.end = End::Whole);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

// === replaying ===

/// Holds a request's body against the recorded one, if that was read to its end before the answer came; gives the body
/// back otherwise.
async fn hold(place: &Place, most_bytes: u64, request: Request<WasiBody>) -> Option<WasiBody> {
    let Some((what, recorded)) = place.asked::<Http>().and_then(|http| Some((http.line(), http.body?))) else {
        return Some(request.into_body());
    };
    let most = usize::try_from(most_bytes).unwrap_or(usize::MAX);
    match Limited::new(request.into_body(), most).collect().await {
        Ok(body) => {
            let body = Blob(body.to_bytes().to_vec());
            if let Some(how) = optional(Some(&body), Some(&recorded)) {
                place.differs(format!("{what}: the body {how}"));
            }
        }
        Err(_) => place.differs(format!("{what}: the body breaks off, or has more than {most_bytes} bytes")),
    }
    None
}

/// Reads what the guest still sends, as the server did.
async fn read_on(body: Option<WasiBody>) -> Result<(), Error> {
    if let Some(mut body) = body {
        while body.frame().await.is_some_and(|frame| frame.is_ok()) {}
    }
    Ok(())
}

/// The recorded answer.
fn played(place: Place, received: Received) -> Result<Response<WasiBody>, Error> {
    let status = StatusCode::from_u16(received.status);
    let status = status.map_err(|_| Error::InternalError(Some("the recorded status is none".into())))?;
    let trailers = (!received.trailers.is_empty()).then(|| header_map(&received.trailers));
    let body = Some(received.body).filter(|body| !body.is_empty()).map(Bytes::from);
    let mut response = Response::new(Played { body, trailers, end: Some(received.end), place }.boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = header_map(&received.headers);
    Ok(response)
}

/// The recorded answer's body.
struct Played {
    body: Option<Bytes>,
    trailers: Option<HeaderMap>,
    end: Option<End>,
    place: Place,
}

impl Body for Played {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(body) = self.body.take() {
            return Poll::Ready(Some(Ok(Frame::data(body))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Poll::Ready(match self.end.take() {
            None | Some(End::Whole) => None,
            Some(End::Broken(failure)) => Some(Err(failure.into())),
            Some(End::Unread) => {
                let what = self.place.asked::<Http>().map_or_else(String::new, |http| http.line());
                self.place.has_no_more(format!("read more of the answer to {what}"));
                Some(Err(unrecorded()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none() && self.trailers.is_none() && matches!(self.end, None | Some(End::Whole))
    }
}

fn unrecorded() -> Error {
    Error::InternalError(Some("no answer to this was recorded".into()))
}

// === what both keep ===

fn headers(headers: &HeaderMap) -> Vec<Header> {
    headers.iter().map(|(name, value)| header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn header_map(headers: &[Header]) -> HeaderMap {
    let pair = |header: &Header| {
        Some((header.name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(header.value.as_bytes()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter_map(pair) {
        map.append(name, value);
    }
    map
}

impl From<&Error> for HttpFailure {
    fn from(error: &Error) -> Self {
        match error {
            Error::HttpRequestDenied => Self::Denied,
            Error::DestinationIpProhibited => Self::AddressProhibited,
            Error::DestinationUnavailable => Self::Unavailable,
            Error::InternalError(what) => Self::Internal(what.clone().unwrap_or_default()),
            _ => Self::Incomplete,
        }
    }
}

impl From<HttpFailure> for Error {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::Denied => Self::HttpRequestDenied,
            HttpFailure::AddressProhibited => Self::DestinationIpProhibited,
            HttpFailure::Unavailable => Self::DestinationUnavailable,
            HttpFailure::Internal(what) => Self::InternalError(Some(what)),
            HttpFailure::Incomplete => Self::HttpResponseIncomplete,
        }
    }
}
