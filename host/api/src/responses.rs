//! What every answer goes through: nothing but problems for errors, a panic's too, and measures of all.

use std::{any::Any, time::Instant};

use axum::{
    body::to_bytes,
    extract::{MatchedPath, OriginalUri, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use openclaw_platform::http::problem;

use crate::error::ApiError;

/// Longest reason that is taken over into a problem, in bytes.
const LONGEST_REASON: usize = 4 << 10;

pub(crate) async fn no_route(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::NoRoute(uri.path().to_owned())
}

pub(crate) async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(method.to_string())
}

/// What the framework refuses with a line of text (a path that is no UTF-8, a query that does not parse) as a problem.
pub(crate) async fn as_problem(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_text = kind.is_some_and(|kind| kind.starts_with(b"text/plain"));
    if !response.status().is_client_error() || !is_text {
        return response;
    }
    let status = response.status();
    let reason = to_bytes(response.into_body(), LONGEST_REASON).await.unwrap_or_default();
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "body-too-large",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid-field",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
        _ => "invalid-request",
    };
    problem(status, code, status.canonical_reason().unwrap_or_default(), &String::from_utf8_lossy(&reason), None)
}

/// A panic is a bug of ours: one answer is lost, the others go on.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let why = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(why, "a handler panicked");
    ApiError::from(openclaw_platform::Error::Corrupt("a handler panicked".into())).into_response()
}

/// Counts each request by route, method and status, and how long it took.
pub(crate) async fn measured(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // Whatever else a client calls a method must not become a time series of its own.
    let method = match request.method() {
        known @ (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT | &Method::DELETE | &Method::OPTIONS) => {
            known.as_str().to_owned()
        }
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("route", route), ("method", method), ("status", status)];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_seconds", &labels).record(began.elapsed().as_secs_f64());
    response
}
