//! A running API with a database of its own, and builders for what tests need in it.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use openclaw_api_types::{Margins, Rights};
use openclaw_billing::Billing;
use openclaw_platform::{
    AgentId, CustomerId, Digest, accounts,
    agents::{self, AgentState, Answer, NewAgent},
    config::Settings,
    releases::{self, About, NewRelease, audit::Actor, life, roll_out},
    tokens,
    tool_calls::{self, Fault, NewToolCall, Took},
    usage,
    vault::Vault,
};
use openclaw_testkit::{components, postgres};
use reqwest::{Method, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);
/// The admin token of every test.
pub(crate) const ADMIN: &str = "the-admin-token-of-tests";

/// When roll-outs of tests are taken back.
pub(crate) const MARGINS: Margins = Margins {
    min_calls: 20,
    traps_points: 2.0,
    timeouts_points: 2.0,
    updates_points: 5.0,
    refusals_points: 5.0,
    p95_factor: 1.5,
    p95_floor_ms: 50,
};

/// A release as it would be kept, without anything it says of itself.
pub(crate) fn new_release<'a>(component: &'a [u8], niche: &'a str, asked: &'a Rights) -> NewRelease<'a> {
    static ABOUT: LazyLock<About> = LazyLock::new(|| About { icon: "🧪".into(), ..About::default() });
    NewRelease {
        component,
        niche,
        version: "0.1.0",
        contract: "0.1",
        exports: &[],
        imports: &[],
        self_test: &[],
        about: &ABOUT,
        asked,
        reference: None,
        signature: None,
    }
}

