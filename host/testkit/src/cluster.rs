//! Private Kubernetes clusters: etcd, the API server, Kubernetes' own controllers and its scheduler, all on loopback, and
//! nodes whose pods exist by their status alone. What is asked of the API server is decided as in production; nothing runs.
//!
//! Every program dies with this process. One cluster serves a whole test binary ([`cluster`]), each test in a namespace
//! of its own; [`KUBECONFIG`] puts another cluster in its place.

mod identities;
mod nodes;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use k8s_openapi::api::{
    authentication::v1::TokenRequest,
    core::v1::{Namespace, ServiceAccount},
};
use kube::{
    Api, Client, Config,
    api::{ObjectMeta, PostParams},
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
};
use openclaw_cluster_programs::Program;
use tokio::sync::OnceCell;

use crate::server::{Server, Start, free_port, ready};
use identities::Authority;

/// Names the kubeconfig of a cluster to test in instead of a private one. Not the usual `KUBECONFIG`: tests make and
/// remove definitions for the whole cluster, and must never do that to one that a shell happens to point at.
pub const KUBECONFIG: &str = "OPENCLAW_TEST_KUBECONFIG";

/// Carried by every namespace that a test made.
const MADE_BY: &str = "openclaw.cloud/made-by";

/// A cluster to test in.
#[derive(Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    /// Those of a private cluster.
    private: Option<Private>,
}

/// What runs a private cluster.
#[derive(Debug)]
struct Private {
    api_server: ApiServer,
    /// The others. The first one's keeper removes the folder.
    _servers: Vec<Server>,
}

#[derive(Debug)]
struct ApiServer {
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    kubeconfig: PathBuf,
    server: Option<Server>,
}

impl ApiServer {
    /// Starts it, on the same port each time.
    async fn start(&mut self) -> anyhow::Result<()> {
        let mut server = spawn(&self.program, &self.log, None, self.arguments.clone())?;
        let client = client(&self.kubeconfig).await?;
        ready(&mut server, &self.log, || says_ready(client.clone())).await.context("the API server")?;
        self.server = Some(server);
        Ok(())
    }
}

impl Cluster {
    /// Starts a private one in a temporary folder that goes with it. Its nodes are ready.
    pub async fn temporary() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("openclaw-cluster-").tempdir()?.keep();
        let started = start(&folder).await;
        if started.is_err() {
            // Without etcd nobody else does.
            let _ = std::fs::remove_dir_all(&folder);
        }
        started
    }

    /// Where a kubeconfig is whose user may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client whose user may do everything. It belongs to the runtime it is made in: a test makes its own.
    pub async fn client(&self) -> anyhow::Result<Client> {
        client(&self.kubeconfig).await
    }

    /// A client that is a service account and may do what that may.
    pub async fn client_of(&self, namespace: &str, account: &str) -> anyhow::Result<Client> {
        let mut config = config(&self.kubeconfig).await?;
        let token = self.token_of(namespace, account).await?;
        config.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
        Ok(Client::try_from(config)?)
    }

    /// Writes to `path` a kubeconfig that makes whoever reads it a service account.
    pub async fn write_kubeconfig_of(&self, namespace: &str, account: &str, path: &Path) -> anyhow::Result<()> {
        let mut config = serde_json::to_value(Kubeconfig::read_from(&self.kubeconfig)?)?;
        let token = self.token_of(namespace, account).await?;
        for user in config["users"].as_array_mut().context("a kubeconfig has users")? {
            user["user"] = serde_json::json!({"token": token});
        }
        Ok(std::fs::write(path, config.to_string())?)
    }

    async fn token_of(&self, namespace: &str, account: &str) -> anyhow::Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let asked = accounts.create_token_request(account, &PostParams::default(), &TokenRequest::default()).await?;
        let token = asked.status.and_then(|status| status.token);
        token.context("the API server gives the token that it was asked for")
    }

    /// Takes the API server of a private cluster away, for `start_api_server` to bring it back.
    pub async fn stop_api_server(&mut self) -> anyhow::Result<()> {
        let server = self.private.as_mut().and_then(|private| private.api_server.server.take());
        server.context("the API server runs, and is this process' own")?.stop().await
    }

    /// Brings the API server back.
    pub async fn start_api_server(&mut self) -> anyhow::Result<()> {
        self.private.as_mut().context("the API server is this process' own")?.api_server.start().await
    }

    /// A fresh namespace. It goes with its cluster: removing one takes Kubernetes seconds that no test should wait for.
    pub async fn namespace(&self) -> anyhow::Result<String> {
        let namespace = Namespace {
            metadata: ObjectMeta {
                generate_name: Some("test-".into()),
                labels: Some([(MADE_BY.into(), "tests".into())].into()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let made = Api::all(self.client().await?).create(&PostParams::default(), &namespace).await?;
        made.metadata.name.context("the API server names what it makes")
    }
}

/// The cluster of this process' tests.
pub async fn cluster() -> &'static Cluster {
    static OWN: OnceCell<Cluster> = OnceCell::const_new();
    OWN.get_or_init(|| async {
        let given =
            std::env::var_os(KUBECONFIG).map(|kubeconfig| Cluster { kubeconfig: kubeconfig.into(), private: None });
        match given {
            Some(cluster) => cluster,
            None => Cluster::temporary().await.expect("a private cluster"),
        }
    })
    .await
}

async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    Ok(Client::try_from(config(kubeconfig).await?)?)
}

