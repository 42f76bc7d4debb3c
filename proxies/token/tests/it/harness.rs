//! A proxy on a free port with an agent that may use it.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use openclaw_platform::{
    AgentId,
    config::Settings,
    tokens,
    usage::{self, Period},
};
use openclaw_testkit::{llm::ScriptedLlm, postgres, redis};
use reqwest::{RequestBuilder, Response};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The provider's key: what no client may ever see.
pub(crate) const KEY: &str = "sk-the-platforms-own-key";

/// The servers behind a proxy.
pub(crate) struct Backing {
    pub(crate) db: PgPool,
    pub(crate) database_url: String,
    pub(crate) redis: redis::Redis,
}

impl Backing {
    /// A database and a Redis of this test's own.
    pub(crate) async fn start() -> Self {
        let database = postgres::database().await;
        Self { db: database.pool, database_url: database.url, redis: redis::server().await }
    }

    /// Starts a proxy. `settings` come after those that every test needs.
    pub(crate) async fn proxy(&self, settings: &[(&'static str, &str)]) -> Proxy {
        Proxy::start(&self.database_url, &self.redis.url, settings).await
    }

    /// An agent whose tokens suffice.
    pub(crate) async fn agent(&self) -> Agent {
        Agent::create(&self.db, "pt", Some(1_000_000)).await
    }

    /// Waits until exactly `tokens` of the agent's period are counted in Postgres and nothing waits in Redis.
    pub(crate) async fn counted(&self, agent: &Agent, tokens: i64) {
        eventually(&format!("{tokens} tokens counted"), async || {
            self.waiting().await == 0 && agent.period(&self.db).await.used == tokens
        })
        .await;
    }

    /// Events that wait in Redis.
    pub(crate) async fn waiting(&self) -> i64 {
        self.redis_command(&["XLEN", "usage:events"]).await
    }

    pub(crate) async fn redis_command<T: ::redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = ::redis::Client::open(self.redis.url.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = ::redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut connection).await.unwrap()
    }
}

/// A running proxy; it ends when this is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    client: reqwest::Client,
    shutdown: DropGuard,
    running: tokio::task::JoinHandle<Result<(), openclaw_token_proxy::Error>>,
}

impl Proxy {
    pub(crate) async fn start(database_url: &str, redis_url: &str, settings: &[(&'static str, &str)]) -> Self {
        let least = [
            ("DATABASE_URL", database_url),
            ("REDIS_URL", redis_url),
            ("PLATFORM_KEY", "unused"),
            ("ADMIN_TOKEN", "0123456789abcdef"),
            ("ENVIRONMENT", "dev"),
            ("LLM_API_KEY", KEY),
            ("RATE_LIMIT_PER_SECOND", "1000"),
            ("RATE_LIMIT_BURST", "1000"),
        ];
        let settings = least.iter().chain(settings).map(|(name, value)| (*name, (*value).to_owned()));
        let settings = Settings::from_pairs(settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(openclaw_token_proxy::serve_on(listener, settings, shutdown.clone()));
        Self { url, client: openclaw_platform::http::client(), shutdown: shutdown.drop_guard(), running }
    }

    /// Stops it as SIGTERM does, and waits until it has.
    pub(crate) async fn stop(self) {
        drop(self.shutdown);
        self.running.await.unwrap().unwrap();
    }

    /// `body` to the completions, as `token`.
    pub(crate) fn ask(&self, token: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}/v1/chat/completions", self.url)).bearer_auth(token).json(body)
    }
}

/// An agent and its proxy token.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) id: AgentId,
    pub(crate) token: String,
}

impl Agent {
    /// One that speaks `locale` and may spend `limit` now; without a limit, one that has no period.
    pub(crate) async fn create(db: &PgPool, locale: &str, limit: Option<i64>) -> Self {
        let (customer, id) = (uuid::Uuid::now_v7(), AgentId::new());
        let email = format!("{customer}@example.com");
        let mut db = db.acquire().await.unwrap();
        sqlx::query("INSERT INTO customers (id, email) VALUES ($1, $2)")
            .bind(customer)
            .bind(email)
            .execute(&mut *db)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO releases (digest, niche, version, contract, component, exports, imports, state, uploaded_by, asked, approved, decided_by, decided_at)
             VALUES (decode(repeat('ab', 32), 'hex'), 'hello', '0.1.0', '0.1', '', '{}', '{}', 'active', 'test', '{}', '{}', 'test', now())
             ON CONFLICT DO NOTHING",
        )
        .execute(&mut *db)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO agents (id, customer_id, niche, digest, tier, model, locale, state)
             VALUES ($1, $2, 'hello', decode(repeat('ab', 32), 'hex'), 'starter', 'kimi-coding/k2p5', $3, 'live')",
        )
        .bind(id.0)
        .bind(customer)
        .bind(locale)
        .execute(&mut *db)
        .await
        .unwrap();
        if let Some(limit) = limit {
            let now = OffsetDateTime::now_utc();
            let (from, to) = (now - time::Duration::days(1), now + time::Duration::days(29));
            usage::open_period(&mut db, id, from, to, limit).await.unwrap();
        }
        let minted = tokens::mint(&mut db, id, 4).await.unwrap();
        Self { id, token: minted.proxy_token.expose_secret().to_owned() }
    }

    pub(crate) async fn period(&self, db: &PgPool) -> Period {
        usage::current_period(db, self.id).await.unwrap().unwrap()
    }

    /// Sets what its period has spent.
    pub(crate) async fn spent(&self, db: &PgPool, used: i64) {
        sqlx::query("UPDATE usage_periods SET tokens_used = $2 WHERE agent_id = $1")
            .bind(self.id.0)
            .bind(used)
            .execute(db)
            .await
            .unwrap();
    }

    /// How many requests were metered.
    pub(crate) async fn events(&self, db: &PgPool) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM usage_events WHERE agent_id = $1")
            .bind(self.id.0)
            .fetch_one(db)
            .await
            .unwrap()
    }
}

/// A provider that answers `reply` always, and the settings that name it.
pub(crate) async fn scripted(reply: openclaw_testkit::llm::Reply) -> ScriptedLlm {
    let llm = ScriptedLlm::start().await;
    llm.always(reply);
    llm
}

/// A question, streamed or not. Its prompt is 5 tokens by our estimate.
pub(crate) fn question(stream: bool) -> Value {
    json!({ "model": "kimi-coding/k2p5", "messages": [{"role": "user", "content": "Olá"}], "stream": stream, "max_tokens": 400 })
}

/// The texts of a stream put together, and its last chunk that has a usage.
pub(crate) async fn streamed(response: Response) -> (String, Option<Value>, String) {
    let raw = response.text().await.unwrap();
    let chunks: Vec<Value> =
        raw.lines().filter_map(|l| l.strip_prefix("data: ")).filter_map(|d| serde_json::from_str(d).ok()).collect();
    let text = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    let usage = chunks.iter().rev().find(|c| c["usage"].is_object()).map(|c| c["usage"].clone());
    (text, usage, raw)
}

/// Waits until `condition` holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
