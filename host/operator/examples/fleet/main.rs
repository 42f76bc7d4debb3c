//! Measures an operator over a real control plane whose pods are kwok's, for `cargo xtask bench operator`: the executable
//! and a component on the command line, figures as JSON on standard output.
//!
//! The operator is a process of its own, as in production; what gateways would tell the API of themselves is said for all
//! of them at once.

mod platform;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, future::join_all, stream};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api, Resource, ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
    runtime::{WatchStreamExt as _, watcher},
};
use openclaw_operator::{children, drivers::kubernetes::ID, resources::Agent};
use openclaw_platform::{AgentId, JobId};
use serde::de::DeserializeOwned;
use serde_json::json;

use platform::{Operator, Platform};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One after the other; the middle one counts.
const ALONE: usize = 20;
/// At once.
const CROWD: usize = 200;
/// In all, with the crowd. Those that are more are suspended ones.
const FLEET: usize = 1000;
/// How long the operator is watched when nothing happens.
const QUIET: Duration = Duration::from_secs(20);
/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(executable), Some(component)) = (arguments.next(), arguments.next()) else {
        return Err("EXECUTABLE COMPONENT".into());
    };
    let platform = Platform::start(executable, &std::fs::read(component)?).await?;
    let operator = platform.operator().await?;

    eprintln!("· {ALONE} provisions, one after the other");
    let mut deployed = Vec::new();
    for _ in 0..ALONE {
        deployed.push(deployment_after(&platform).await?);
    }
    eprintln!("· {ALONE} Agents, one after the other");
    let mut children = Vec::new();
    for number in 0..ALONE {
        children.push(children_after(&platform, &format!("alone-{number}")).await?);
    }
    eprintln!("· {CROWD} provisions at once");
    let begun = Instant::now();
    let agents = crowd(&platform).await?;
    let crowd_seconds = begun.elapsed().as_secs_f64();
    let twice = twice(&platform, &agents).await?;

    eprintln!("· {FLEET} Agents");
    let begun = Instant::now();
    let names: Vec<String> = (0..FLEET - CROWD - 2 * ALONE).map(|number| format!("fleet-{number}")).collect();
    let made = stream::iter(&names).map(|name| suspended(&platform, name)).buffer_unordered(16);
    made.try_for_each(async |()| Ok(())).await?;
    let fleet_seconds = begun.elapsed().as_secs_f64();
    // Kubernetes' own controllers write what is theirs a moment later.
    let before = settled(&platform).await?;

    eprintln!("· a restart, and then nothing for {} s", QUIET.as_secs());
    operator.kill().await?;
    let begun = Instant::now();
    let operator = platform.operator().await?;
    // It looks at all that are there before it sees one that comes.
    let led = begun.elapsed();
    let resync = Instant::now();
    suspended(&platform, "after").await?;
    let resync_seconds = resync.elapsed().as_secs_f64();
    let writes = changed(&before, &versions(&platform).await?);
    let (cpu, rss_mb) = quiet(&operator).await?;
    operator.kill().await?;

    let figures = json!({
        "deployment_millis": middle(deployed),
        "children_millis": middle(children),
        "crowd_seconds": crowd_seconds,
        "twice": twice,
        "fleet_seconds": fleet_seconds,
        "lead_seconds": led.as_secs_f64(),
        "resync_seconds": resync_seconds,
        "restart_writes": writes,
        "quiet_cpu_percent": cpu,
        "quiet_rss_mb": rss_mb,
    });
    println!("{figures}");
    Ok(())
}

/// Milliseconds from a job to the Deployment that it leads to.
async fn deployment_after(platform: &Platform) -> Result<f64, Failure> {
    let deployments: Api<Deployment> = Api::all(platform.client.clone());
    let ours = watcher::Config::default().labels(&format!("{}={}", children::AGENT_NAMESPACE, platform.namespace));
    let mut changes = std::pin::pin!(watcher(deployments, ours).applied_objects());
    let agent = platform.agent().await?;
    let number: i64 =
        sqlx::query_scalar("SELECT number FROM agents WHERE id = $1").bind(agent.0).fetch_one(&platform.db).await?;
    let begun = Instant::now();
    let job = platform.order(agent).await?;
    loop {
        let Some(deployment) = changes.try_next().await? else { return Err("the watch ended".into()) };
        if deployment.labels().get(children::AGENT).is_some_and(|name| name.ends_with(&format!("-{number}"))) {
            break;
        }
    }
    let millis = begun.elapsed().as_secs_f64() * 1000.0;
    platform.done(&[job]).await?;
    Ok(millis)
}

