//! Recordings: made of calls of a component in a sandbox of this process, and held against other builds.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use openclaw_plugins::{
    Answer, CallScope, Host, HostConfig, Release, Tenant, ToolCall, ToolOutcome,
    credentials::NoConnections,
    grant::{Grant, Rights},
    recording::{self, Difference, RecordedCall, Recording},
    storage::Ephemeral,
};
use tempfile::TempDir;

use super::component::read_file;

/// What is recorded.
#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// The component.
    component: PathBuf,
    /// The file that is written.
    #[arg(long)]
    out: PathBuf,
    /// A tool and its arguments, such as 'greet {"name": "Ana"}'. Several run in order, over one storage.
    #[arg(long = "call", value_name = "TOOL JSON", required = true)]
    calls: Vec<String>,
    /// What it shows, in a few words; the calls' tools without it.
    #[arg(long)]
    name: Option<String>,
    /// The language of the agent's customer.
    #[arg(long, default_value = "pt")]
    locale: String,
    /// An answer of the customer's, as QUESTION=VALUE.
    #[arg(long = "profile", value_name = "QUESTION=VALUE", value_parser = answer)]
    profile: Vec<Answer>,
    /// When it is, in seconds since 1970; now without it.
    #[arg(long)]
    now: Option<u64>,
    /// Refuse all requests to other hosts.
    #[arg(long)]
    offline: bool,
}

fn answer(text: &str) -> Result<Answer, String> {
    match text.split_once('=') {
        Some((question, value)) => Ok(Answer { question: question.to_owned(), value: value.to_owned() }),
        None => Err("an answer is QUESTION=VALUE".to_owned()),
    }
}

/// A component in a plugin host of this process, which ends with it.
struct Sandbox {
    release: Release,
    _folder: TempDir,
}

impl Sandbox {
    async fn load(component: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let host = Host::new(HostConfig { cache_dir: folder.path().join("compiled"), ..HostConfig::default() })?;
        let release = host.load(&read_file(component)?).await.with_context(|| component.display().to_string())?;
        Ok(Self { release, _folder: folder })
    }
}

/// Makes a recording.
pub(super) async fn record(record: Record) -> anyhow::Result<()> {
    if record.out.exists() {
        bail!("{} is there already; name another file with --out", record.out.display());
    }
    let sandbox = Sandbox::load(&record.component).await?;
    let release = &sandbox.release;
    let asked = release.asked().await?;
    let approved = match record.offline {
        true => Rights { storage_bytes: u64::MAX, ..Rights::default() },
        false => Rights::everything(u64::MAX),
    };
    let scope = CallScope {
        tenant: Tenant(0),
        grant: Arc::new(Grant::new(asked, approved, Rights::everything(u64::MAX))),
        storage: Arc::new(Ephemeral::new()),
        credentials: Arc::new(NoConnections),
    };
    let now = match record.now {
        Some(now) => now,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    let mut calls: Vec<RecordedCall> = Vec::new();
    for call in &record.calls {
        let (name, arguments) = call.split_once(char::is_whitespace).unwrap_or((call, "{}"));
        let (locale, profile, arguments) = (&record.locale, &record.profile, arguments.trim());
        let call = ToolCall { name, arguments, locale, profile, now };
        let (outcome, recorded) = release.record(call, scope.clone()).await?;
        println!("{name}: {}, {} steps", ended(&outcome), recorded.steps());
        if let Some(refused) = &outcome.refused {
            println!("  refused: {refused}");
        }
        calls.push(recorded);
    }
    let name = record.name.unwrap_or_else(|| {
        let tools: Vec<&str> = calls.iter().map(|call| call.tool.as_str()).collect();
        tools.join(", ")
    });
    let recording = release.recording(&name, calls).await?;
    write(&record.out, &recording.to_file()?)?;
    println!("{} holds what the niche read and wrote: look through it before you hand it on", record.out.display());
    Ok(())
}

/// Holds a component against a recording.
pub(super) async fn replay(recording: &Path, component: &Path) -> anyhow::Result<()> {
    let recorded = parse(recording)?;
    let sandbox = Sandbox::load(component).await?;
    let differences = sandbox.release.replay(&recorded).await?;
    told(recording, &differences)?;
    match recorded.calls.len() {
        1 => println!("1 call, as recorded"),
        calls => println!("{calls} calls, all as recorded"),
    }
    Ok(())
}

/// Adds recordings to a component that does as they say.
pub(super) async fn carry(component: &Path, recordings: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let sandbox = Sandbox::load(component).await?;
    let mut carrier = read_file(component)?;
    for file in recordings {
        let recorded = parse(file)?;
        told(file, &sandbox.release.replay(&recorded).await?)?;
        carrier = recording::carry(&carrier, &recorded)?;
    }
    write(out, &carrier)?;
    match recording::carried(&carrier)?.len() {
        1 => println!("{} carries 1 recording", out.display()),
        carried => println!("{} carries {carried} recordings", out.display()),
    }
    Ok(())
}

/// Fails with what differs, if anything does.
fn told(recording: &Path, differences: &[Difference]) -> anyhow::Result<()> {
    differences.iter().for_each(|difference| println!("{difference}"));
    match differences.len() {
        0 => Ok(()),
        1 => bail!("1 difference from {}", recording.display()),
        many => bail!("{many} differences from {}", recording.display()),
    }
}

fn ended(outcome: &ToolOutcome) -> String {
    match &outcome.result {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{} ({error})", error.code()),
    }
}

fn parse(file: &Path) -> anyhow::Result<Recording> {
    Recording::parse(&read_file(file)?).with_context(|| file.display().to_string())
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}
