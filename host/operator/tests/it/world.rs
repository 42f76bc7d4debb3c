//! A database, a niche and gateways that are shell scripts; the API's part, heartbeats, is played by a task.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use openclaw_api_types::Margins;
use openclaw_operator::{
    Config, Driver,
    drivers::local::{self, Program},
};
use openclaw_platform::{
    AgentId, CustomerId, Digest, JobId, accounts,
    agents::{self, Agent, AgentState},
    config::Settings,
    jobs::{self, Instruction, JobState, JobView},
    releases::{self, About, NewRelease, audit::Actor, life, roll_out},
    usage,
    vault::Vault,
};
use openclaw_testkit::{components, postgres};
use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::pods::{self, Pods};

/// Makes this test program an operator; holds what it needs to know, as JSON.
pub(crate) const OPERATOR: &str = "OPENCLAW_TEST_OPERATOR";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Leaves its environment and its id in the folder, then lives as long as its operator.
const GATEWAY: &str = r#"
number=${TELEGRAM_BOT_TOKEN%%:*}
env > "$0/$number.env"
echo $$ >> "$0/$number.pids"
echo "gateway $number is here"
exec cat
"#;

pub(crate) struct World {
    pub(crate) db: PgPool,
    url: String,
    /// Unique, and in the environment of every gateway of this world.
    mark: String,
    folder: tempfile::TempDir,
    digest: Digest,
    silent: Arc<AtomicBool>,
    /// None in a world whose gateways are processes.
    pub(crate) pods: Option<Pods>,
    _beats: AbortOnDropHandle<()>,
}