/// Whether `condition` comes true in time.
pub(crate) async fn eventually<F: AsyncFnMut() -> bool>(mut condition: F) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if condition().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) db: PgPool,
    pub(crate) settings: Settings,
    http: reqwest::Client,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl TestApp {
    /// One as `dev` runs it.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with some settings of its own.
    pub(crate) async fn with(own: &[(&'static str, &str)]) -> Self {
        let database = postgres::database().await;
        Self::on(&database.url, own).await
    }

    /// One on the database at `url`.
    pub(crate) async fn on(url: &str, own: &[(&'static str, &str)]) -> Self {
        let data = concat!(env!("CARGO_TARGET_TMPDIR"), "/openclaw-api");
        let mut pairs = vec![
            ("database_url", url.to_owned()),
            ("redis_url", "redis://127.0.0.1:1/0".to_owned()),
            ("platform_key", Vault::random_key().expose_secret().to_owned()),
            ("admin_token", ADMIN.to_owned()),
            ("environment", "dev".to_owned()),
            ("data_dir", data.to_owned()),
            ("stripe_webhook_secret", "whsec_test".to_owned()),
            // Nothing listens there: Telegram is away.
            ("telegram_api_url", "http://127.0.0.1:1".to_owned()),
        ];
        pairs.extend(own.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let settings = Settings::from_pairs(pairs).unwrap();
        let db = openclaw_platform::db::pool(&settings.database_url, 10).unwrap();
        let http = openclaw_platform::http::client();
        let (url, shutdown, serving) = serve(&settings, &db).await;
        Self { url, db, settings, http, shutdown, serving }
    }

    /// Stops it and starts it again, on the same database.
    pub(crate) async fn restart(&mut self) {
        self.shutdown.cancel();
        (&mut self.serving).await.unwrap();
        (self.url, self.shutdown, self.serving) = serve(&self.settings, &self.db).await;
    }

    pub(crate) fn get(&self, path: &str) -> Request<'_> {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Request<'_> {
        self.request(Method::POST, path).json(&body)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request<'_> {
        Request { app: self, builder: self.http.request(method, format!("{}{path}", self.url)) }
    }

    /// Uploads the component called `name`, approves all it asks and gives it to everybody.
    pub(crate) async fn install(&self, name: &str) -> Value {
        let page = self.upload(components::bytes(name)).await.ok();
        let digest = page["digest"].as_str().unwrap();
        self.step(digest, "approve", json!({})).await.ok();
        self.step(digest, "complete", json!({})).await.ok();
        page
    }

    /// Uploads the component called `name` under another digest and approves it.
    pub(crate) async fn approved(&self, name: &str, mark: &str) -> String {
        let page = self.upload(components::variant(name, mark)).await.ok();
        let digest = page["digest"].as_str().unwrap().to_owned();
        self.step(&digest, "approve", json!({})).await.ok();
        digest
    }

    /// Has an admin take a step with a release.
    pub(crate) async fn step(&self, digest: &str, step: &str, body: Value) -> Reply {
        self.post(&format!("/v1/admin/releases/{digest}/{step}"), body).bearer(ADMIN).send().await
    }

    /// Keeps a call of `hello`'s tool that took so much and ended with `fault`.
    pub(crate) async fn called(&self, agent: AgentId, digest: &str, micros: i64, fault: Option<Fault>, took: Took) {
        let call = NewToolCall {
            agent,
            digest: digest.parse().unwrap(),
            tool: "greet",
            title: "Cumprimentar",
            arguments: &json!({}),
            result: "",
            structured: None,
            outcome: if fault.is_some() { "trapped" } else { "ok" },
            micros,
            fault,
            took,
        };
        tool_calls::record(&self.db, call).await.unwrap();
    }

    /// What an admin gets at `path`.
    pub(crate) async fn admin(&self, path: &str) -> Value {
        self.get(&format!("/v1/admin/{path}")).bearer(ADMIN).send().await.ok()
    }

    /// Keeps `component` as a release of `niche` that asks for `asked`, without looking at it; approved for all of that
    /// and on offer.
    pub(crate) async fn keep(&self, component: &[u8], niche: &str, asked: &Rights) -> Digest {
        let digest = Digest::of(component);
        let actor = Actor { who: "a test", why: None };
        life::upload(&self.db, new_release(component, niche, asked), |_| false, actor).await.unwrap();
        life::approve(&self.db, digest, asked, actor).await.unwrap();
        roll_out::complete(&self.db, digest, MARGINS, actor).await.unwrap();
        digest
    }

    pub(crate) async fn upload(&self, component: Vec<u8>) -> Reply {
        self.request(Method::POST, "/v1/admin/releases").bearer(ADMIN).bytes(component).await
    }

    /// A customer with a session.
    pub(crate) async fn customer(&self, email: &str) -> Customer {
        let secret = accounts::begin_sign_in(&self.db, email, "pt", "/", time::Duration::minutes(5)).await;
        let secret = secret.unwrap().expect("few links were sent");
        let signed_in = accounts::sign_in(&self.db, secret.expose_secret(), time::Duration::days(1)).await;
        let signed_in = signed_in.unwrap().expect("the link is fresh");
        let cookie = format!("{}={}", accounts::SESSION_COOKIE, signed_in.session.expose_secret());
        Customer { id: signed_in.customer.id, cookie }
    }

    /// A live agent of `customer`, with its proxy token.
    pub(crate) async fn agent(&self, customer: &Customer, niche: &str) -> Agent {
        let offered = releases::active(&self.db).await.unwrap();
        let digest = offered.iter().find(|(name, _)| name == niche).expect("the niche is installed").1;
        let vault = Vault::new(&self.settings.platform_key).unwrap();
        let mut tx = self.db.begin().await.unwrap();
        let new = NewAgent {
            customer: customer.id,
            niche,
            digest,
            tier: "starter",
            model: "kimi-coding/k2p5",
            locale: "pt",
            profile: &[Answer { question: "pharmacy-name".into(), value: "Boa Viagem".into() }],
            bot_token: None,
            telegram_users: &[],
        };
        let id = agents::create(&mut tx, &vault, new).await.unwrap();
        let now = OffsetDateTime::now_utc();
        usage::open_period(&mut tx, id, now, now + time::Duration::days(30), 1_000_000).await.unwrap();
        agents::set_state(&mut *tx, id, AgentState::Live, None).await.unwrap();
        let minted = tokens::mint(&mut tx, id, 4).await.unwrap();
        tx.commit().await.unwrap();
        Agent { id, token: minted.proxy_token.expose_secret().to_owned() }
    }
}

/// Gives `agent`, of the niche `hello`, a second release that says `Oba!` where the first says `Olá`.
pub(crate) async fn second_release(app: &TestApp, agent: AgentId) -> Digest {
    let component = components::with_text(components::bytes("hello"), "Olá", "Oba!");
    let digest = Digest::of(&component);
    let uploaded = app.upload(component).await;
    assert!(uploaded.status.is_success(), "{}", uploaded.body);
    let change = sqlx::query("UPDATE agents SET digest = $2 WHERE id = $1").bind(agent.0).bind(digest.0.as_slice());
    assert_eq!(change.execute(&app.db).await.unwrap().rows_affected(), 1);
    digest
}

async fn serve(settings: &Settings, db: &PgPool) -> (String, CancellationToken, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let billing = Billing::new(Arc::new(settings.clone()), db.clone()).unwrap().router();
    let serving = openclaw_api::serve_on(listener, settings.clone(), billing, shutdown.clone());
    (url, shutdown, tokio::spawn(async { serving.await.unwrap() }))
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) struct Customer {
    pub(crate) id: CustomerId,
    pub(crate) cookie: String,
}

pub(crate) struct Agent {
    pub(crate) id: AgentId,
    pub(crate) token: String,
}

impl Agent {
    pub(crate) fn path(&self) -> String {
        format!("/v1/agents/{}", self.id)
    }
}

pub(crate) struct Request<'a> {
    app: &'a TestApp,
    builder: reqwest::RequestBuilder,
}

impl Request<'_> {
    pub(crate) fn cookie(mut self, cookie: &str) -> Self {
        self.builder = self.builder.header(header::COOKIE, cookie);
        self
    }

    #[expect(clippy::wrong_self_convention, reason = "a request is sent as someone")]
    pub(crate) fn as_customer(self, customer: &Customer) -> Self {
        self.cookie(&customer.cookie)
    }

    pub(crate) fn bearer(mut self, token: &str) -> Self {
        self.builder = self.builder.bearer_auth(token);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    pub(crate) async fn bytes(mut self, body: impl Into<reqwest::Body>) -> Reply {
        self.builder = self.builder.body(body);
        self.send().await
    }

    /// The answer before its body is read, for streams.
    pub(crate) async fn stream(self) -> reqwest::Response {
        self.builder.send().await.unwrap()
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.builder.send().await.unwrap_or_else(|e| panic!("{}: {e}", self.app.url));
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Reply { status, headers, body }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    /// The body of an answer that went well.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    /// The problem: its status, code and field.
    pub(crate) fn problem(&self) -> (u16, &str, Option<&str>) {
        let kind = self.headers[header::CONTENT_TYPE].to_str().unwrap();
        assert_eq!(kind, "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        let code = self.body["type"].as_str().unwrap().strip_prefix("https://openclaw.cloud/problems/").unwrap();
        (self.status.as_u16(), code, self.body["field"].as_str())
    }

    /// `name=value` of the cookie that was set.
    pub(crate) fn set_cookie(&self, name: &str) -> String {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with(&format!("{name}=")))
            .unwrap_or_else(|| panic!("no cookie {name}: {:?}", self.headers))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}
