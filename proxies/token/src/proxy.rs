//! What every request shares, and the routes.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use openclaw_platform::{
    RequestId,
    config::Settings,
    db,
    http::health,
    tokens::{Authenticator, Caller, Refusal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Error, completions, metering::Meter, models, notices::Notices, problem::Problem, provider::Provider, quota::Quota,
    rate::Rate, scripts::Redis,
};

/// Names the request, also in its usage.
const REQUEST_ID: &str = "x-request-id";

/// The running proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) settings: Arc<Settings>,
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) quota: Quota,
    pub(crate) meter: Meter,
    /// Cancelled when answers under way are cut off.
    pub(crate) closing: CancellationToken,
    authenticator: Authenticator,
    redis: Redis,
    rate: Rate,
}

impl Proxy {
    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        let db = db::pool(&settings.database_url, settings.database_connections)?;
        let redis = Redis::new(&settings.redis_url)?;
        let closing = CancellationToken::new();
        let provider = Provider::from_settings(&settings)?.map(Arc::new);
        if provider.is_none() {
            tracing::warn!("{}", Problem::no_provider().message);
        }
        let tasks = TaskTracker::new();
        Ok(Self {
            provider,
            quota: Quota::new(db.clone(), redis.clone()),
            meter: Meter {
                db: db.clone(),
                redis: redis.clone(),
                notices: Notices::new(&settings, db.clone(), tasks.clone()),
                tasks,
                settled: Arc::default(),
                closing: closing.clone(),
            },
            closing,
            authenticator: Authenticator::new(db),
            redis,
            rate: Rate { per_second: settings.rate_limit_per_second, burst: settings.rate_limit_burst },
            settings: Arc::new(settings),
        })
    }

    pub(crate) fn provider_name(&self) -> &'static str {
        self.provider.as_ref().map_or("none", |p| p.name)
    }

    /// The agent that asks, by `Authorization: Bearer` or `x-api-key`.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let caller = match (headers.get(AUTHORIZATION), headers.get("x-api-key").and_then(text)) {
            (None, Some(token)) => self.authenticator.authenticate(&token).await,
            (header, _) => self.authenticator.bearer(header.and_then(text).as_deref()).await,
        };
        caller.map_err(|refusal| match refusal {
            Refusal::Unknown => Problem::unauthenticated(),
            Refusal::Away(error) => {
                tracing::warn!(%error, "a token could not be checked");
                Problem::away("the database")
            }
        })
    }

    /// Takes one request from the customer's rate.
    pub(crate) async fn pace(&self, caller: &Caller) -> Result<(), Problem> {
        match self.rate.take(&self.redis, caller.customer).await {
            Ok(None) => Ok(()),
            Ok(Some(wait)) => Err(Problem::too_fast(wait)),
            Err(error) => {
                tracing::warn!(%error, "Redis did not count a request");
                Err(Problem::away("the rate limit's store"))
            }
        }
    }
}

/// Every route of the role.
pub(crate) fn router(proxy: Proxy) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(completions::create))
        .route("/v1/models", get(models::list))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::not_found() })
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
        .layer(middleware::from_fn(name))
        .with_state(proxy)
        .merge(health("token-proxy"))
}

/// Gives each request its id, and its answer too.
async fn name(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    request.extensions_mut().insert(id);
    let began = Instant::now();
    let mut response = next.run(request).await;
    metrics::histogram!("token_proxy_response_seconds").record(began.elapsed());
    let id = HeaderValue::from_str(&id.to_string()).expect("an id is hexadecimal digits and hyphens");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}
