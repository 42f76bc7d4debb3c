//! The platform that is measured: a database, a control plane, and operators as processes.

use std::{path::PathBuf, process::Stdio, time::Duration};

use k8s_openapi::{
    api::coordination::v1::Lease, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    runtime::wait::{await_condition, conditions::is_crd_established},
};
use openclaw_api_types::Margins;
use openclaw_operator::{
    lead,
    resources::{Agent, definitions},
    rights,
};
use openclaw_platform::{
    AgentId, Digest, JobId, accounts, agents,
    jobs::{self, Instruction},
    releases::{self, About, NewRelease, audit::Actor, life, roll_out},
    vault::Vault,
};
use openclaw_testkit::{
    cluster::{Cluster, cluster},
    postgres,
};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;

use super::Failure;

/// What the component is installed as.
pub(crate) const NICHE: &str = "measured";

pub(crate) struct Platform {
    pub(crate) db: PgPool,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    url: String,
    executable: PathBuf,
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
    key: secrecy::SecretString,
    digest: Digest,
    _beats: AbortOnDropHandle<()>,
}

/// An operator. Dropped, it is killed.
pub(crate) struct Operator(Child);

impl Platform {
    pub(crate) async fn start(executable: PathBuf, component: &[u8]) -> Result<Self, Failure> {
        let (database, cluster, folder) = (postgres::database().await, cluster().await, tempfile::tempdir()?);
        let client = cluster.client().await?;
        let namespace = install_into(cluster, &client).await?;
        let kubeconfig = folder.path().join("operator.kubeconfig");
        cluster.write_kubeconfig_of(&namespace, rights::ACCOUNT, &kubeconfig).await?;
        let db = database.pool;
        Ok(Self {
            digest: release(&db, component).await?,
            _beats: AbortOnDropHandle::new(tokio::spawn(beat(db.clone()))),
            url: database.url,
            key: Vault::random_key(),
            db,
            client,
            namespace,
            executable,
            folder,
            kubeconfig,
        })
    }

    /// Starts one; it leads.
    pub(crate) async fn operator(&self) -> Result<Operator, Failure> {
        // Before another leads, the Lease of the one before it has to run out.
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.namespace);
        let before = leases.get_opt(lead::LEASE).await?.as_ref().and_then(leader);
        let operator = Command::new(&self.executable)
            .arg("operator")
            .env("DATABASE_URL", &self.url)
            .env("REDIS_URL", "redis://127.0.0.1:1")
            .env("PLATFORM_KEY", self.key.expose_secret())
            .env("ADMIN_TOKEN", "0123456789abcdef")
            .env("DATA_DIR", self.folder.path())
            .env("OPERATOR_LISTEN", "127.0.0.1:0")
            .env("DRIVER", "kubernetes")
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBERNETES_NAMESPACE", &self.namespace)
            .env("GATEWAY_IMAGE", "registry.invalid/openclaw-cloud:measured")
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let leads = |lease: Option<&Lease>| lease.and_then(leader).is_some_and(|now| Some(now) != before);
        tokio::time::timeout(super::PATIENCE, await_condition(leases, lead::LEASE, leads)).await??;
        Ok(Operator(operator))
    }

    pub(crate) fn agents(&self) -> Api<Agent> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// An agent of a customer of its own.
    pub(crate) async fn agent(&self) -> Result<AgentId, Failure> {
        let mut tx = self.db.begin().await?;
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        let customer = accounts::ensure_customer(&mut tx, &email, "pt").await?.id;
        let new = agents::NewAgent {
            customer,
            niche: NICHE,
            digest: self.digest,
            tier: "starter",
            model: "kimi-coding/k2p5",
            locale: "pt",
            profile: &[],
            bot_token: None,
            telegram_users: &[11],
        };
        let agent = agents::create(&mut tx, &Vault::new(&self.key)?, new).await?;
        tx.commit().await?;
        Ok(agent)
    }

    /// Has `agent` made.
    pub(crate) async fn order(&self, agent: AgentId) -> Result<JobId, Failure> {
        let customer = agents::get(&self.db, agent).await?.customer;
        let mut db = self.db.acquire().await?;
        Ok(jobs::enqueue(&mut db, customer, agent, &Instruction::Provision, None).await?)
    }

    /// Waits until all of `jobs` are done.
    pub(crate) async fn done(&self, jobs: &[JobId]) -> Result<(), Failure> {
        let ids: Vec<uuid::Uuid> = jobs.iter().map(|job| job.0).collect();
        let waiting = async {
            loop {
                let left: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE id = ANY($1) AND state <> 'done'")
                    .bind(&ids)
                    .fetch_one(&self.db)
                    .await?;
                if left == 0 {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(super::PATIENCE, waiting).await?
    }
}

impl Operator {
    pub(crate) async fn kill(mut self) -> Result<(), Failure> {
        Ok(self.0.kill().await?)
    }

    /// Processor time that it has taken so far.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        // Its name, in brackets, may hold anything; of what follows, user's and system's time are the 12th and 13th.
        let stat = self.read("stat")?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        // What Linux tells programs a second has, whatever it counts by.
        Ok(ticks / 100.0)
    }

    /// Memory that is its own now.
    pub(crate) fn rss_mb(&self) -> Result<f64, Failure> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1000.0)
    }

    fn read(&self, file: &str) -> Result<String, Failure> {
        let pid = self.0.id().ok_or("the operator has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }
}

fn leader(lease: &Lease) -> Option<String> {
    lease.spec.as_ref()?.holder_identity.clone()
}

/// What a platform needs in a cluster; gives the namespace.
async fn install_into(cluster: &Cluster, client: &Client) -> Result<String, Failure> {
    let manager = PatchParams::apply("bench").force();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in definitions() {
        let name = definition.name_any();
        api.patch(&name, &manager, &Patch::Apply(definition)).await?;
        await_condition(api.clone(), &name, is_crd_established()).await?;
    }
    let namespace = cluster.namespace().await?;
    for right in rights::rights(&namespace)? {
        let types = right.types.as_ref().ok_or("a right has a kind")?;
        let kind = ApiResource::from_gvk(&types.try_into()?);
        let api: Api<DynamicObject> = match right.namespace() {
            Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &kind),
            None => Api::all_with(client.clone(), &kind),
        };
        api.patch(&right.name_any(), &manager, &Patch::Apply(&right)).await?;
    }
    Ok(namespace)
}

/// Makes the component a release that its niche offers.
async fn release(db: &PgPool, component: &[u8]) -> Result<Digest, Failure> {
    let (about, asked) = (About::default(), releases::nothing());
    let new = NewRelease {
        component,
        niche: NICHE,
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
    let (digest, actor) = (Digest::of(component), Actor { who: "bench", why: None });
    life::upload(db, new, |_| false, actor).await?;
    life::approve(db, digest, &asked, actor).await?;
    roll_out::complete(db, digest, margins, actor).await?;
    Ok(digest)
}

/// The API's part: every gateway says that it is well.
async fn beat(db: PgPool) {
    loop {
        let told = sqlx::query(
            r#"UPDATE agents SET heartbeat_at = clock_timestamp(), heartbeat = '{"phase":"ready"}'
               WHERE state = 'provisioning' OR (state = 'live' AND heartbeat_at < now() - interval '20 s')"#,
        );
        if let Err(error) = told.execute(&db).await {
            eprintln!("{error}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