/// Milliseconds from an `Agent` to all its children but the gateway, which is suspended.
async fn children_after(platform: &Platform, name: &str) -> Result<f64, Failure> {
    let begun = Instant::now();
    suspended(platform, name).await?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

/// Makes an `Agent` by hand that does not run, and waits until the operator has said that all else of it is there.
async fn suspended(platform: &Platform, name: &str) -> Result<(), Failure> {
    let agents: Api<Agent> = platform.agents();
    let agent = json!({
        "apiVersion": "openclaw.cloud/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": name},
        "spec": {"customer": "ana@example.com", "niche": platform::NICHE, "tier": "starter", "suspended": true},
    });
    agents.patch(name, &PatchParams::apply("bench"), &Patch::Apply(agent)).await?;
    let said = kube::runtime::wait::await_condition(agents, name, |agent: Option<&Agent>| {
        agent.is_some_and(|agent| agent.status.as_ref().is_some_and(|status| status.phase.is_some()))
    });
    tokio::time::timeout(PATIENCE, said).await??;
    Ok(())
}

/// Has many agents made at once.
async fn crowd(platform: &Platform) -> Result<Vec<AgentId>, Failure> {
    let mut agents = Vec::new();
    for _ in 0..CROWD {
        agents.push(platform.agent().await?);
    }
    let jobs = join_all(agents.iter().map(|agent| platform.order(*agent))).await;
    let jobs: Vec<JobId> = jobs.into_iter().collect::<Result<_, _>>()?;
    platform.done(&jobs).await?;
    Ok(agents)
}

/// How many of `agents` are not exactly one `Agent`.
async fn twice(platform: &Platform, agents: &[AgentId]) -> Result<usize, Failure> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for agent in platform.agents().list(&ListParams::default().labels(ID)).await? {
        *found.entry(agent.labels()[ID].clone()).or_default() += 1;
    }
    Ok(agents.iter().filter(|agent| found.get(&agent.to_string()) != Some(&1)).count())
}

/// At which version everything is that an operator writes.
async fn versions(platform: &Platform) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for agent in platform.agents().list(&ListParams::default()).await? {
        all.insert(format!("Agent {}", agent.name_any()), agent.resource_version().unwrap_or_default());
    }
    note::<Namespace>(platform, &mut all).await?;
    note::<ResourceQuota>(platform, &mut all).await?;
    note::<LimitRange>(platform, &mut all).await?;
    note::<NetworkPolicy>(platform, &mut all).await?;
    note::<ServiceAccount>(platform, &mut all).await?;
    note::<Deployment>(platform, &mut all).await?;
    Ok(all)
}

async fn note<K>(platform: &Platform, all: &mut BTreeMap<String, String>) -> Result<(), Failure>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let ours = ListParams::default().labels(&format!("{}={}", children::AGENT_NAMESPACE, platform.namespace));
    for child in Api::<K>::all(platform.client.clone()).list(&ours).await? {
        let name = format!("{} {}/{}", K::kind(&()), child.namespace().unwrap_or_default(), child.name_any());
        all.insert(name, child.resource_version().unwrap_or_default());
    }
    Ok(())
}

/// [`versions`] once they stay.
async fn settled(platform: &Platform) -> Result<BTreeMap<String, String>, Failure> {
    let mut before = versions(platform).await?;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = versions(platform).await?;
        if now == before {
            return Ok(now);
        }
        before = now;
    }
}

/// How many of `before` are at another version.
fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> usize {
    before.iter().filter(|(name, version)| after.get(*name) != Some(version)).count()
}

/// Percent of a core that `operator` takes when nothing happens, and its memory in MB.
async fn quiet(operator: &Operator) -> Result<(f64, f64), Failure> {
    // What it was still doing.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = operator.cpu_seconds()?;
    tokio::time::sleep(QUIET).await;
    let spent = operator.cpu_seconds()? - before;
    Ok((spent / QUIET.as_secs_f64() * 100.0, operator.rss_mb()?))
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
