//! The server: pages, forms, static files, and the API behind `/api`.

use std::{future::IntoFuture, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use http::{HeaderValue, StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use url::Url;

mod about;
mod accent;
mod admin;
mod api;
mod assets;
mod client;
mod forms;
mod html;
mod proxy;
mod qr;
mod reader;
mod registry;
mod routes;
mod security;

use api::Api;
use assets::Assets;

/// How long requests may still take once the process is to stop.
const GRACE: Duration = Duration::from_secs(4);

/// How the web is run.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The API's address as the web reaches it.
    pub api_url: Url,
    /// The web's own address as people reach it.
    pub public_url: Url,
    /// The folder with the browser's bundle (`app.js`, `app_bg.wasm`). Without it pages still read and forms still work.
    pub assets: PathBuf,
    /// Whether this is `dev`: mail goes to the outbox, no admin token is needed.
    pub dev: bool,
    /// The process' metrics in Prometheus' text form, for `/metrics`, which only this machine may ask for.
    pub metrics: fn() -> String,
}

/// Why the web does not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port is taken, or not ours to take.
    #[error("the web cannot listen at {0}: {1}. Is another process using the port? Choose another one for the web")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The bundle is there and cannot be read.
    #[error("the browser's bundle in {0} cannot be read: {1}")]
    Assets(PathBuf, #[source] std::io::Error),
    /// The client for the API could not be made.
    #[error("no client for the API: {0}")]
    Client(#[source] reqwest::Error),
    /// People cannot reach us there.
    #[error("{0} is no address that a browser could have of us")]
    PublicUrl(Url),
    /// Serving ended.
    #[error("the web stopped serving: {0}")]
    Serve(#[source] std::io::Error),
}

/// What every request may use.
struct Web {
    api: Api,
    assets: Assets,
    dev: bool,
    /// Where people reach us, as browsers name it.
    origin: HeaderValue,
}

impl Web {
    fn is_https(&self) -> bool {
        self.origin.as_bytes().starts_with(b"https:")
    }
}

type App = State<Arc<Web>>;

/// Serves until `shutdown`.
pub async fn serve(settings: ServerConfig, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| Error::Listen(settings.listen, error))?;
    let router = router(&settings)?;
    tracing::info!(listen = %settings.listen, api = %settings.api_url, "web serves");
    // Chats and progress are streams without an end: closing them is what ends the last connections.
    let ended = shutdown.clone();
    let router = router.layer(middleware::from_fn_with_state(shutdown, end_with));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(ended.clone().cancelled_owned());
    let late = async {
        ended.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving.into_future() => served.map_err(Error::Serve),
        () = late => Ok(()),
    }
}

fn router(settings: &ServerConfig) -> Result<Router, Error> {
    let assets = Assets::load(&settings.assets).map_err(|error| Error::Assets(settings.assets.clone(), error))?;
    let web = Arc::new(Web {
        api: Api::new(settings.api_url.clone()).map_err(Error::Client)?,
        assets,
        dev: settings.dev,
        origin: HeaderValue::try_from(settings.public_url.origin().ascii_serialization())
            .map_err(|_| Error::PublicUrl(settings.public_url.clone()))?,
    });
    let metrics = settings.metrics;
    let pages = Router::new()
        .route("/", get(|| async { Redirect::to("/pt") }))
        .route("/{locale}", get(routes::landing))
        .route("/{locale}/niches/{niche}", get(routes::niche))
        .route("/{locale}/start/{niche}", get(forms::start).post(forms::start))
        .route("/{locale}/onboarding/{id}", get(routes::onboarding).post(forms::answer))
        .route("/{locale}/onboarding/{id}/plan", get(routes::plan).post(forms::choose))
        .route("/{locale}/sign-in", get(routes::sign_in).post(forms::sign_in))
        .route("/{locale}/session", post(forms::use_link))
        .route("/{locale}/sign-out", post(forms::sign_out))
        .route("/{locale}/outbox", get(routes::outbox))
        .route("/{locale}/demo-checkout/{id}", get(routes::demo_checkout).post(forms::demo_pay))
        .route("/{locale}/progress/{id}", get(routes::progress))
        .route("/{locale}/agents", get(routes::agents))
        .route("/{locale}/agents/{id}", get(routes::agent))
        .route("/{locale}/agents/{id}/say", post(forms::say))
        .route("/{locale}/agents/{id}/cancel", post(forms::cancel))
        .route("/{locale}/portal", post(forms::portal))
        .route("/{locale}/admin", get(admin::first))
        .route("/{locale}/admin/sign-in", post(admin::sign_in))
        .route("/{locale}/admin/{section}", get(admin::section))
        .route(
            "/{locale}/admin/releases",
            get(registry::home).post(registry::upload).layer(DefaultBodyLimit::disable()),
        )
        .route("/{locale}/admin/releases/{digest}", get(registry::release))
        .route("/{locale}/admin/releases/{digest}/figures", get(registry::figures))
        .route("/{locale}/admin/releases/{digest}/{step}", post(registry::step))
        .route("/{locale}/admin/niches/{niche}", get(registry::niche))
        .route("/{locale}/admin/registry-settings", post(registry::settings))
        .route("/{locale}/admin/publishers", get(registry::publishers).post(registry::register))
        .route("/{locale}/admin/publishers/{id}/revoke", get(registry::ask_to_revoke).post(registry::revoke))
        .route("/{locale}/admin/audit", get(registry::audit))
        .route("/{locale}/admin/jobs/{id}/retry", post(admin::retry))
        .route("/{locale}/design", get(routes::design))
        .route("/assets/{name}", get(assets::serve))
        .fallback(routes::not_found)
        .layer(CompressionLayer::new());
    Ok(Router::new()
        .route("/api/{*path}", any(proxy::forward))
        .route("/qr/telegram/{bot}", get(qr::telegram))
        .route("/healthz", get(|| async { axum::Json(serde_json::json!({"role": "web"})) }))
        .route("/metrics", get(move || async move { metrics() }))
        .merge(pages)
        .layer(CatchPanicLayer::custom(html::broken))
        .layer(middleware::from_fn(client::name))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), security::guard))
        .with_state(web))
}

/// Ends the bodies of answers when the process is to stop.
async fn end_with(State(shutdown): State<CancellationToken>, request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let endless = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !endless {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let body = futures::StreamExt::take_until(body.into_data_stream(), shutdown.cancelled_owned());
    Response::from_parts(head, Body::from_stream(body))
}

/// 303: look there now.
fn see_other(path: &str) -> Response {
    match HeaderValue::try_from(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
