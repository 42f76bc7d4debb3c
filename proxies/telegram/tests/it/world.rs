//! A database with agents, and relays over it.

use std::{
    io,
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use openclaw_platform::{
    AgentId, CustomerId, Digest,
    agents::{self, AgentState, NewAgent},
    config::Settings,
    tokens,
    vault::Vault,
};
use openclaw_testkit::postgres::{self, Database};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long to wait for what must come about.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) vault: Vault,
    key: SecretString,
    customer: CustomerId,
    digest: Digest,
}

pub(crate) struct TestAgent {
    pub(crate) id: AgentId,
    pub(crate) number: i64,
    /// Its stand-in bot token.
    pub(crate) token: String,
}

impl TestAgent {
    pub(crate) fn web_chat(&self) -> i64 {
        agents::WEB_CHAT_BASE + self.number
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::over(postgres::database().await).await
    }

    /// The same over a database of the test's own.
    pub(crate) async fn over(db: Database) -> Self {
        collect_logs();
        let (customer, digest, key) = (CustomerId::new(), Digest::of(b"component"), Vault::random_key());
        sqlx::query("INSERT INTO customers (id, email) VALUES ($1, 'ana@example.com')")
            .bind(customer.0)
            .execute(&db.pool)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO releases (digest, niche, version, contract, component, exports, imports, state, uploaded_by, asked, approved, decided_by, decided_at)
             VALUES ($1, 'example', '1.0.0', '0.1', '', '{}', '{}', 'active', 'test', '{}', '{}', 'test', now())",
        )
        .bind(digest.0.as_slice())
        .execute(&db.pool)
        .await
        .unwrap();
        Self { db, vault: Vault::new(&key).unwrap(), key, customer, digest }
    }

    /// A live agent; with a bot of its own if `bot_token` is one.
    pub(crate) async fn agent(&self, bot_token: Option<&str>, telegram_users: &[i64]) -> TestAgent {
        let bot_token = bot_token.map(SecretString::from);
        let mut tx = self.db.pool.begin().await.unwrap();
        let new = NewAgent {
            customer: self.customer,
            niche: "example",
            digest: self.digest,
            tier: "starter",
            model: "m",
            locale: "pt",
            profile: &[],
            bot_token: bot_token.as_ref(),
            telegram_users,
        };
        let id = agents::create(&mut tx, &self.vault, new).await.unwrap();
        let minted = tokens::mint(&mut tx, id, 4).await.unwrap();
        agents::set_state(&mut *tx, id, AgentState::Live, None).await.unwrap();
        let number = agents::get(&mut *tx, id).await.unwrap().number;
        tx.commit().await.unwrap();
        TestAgent { id, number, token: minted.bot_token.expose_secret().to_owned() }
    }

    /// A relay that finds no Telegram.
    pub(crate) async fn relay(&self) -> Relay {
        self.relay_with(&[]).await
    }

    /// A relay with these settings, on a port of its own.
    pub(crate) async fn relay_with(&self, settings: &[(&str, &str)]) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.relay_on(listener, settings).await
    }

    pub(crate) async fn relay_on(&self, listener: TcpListener, settings: &[(&str, &str)]) -> Relay {
        let least = [
            ("DATABASE_URL", self.db.url.clone()),
            ("REDIS_URL", "redis://127.0.0.1:1/0".into()),
            ("PLATFORM_KEY", self.key.expose_secret().to_owned()),
            ("ADMIN_TOKEN", "0123456789abcdef".into()),
            // Nothing listens there.
            ("TELEGRAM_API_URL", "http://127.0.0.1:1".into()),
        ];
        let given = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = Settings::from_pairs(least.into_iter().chain(given)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(openclaw_telegram_relay::serve_on(listener, settings, shutdown.clone()));
        Relay { url, shutdown, task, http: reqwest::Client::new() }
    }
}

pub(crate) struct Relay {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), openclaw_telegram_relay::Error>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Relay {
    /// Ends as on SIGTERM; says how long that took.
    pub(crate) async fn stop(mut self) -> Duration {
        let begun = Instant::now();
        self.shutdown.cancel();
        (&mut self.task).await.unwrap().unwrap();
        begun.elapsed()
    }

    /// Calls `method` and gives the status and the answer.
    pub(crate) async fn call(&self, token: &str, method: &str, params: Value) -> (u16, Value) {
        let url = format!("{}/bot{token}/{method}", self.url);
        let response = self.http.post(url).json(&params).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Calls `method`, which must succeed, and gives its result.
    pub(crate) async fn ok(&self, token: &str, method: &str, params: Value) -> Value {
        let (status, mut answer) = self.call(token, method, params).await;
        assert!(status == 200 && answer["ok"] == true, "{method}: {answer}");
        answer["result"].take()
    }

    /// Calls `method`, which must fail, and gives the code and the description.
    pub(crate) async fn refused(&self, token: &str, method: &str, params: Value) -> (u16, String) {
        let (status, answer) = self.call(token, method, params).await;
        assert!(answer["ok"] == false && answer["error_code"] == status, "{method}: {answer}");
        (status, answer["description"].as_str().unwrap().to_owned())
    }

    /// The texts of the updates from `offset` on, waiting up to `timeout` seconds.
    pub(crate) async fn texts(&self, token: &str, offset: i64, timeout: u64) -> Vec<String> {
        let updates = self.ok(token, "getUpdates", json!({ "offset": offset, "timeout": timeout })).await;
        updates.as_array().unwrap().iter().map(|u| u["message"]["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// Waits until `done`, or panics.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !done().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

static LOGS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Collector;

impl io::Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGS.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps all that this process logs, down to the finest.
fn collect_logs() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_env_filter("trace,sqlx=info,mio=info")
            .with_writer(|| Collector)
            .with_ansi(false)
            .init();
    });
}

/// What was logged so far.
pub(crate) fn logs() -> String {
    String::from_utf8_lossy(&LOGS.lock().unwrap()).into_owned()
}
