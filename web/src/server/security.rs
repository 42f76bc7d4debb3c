//! The headers that keep a page to itself, and the check that a form was sent from one of our own pages.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rand::RngCore;

use super::Web;

/// Where a paying customer is sent, by a form.
const PAYMENT: &str = "https://checkout.stripe.com https://billing.stripe.com";

/// A word that only this page's own script and style carry.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a page may load and do.
pub(super) fn policy(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self' {PAYMENT}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| nothing())
}

fn nothing() -> HeaderValue {
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")
}

/// Refuses what another site's page sends with our reader's cookies, and adds the headers to every answer.
pub(super) async fn guard(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    if is_foreign(&web, request.method(), request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let mut add = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    add(header::CONTENT_SECURITY_POLICY, nothing());
    add(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    add(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    add(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    add(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
    );
    if web.is_https() {
        add(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    answer
}

/// Browsers say where a request comes from: by `Sec-Fetch-Site`, or, older ones and those that come by plain HTTP, by
/// `Origin`. Programs, which have no reader's cookies, need not.
fn is_foreign(web: &Web, method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "cross-site" || site == "same-site";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    // A browser may have come by another address of ours, such as 127.0.0.1 for localhost.
    let host = origin.as_bytes().splitn(3, |byte| *byte == b'/').nth(2);
    let here = headers.get(header::HOST).map(HeaderValue::as_bytes);
    *origin != web.origin && (host.is_none() || host != here)
}