/// An operator in this process.
pub(crate) struct Operator {
    pub(crate) address: String,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Operator {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.task).await.expect("it stops within 5 s").unwrap();
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(postgres::database().await).await
    }

    pub(crate) async fn on(database: postgres::Database) -> Self {
        let (db, folder) = (database.pool, tempfile::tempdir().unwrap());
        let digest = install(&db, "hello", &components::bytes("hello")).await;
        let silent = Arc::new(AtomicBool::new(false));
        let beats = beat(db.clone(), folder.path().to_owned(), silent.clone());
        Self {
            _beats: AbortOnDropHandle::new(tokio::spawn(beats)),
            mark: format!("http://{}.relay", uuid::Uuid::new_v4().simple()),
            url: database.url,
            db,
            folder,
            digest,
            silent,
            pods: None,
        }
    }

    /// One whose gateways are pods of a cluster.
    pub(crate) async fn in_cluster() -> Self {
        let mut world = Self::new().await;
        world.pods = Some(Pods::new(world.db.clone(), world.folder.path(), world.silent.clone()).await);
        world
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = config(&self.url, self.folder.path(), &self.mark);
        if let Some(pods) = &self.pods {
            config.driver = pods.driver();
        }
        config
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gateways are no longer heard of.
    pub(crate) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    pub(crate) async fn operator(&self) -> Operator {
        self.operator_with(self.config()).await
    }

    pub(crate) async fn operator_with(&self, config: Config) -> Operator {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (shutdown, db) = (CancellationToken::new(), pool(&self.url));
        let serve = openclaw_operator::run(config, db, listener, shutdown.clone());
        let task = tokio::spawn(async move { serve.await.unwrap() });
        Operator { address, shutdown, task }
    }

    /// An operator in a process of its own.
    pub(crate) fn operator_process(&self) -> tokio::process::Child {
        let cluster = self.pods.as_ref().map(Pods::told);
        let told =
            serde_json::json!({"url": self.url, "folder": self.folder.path(), "mark": self.mark, "cluster": cluster});
        tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "operator_process", "--nocapture"])
            .env(OPERATOR, told.to_string())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    pub(crate) async fn customer(&self) -> CustomerId {
        let mut connection = self.db.acquire().await.unwrap();
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        accounts::ensure_customer(&mut connection, &email, "pt").await.unwrap().id
    }

    pub(crate) async fn agent(&self, customer: CustomerId) -> AgentId {
        self.agent_of(customer, self.digest).await
    }

    pub(crate) async fn agent_of(&self, customer: CustomerId, digest: Digest) -> AgentId {
        let vault = Vault::new(&Vault::random_key()).unwrap();
        let mut tx = self.db.begin().await.unwrap();
        let new = agents::NewAgent {
            customer,
            niche: "hello",
            digest,
            tier: "starter",
            model: "kimi-coding/k2p5",
            locale: "pt",
            profile: &[],
            bot_token: Some(&SecretString::from("1:real")),
            telegram_users: &[11, 12],
        };
        let agent = agents::create(&mut tx, &vault, new).await.unwrap();
        let now = OffsetDateTime::now_utc();
        let month = time::Duration::days(30);
        usage::open_period(&mut tx, agent, now - month / 2, now + month / 2, 1_000_000).await.unwrap();
        tx.commit().await.unwrap();
        agent
    }

    /// A new customer's agent, made by whoever operates.
    pub(crate) async fn live_agent(&self) -> AgentId {
        let agent = self.agent(self.customer().await).await;
        self.done(self.order(agent, Instruction::Provision).await).await;
        agent
    }

    pub(crate) async fn order(&self, agent: AgentId, instruction: Instruction) -> JobId {
        let customer = self.get(agent).await.customer;
        let mut connection = self.db.acquire().await.unwrap();
        jobs::enqueue(&mut connection, customer, agent, &instruction, None).await.unwrap()
    }

    pub(crate) async fn get(&self, agent: AgentId) -> Agent {
        agents::get(&self.db, agent).await.unwrap()
    }

    pub(crate) async fn state(&self, agent: AgentId) -> AgentState {
        self.get(agent).await.state
    }

    pub(crate) async fn job(&self, job: JobId) -> JobView {
        jobs::get(&self.db, job).await.unwrap()
    }

    /// An agent whose gateway never answers, and its provision, given up.
    pub(crate) async fn given_up(&self) -> (Operator, AgentId, JobId, JobView) {
        self.silence(true);
        let mut config = self.config();
        config.answering = Duration::from_millis(100);
        let operator = self.operator_with(config).await;
        let agent = self.agent(self.customer().await).await;
        let job = self.order(agent, Instruction::Provision).await;
        until("an attempt failed", async || {
            let failures: i32 = sqlx::query_scalar("SELECT failures FROM jobs").fetch_one(&self.db).await.unwrap();
            (failures == 1).then_some(())
        })
        .await;
        // So that the test need not wait for the six that come before the last.
        sqlx::query("UPDATE jobs SET failures = 7, run_at = now() WHERE state = 'queued'")
            .execute(&self.db)
            .await
            .unwrap();
        let dead = self.settled(job, JobState::Failed).await;
        (operator, agent, job, dead)
    }

    /// The job once it has come to `state`.
    pub(crate) async fn settled(&self, job: JobId, state: JobState) -> JobView {
        until(&format!("job {job} is {state:?}"), async || {
            let view = self.job(job).await;
            (view.state == state).then_some(view)
        })
        .await
    }

    pub(crate) async fn done(&self, job: JobId) -> JobView {
        self.settled(job, JobState::Done).await
    }

    /// The processes or pods that are gateways of `agent`, found without asking the operator.
    pub(crate) async fn gateways(&self, agent: AgentId) -> Vec<String> {
        match &self.pods {
            Some(pods) => pods.of(agent).await,
            None => self.processes(agent).await.iter().map(u32::to_string).collect(),
        }
    }

    async fn processes(&self, agent: AgentId) -> Vec<u32> {
        let token = format!("TELEGRAM_BOT_TOKEN={}:", self.get(agent).await.number);
        let root = format!("TELEGRAM_API_ROOT={}", self.mark);
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| {
                let environment = environment(*pid);
                environment.iter().any(|v| v.starts_with(&token)) && environment.contains(&root)
            })
            .collect()
    }

    /// The one gateway of `agent`, once there is exactly one.
    pub(crate) async fn gateway(&self, agent: AgentId) -> String {
        until("there is one gateway", async || match &self.gateways(agent).await[..] {
            [gateway] => Some(gateway.clone()),
            _ => None,
        })
        .await
    }

    /// What the gateway of `agent` that started last was told.
    pub(crate) async fn told(&self, agent: AgentId, variable: &str) -> String {
        let gateway = self.gateway(agent).await;
        if let Some(pods) = &self.pods {
            return pods.variable(agent, variable).await;
        }
        let pid = gateway.parse().unwrap();
        let prefix = format!("{variable}=");
        let value = environment(pid).into_iter().find_map(|v| v.strip_prefix(&prefix).map(str::to_owned));
        value.unwrap_or_else(|| panic!("{variable} is not set"))
    }

    pub(crate) fn log(&self, agent: AgentId) -> String {
        let path = self.folder.path().join(format!("agents/{agent}/gateway.log"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// How many gateways of `agent` were ever started.
    pub(crate) async fn starts(&self, agent: AgentId) -> usize {
        if let Some(pods) = &self.pods {
            return pods.starts(agent).await;
        }
        let path = self.folder.path().join(format!("{}.pids", self.get(agent).await.number));
        std::fs::read_to_string(path).unwrap_or_default().lines().count()
    }
}

/// Looks until `found` finds something.
pub(crate) async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(it) = found().await {
                return it;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("not in {PATIENCE:?}: {what}"))
}

pub(crate) async fn install(db: &PgPool, niche: &str, component: &[u8]) -> Digest {
    let (about, asked) = (About::default(), releases::nothing());
    let new = NewRelease {
        component,
        niche,
        version: "1.0.0",
        contract: "0.1",
        exports: &[],
        imports: &[],
        self_test: &[],
        about: &about,
        asked: &asked,
        reference: None,
        signature: None,
    };
    let margins = Margins {
        min_calls: 1,
        traps_points: 0.0,
        timeouts_points: 0.0,
        updates_points: 0.0,
        refusals_points: 0.0,
        p95_factor: 1.0,
        p95_floor_ms: 0,
    };
    let (digest, actor) = (Digest::of(component), Actor { who: "test", why: None });
    life::upload(db, new, |_| false, actor).await.unwrap();
    life::approve(db, digest, &asked, actor).await.unwrap();
    roll_out::complete(db, digest, margins, actor).await.unwrap();
    digest
}

/// The environment of a process; empty once it is gone.
pub(crate) fn environment(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).filter(|v| !v.is_empty()).map(|v| String::from_utf8_lossy(v).into_owned()).collect()
}

