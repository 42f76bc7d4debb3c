//! What every role's HTTP has in common: the TLS provider, a client, health, and a port that may be taken.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use openclaw_api_types::Problem;
use tokio::net::TcpListener;

use crate::{Error, error::Result, telemetry};

/// Chooses ring for TLS in this process. Calling it again changes nothing.
pub fn install_tls() {
    // An error only says that a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client with a connect timeout of 5 s; the whole request has as long as its caller gives it.
pub fn client() -> reqwest::Client {
    install_tls();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(60))
        .user_agent(concat!("openclaw-cloud/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client with these options can always be built")
}

/// `/healthz` and `/metrics` of a role.
pub fn health<S: Clone + Send + Sync + 'static>(role: &'static str) -> Router<S> {
    Router::new()
        .route("/healthz", get(move || async move { Json(serde_json::json!({ "role": role })) }))
        .route("/metrics", get(|| async { telemetry::render() }))
}

/// Listens on `address`; `setting` is the variable that changes it.
pub async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::Config(match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "port {} is already in use: stop what uses it, or set {setting} to another address (now {address})",
                    address.port()
                )
            }
            _ => format!("cannot listen on {address}: {error}. Set {setting} to an address of this machine"),
        })
    })
}

/// An error as RFC 9457 has it. `code` is stable; `field` is the request's field that is to blame.
pub fn problem(status: StatusCode, code: &str, title: &str, detail: &str, field: Option<&str>) -> Response {
    let body = Problem {
        r#type: format!("https://openclaw.cloud/problems/{code}"),
        title: title.into(),
        status: status.as_u16(),
        detail: detail.into(),
        field: field.map(str::to_owned),
    };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