async fn config(kubeconfig: &Path) -> anyhow::Result<Config> {
    let read = Kubeconfig::read_from(kubeconfig).with_context(|| kubeconfig.display().to_string())?;
    Ok(Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?)
}

/// Whom Kubernetes lets do everything.
const MASTERS: Option<&str> = Some("system:masters");

async fn start(folder: &Path) -> anyhow::Result<Cluster> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // All before any: a missing one is said at once.
    let etcd = Program::Etcd.find()?;
    let api_server = Program::ApiServer.find()?;
    let controller_manager = Program::ControllerManager.find()?;
    let scheduler = Program::Scheduler.find()?;
    let kwok = Program::Kwok.find()?;

    let port = free_port();
    let authority = Authority::new(folder)?;
    let (tokens_sign, tokens_check) = authority.token_key()?;
    let (certificate, key) = authority.server("apiserver")?;
    let admin = authority.kubeconfig("admin", MASTERS, port)?;
    let mut servers = Vec::new();

    let etcd_url = format!("http://127.0.0.1:{}", free_port());
    servers.push(etcd_in(folder, &etcd, &etcd_url).await?);

    let arguments = [
        format!("--etcd-servers={etcd_url}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        "--endpoint-reconciler-type=none".into(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={certificate}"),
        format!("--tls-private-key-file={key}"),
        format!("--client-ca-file={}", authority.certificate()),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={tokens_check}"),
        format!("--service-account-signing-key-file={tokens_sign}"),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        "--authorization-mode=RBAC".into(),
        "--allow-privileged=true".into(),
    ];
    let mut api_server = ApiServer {
        program: api_server,
        arguments: arguments.into(),
        log: folder.join("apiserver.log"),
        kubeconfig: admin.clone(),
        server: None,
    };
    api_server.start().await?;
    let client = client(&admin).await?;

    let kubeconfig = authority.kubeconfig("system:kube-controller-manager", None, port)?;
    servers.push(spawn(
        &controller_manager,
        &folder.join("controller-manager.log"),
        None,
        [
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--service-account-private-key-file={tokens_sign}"),
            format!("--root-ca-file={}", authority.certificate()),
            "--use-service-account-credentials=true".into(),
            "--leader-elect=false".into(),
            "--bind-address=127.0.0.1".into(),
            format!("--secure-port={}", free_port()),
            // As quick as the machine allows: production's own bounds would be what is measured.
            "--kube-api-qps=500".into(),
            "--kube-api-burst=1000".into(),
        ],
    )?);

    let kubeconfig = authority.kubeconfig("system:kube-scheduler", None, port)?;
    servers.push(spawn(
        &scheduler,
        &folder.join("scheduler.log"),
        None,
        [
            format!("--kubeconfig={}", kubeconfig.display()),
            "--leader-elect=false".into(),
            "--bind-address=127.0.0.1".into(),
            format!("--secure-port={}", free_port()),
        ],
    )?);

    let kubeconfig = authority.kubeconfig("kwok", MASTERS, port)?;
    let log = folder.join("kwok.log");
    let mut server = nodes::keep(folder, &kwok, &kubeconfig, &log)?;
    nodes::register(&client).await?;
    ready(&mut server, &log, || nodes::are_ready(client.clone())).await.context("the nodes")?;
    servers.push(server);

    Ok(Cluster { kubeconfig: admin, private: Some(Private { api_server, _servers: servers }) })
}

async fn etcd_in(folder: &Path, program: &Path, url: &str) -> anyhow::Result<Server> {
    let log = folder.join("etcd.log");
    let mut server = spawn(
        program,
        &log,
        Some(folder),
        [
            format!("--data-dir={}", folder.join("etcd").display()),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            format!("--listen-peer-urls=http://127.0.0.1:{}", free_port()),
            "--unsafe-no-fsync".into(),
            "--log-level=warn".into(),
        ],
    )?;
    let health = Arc::new(format!("{url}/readyz"));
    let answers = || {
        let health = Arc::clone(&health);
        async move { reqwest::get(health.as_str()).await.is_ok_and(|answer| answer.status().is_success()) }
    };
    ready(&mut server, &log, answers).await.context("etcd")?;
    Ok(server)
}

async fn says_ready(client: Client) -> bool {
    let request = http::Request::get("/readyz").body(Vec::new()).expect("a request");
    client.request_text(request).await.is_ok()
}

fn spawn(
    program: &Path,
    log: &Path,
    rubbish: Option<&Path>,
    arguments: impl IntoIterator<Item = String>,
) -> anyhow::Result<Server> {
    // Nothing of it outlives it, so nothing is to be put in order first.
    Server::spawn(Start { program, arguments: arguments.into_iter().collect(), signal: "KILL", rubbish, log })
}