pub(crate) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub(crate) fn program(script: &str, folder: &Path) -> Program {
    let arguments = vec!["-c".into(), script.into(), folder.to_string_lossy().into_owned()];
    Program { path: "/bin/sh".into(), arguments }
}

fn pool(url: &str) -> PgPool {
    openclaw_platform::db::pool(&url.into(), 10).unwrap()
}

fn config(url: &str, folder: &Path, mark: &str) -> Config {
    let setting = |name, value: &str| (name, value.to_owned());
    let settings = Settings::from_pairs([
        setting("DATABASE_URL", url),
        setting("REDIS_URL", "redis://127.0.0.1:1"),
        setting("PLATFORM_KEY", "unused"),
        setting("ADMIN_TOKEN", "0123456789abcdef"),
        setting("DATA_DIR", &folder.to_string_lossy()),
        setting("RELAY_URL", mark),
        setting("BCRYPT_COST", "4"),
        setting("PLUGIN_POOL", "4"),
    ])
    .unwrap();
    let mut config = Config::new(&settings).unwrap();
    config.driver = Driver::Local(local::Config::new(program(GATEWAY, folder), folder.join("agents")));
    // Compiled once for all tests and runs.
    config.plugins.cache_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    config.look_every = Duration::from_millis(200);
    config
}

/// See [`World::operator_process`].
pub(crate) async fn operate_until_killed(told: &str) {
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    let [url, folder, mark] = ["url", "folder", "mark"].map(|name| told[name].as_str().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(url, Path::new(folder), mark);
    if let Some(kubeconfig) = told["cluster"]["kubeconfig"].as_str() {
        config.driver = pods::driver(kubeconfig.into(), told["cluster"]["namespace"].as_str().unwrap());
    }
    openclaw_operator::run(config, pool(url), listener, CancellationToken::new()).await.unwrap();
}

/// The API's part: what a gateway that is there tells of itself, once.
async fn beat(db: PgPool, folder: PathBuf, silent: Arc<AtomicBool>) {
    let mut heard = HashSet::new();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        for file in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = file.file_name().into_string().unwrap();
            let Some(number) = name.strip_suffix(".pids") else { continue };
            for pid in std::fs::read_to_string(file.path()).unwrap_or_default().lines() {
                let alive = Path::new("/proc").join(pid).exists();
                let beat = (number.to_owned(), pid.to_owned());
                if !alive || heard.contains(&beat) {
                    continue;
                }
                let told = sqlx::query(
                    r#"UPDATE agents SET heartbeat_at = clock_timestamp(), heartbeat = '{"phase":"ready"}'
                       WHERE number = $1"#,
                );
                // Like a gateway, it tries again when the platform is away.
                if told.bind(number.parse::<i64>().unwrap()).execute(&db).await.is_ok() {
                    heard.insert(beat);
                }
            }
        }
    }
}
