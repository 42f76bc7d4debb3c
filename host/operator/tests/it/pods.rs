//! The gateways of a world whose operator has a cluster: pods that kwok says are ready. What the API hears of gateways is
//! played by a task, as in a world of processes.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret};
use kube::{
    Api, Client, ResourceExt as _,
    api::ListParams,
    runtime::{WatchStreamExt as _, watcher},
};
use openclaw_operator::{
    Driver, Terms,
    children::{self, Family},
    drivers::kubernetes,
    resources::Agent,
    rights,
};
use openclaw_platform::{AgentId, vault::Vault};
use openclaw_testkit::cluster::cluster;
use sqlx::PgPool;
use tokio_util::task::AbortOnDropHandle;

use crate::kubernetes::{
    children::{is_ready, platform},
    controller::Fleet,
};

/// Each pod that was ever ready, by its uid, with its namespace.
type Seen = Arc<Mutex<HashMap<String, String>>>;

pub(crate) struct Pods {
    pub(crate) fleet: Fleet,
    kubeconfig: PathBuf,
    seen: Seen,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Pods {
    pub(crate) async fn new(db: PgPool, folder: &std::path::Path, silent: Arc<AtomicBool>) -> Self {
        let (cluster, kubeconfig) = (cluster().await, folder.join("operator.kubeconfig"));
        let fleet = Fleet::over(cluster, db.clone()).await;
        cluster.write_kubeconfig_of(&fleet.namespace, rights::ACCOUNT, &kubeconfig).await.unwrap();
        let seen = Seen::default();
        let tasks = [
            tokio::spawn(watch(fleet.client.clone(), Arc::clone(&seen))),
            tokio::spawn(beat(fleet.client.clone(), fleet.namespace.clone(), db, Arc::clone(&seen), silent)),
        ];
        Self { fleet, kubeconfig, seen, _tasks: tasks.map(AbortOnDropHandle::new) }
    }

    pub(crate) fn driver(&self) -> Driver {
        driver(self.kubeconfig.clone(), &self.fleet.namespace)
    }

    /// What `driver` needs to know, for another process.
    pub(crate) fn told(&self) -> serde_json::Value {
        serde_json::json!({"kubeconfig": self.kubeconfig, "namespace": self.fleet.namespace})
    }

    /// The `Agent` that is `agent`.
    pub(crate) async fn resource(&self, agent: AgentId) -> Option<Agent> {
        let carrying = ListParams::default().labels(&format!("{}={agent}", kubernetes::ID));
        let mut found = self.fleet.agents().list(&carrying).await.unwrap().items;
        assert!(found.len() <= 1, "an agent is one Agent");
        found.pop()
    }

    /// Where everything of `agent` is.
    pub(crate) async fn family(&self, agent: AgentId) -> Option<Family> {
        self.resource(agent).await.as_ref().and_then(Family::of)
    }

    pub(crate) async fn of(&self, agent: AgentId) -> Vec<String> {
        let Some(family) = self.family(agent).await else { return Vec::new() };
        let pods = Api::<Pod>::namespaced(self.fleet.client.clone(), &family.namespace);
        pods.list(&ListParams::default()).await.unwrap().items.iter().filter_map(|pod| pod.uid()).collect()
    }

    /// What the pod of `agent` was told.
    pub(crate) async fn variable(&self, agent: AgentId, variable: &str) -> String {
        let family = self.family(agent).await.unwrap();
        let secret = Api::<Secret>::namespaced(self.fleet.client.clone(), &family.namespace);
        let secret = secret.get(children::CONFIG).await.unwrap();
        let pods = Api::<Pod>::namespaced(self.fleet.client.clone(), &family.namespace);
        let pods = pods.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(pods[0].annotations()[children::CONFIG_MARK], children::mark(&secret).to_string());
        String::from_utf8(secret.data.unwrap()[variable].0.clone()).unwrap()
    }

    /// How many pods of `agent` were ever ready.
    pub(crate) async fn starts(&self, agent: AgentId) -> usize {
        let Some(family) = self.family(agent).await else { return 0 };
        self.seen.lock().unwrap().values().filter(|namespace| **namespace == family.namespace).count()
    }

    /// What is left of an `agent` whose everything was in `family`.
    pub(crate) async fn is_gone(&self, agent: AgentId, family: &Family) -> bool {
        let namespaces = Api::<Namespace>::all(self.fleet.client.clone());
        self.resource(agent).await.is_none() && namespaces.get_opt(&family.namespace).await.unwrap().is_none()
    }
}

pub(crate) fn driver(kubeconfig: PathBuf, namespace: &str) -> Driver {
    let terms = Terms { vault: Vault::new(&Vault::random_key()).unwrap(), model: "kimi-coding/k2p5".into() };
    Driver::Kubernetes(kubernetes::Config { kubeconfig: Some(kubeconfig), platform: platform(namespace), terms })
}

async fn watch(client: Client, seen: Seen) {
    let gateways = watcher::Config::default().labels(&format!("app.kubernetes.io/name={}", children::GATEWAY));
    let mut changes = std::pin::pin!(watcher(Api::<Pod>::all(client), gateways).default_backoff().touched_objects());
    while let Some(change) = changes.next().await {
        if let Ok(pod) = change
            && is_ready(&pod)
        {
            seen.lock().unwrap().insert(pod.uid().unwrap(), pod.namespace().unwrap());
        }
    }
}

/// The API's part: what a gateway that is ready tells of itself, once.
async fn beat(client: Client, fleet: String, db: PgPool, seen: Seen, silent: Arc<AtomicBool>) {
    let mut heard = HashSet::new();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        let new: Vec<(String, String)> = {
            let seen = seen.lock().unwrap();
            seen.iter().filter(|(uid, _)| !heard.contains(*uid)).map(|(u, n)| (u.clone(), n.clone())).collect()
        };
        for (uid, namespace) in new {
            match number(&client, &fleet, &namespace).await {
                // Another test's, or gone again.
                None => {}
                Some(number) => {
                    let told = sqlx::query(
                        r#"UPDATE agents SET heartbeat_at = clock_timestamp(), heartbeat = '{"phase":"ready"}'
                           WHERE number = $1"#,
                    );
                    if told.bind(number).execute(&db).await.is_err() {
                        continue;
                    }
                }
            }
            heard.insert(uid);
        }
    }
}

/// The number of the agent of `fleet` whose namespace this is.
async fn number(client: &Client, fleet: &str, namespace: &str) -> Option<i64> {
    let of_fleet = Api::<Namespace>::all(client.clone()).get(namespace).await.ok()?;
    if of_fleet.labels().get(children::AGENT_NAMESPACE)? != fleet {
        return None;
    }
    let secret = Api::<Secret>::namespaced(client.clone(), namespace).get(children::CONFIG).await.ok()?;
    let token = String::from_utf8(secret.data?.get("TELEGRAM_BOT_TOKEN")?.0.clone()).ok()?;
    token.split_once(':')?.0.parse().ok()
}
