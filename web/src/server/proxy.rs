//! `/api/*` is the API at the web's own origin, so that its cookies are the reader's. Bodies stream both ways.

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use openclaw_api_types::Problem;

use super::{App, Web, admin};

/// Headers that belong to one connection (RFC 9110, 7.6.1), and those that the client sets itself.
const HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Passes a request on and its answer back.
pub(super) async fn forward(State(web): App, request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix("/api").unwrap_or(path).to_owned();
    // As the API will see it: without `..` and the like.
    let Some(address) = url::Url::parse(&web.api.url(&path)).ok().filter(|address| is_for_all(&web, address)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (head, body) = request.into_parts();
    let mut headers = head.headers;
    if !headers.contains_key(header::AUTHORIZATION)
        && let Some(authorization) = admin::authorization(&path, &headers)
    {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    // The API knows one address of ours; a browser may have come by another, such as 127.0.0.1 for localhost.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin") && headers.contains_key(header::ORIGIN) {
        headers.insert(header::ORIGIN, web.origin.clone());
    }
    strip(&mut headers);
    let request = web
        .api
        .client()
        .request(head.method, address)
        .headers(headers)
        .body(reqwest::Body::wrap_stream(body.into_data_stream()));
    match request.send().await {
        Ok(response) => {
            let status = response.status();
            let mut headers = response.headers().clone();
            strip(&mut headers);
            if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
                // For whatever stands before us: an event waits for no buffer.
                headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            }
            (status, headers, Body::from_stream(response.bytes_stream())).into_response()
        }
        Err(error) => {
            tracing::warn!(path, %error, "the API is away");
            away()
        }
    }
}

/// Whether an address of the API is for the Internet: not what only those who run it need.
fn is_for_all(web: &Web, address: &url::Url) -> bool {
    let base = web.api.url("/");
    let Some(path) = address.as_str().strip_prefix(&base) else { return false };
    let first = path.split(['/', '?', '#']).find(|part| !part.is_empty()).unwrap_or_default();
    // An escaped letter is no route of the API's, and need not become one.
    !matches!(first, "metrics" | "internal") && !first.contains('%')
}

fn strip(headers: &mut HeaderMap) {
    // `Connection` names further headers of this connection.
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

fn away() -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let problem = Problem {
        r#type: "https://openclaw.cloud/problems/unavailable".into(),
        title: "The API is away".into(),
        status: status.as_u16(),
        detail: "The web could not reach the API. Try again in a few seconds.".into(),
        field: None,
    };
    let mut answer = (status, axum::Json(problem)).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}
