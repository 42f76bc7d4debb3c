//! `openclaw-cloud niche …`: what authors and admins do with the releases of a running platform.

mod component;
mod recording;
mod words;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use openclaw_api_types::{
    Approve, List, MaybeReason, PullRelease, Reason, RegistrySettings, ReleasePage, ReleaseState, ReleaseSummary,
    RollOut, StartRollOut,
};
use openclaw_platform::releases::publishers::SigningKey;
use reqwest::Url;

use self::component::{Registry, Source};
use crate::{
    dev::secrets::write_private,
    platform::{AdminApi, Platform},
};

/// What can be done with niches.
#[derive(Debug, clap::Args)]
pub(crate) struct Niche {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Pushes a release, approves all it asks and gives it to everybody, in one go.
    Install {
        #[command(flatten)]
        what: What,
    },
    /// Uploads a release; it is verified, and waits for an admin.
    Push {
        #[command(flatten)]
        what: What,
        /// Have the platform fetch it, from a registry that its settings allow.
        #[arg(long)]
        by_reference: bool,
    },
    /// Puts a component into an OCI registry.
    Publish {
        /// The component.
        file: PathBuf,
        /// Where to: oci://registry.example.com/niches/hello:1.2.0.
        reference: String,
        /// Sign it with the secret key in this file.
        #[arg(long, value_name = "KEYFILE")]
        sign: Option<PathBuf>,
        #[command(flatten)]
        registry: Registry,
    },
    /// Lists the releases, of one niche or of all.
    Releases {
        /// The niche.
        niche: Option<String>,
    },
    /// Shows a release: what it asks, beyond what, and how its self-test went.
    Show {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
    },
    /// Approves a release for all it asks.
    Approve {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Rejects a release that waits for an admin.
    Reject {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Gives a release to a share of its niche's agents, or to everybody.
    RollOut {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
        /// Percent of the agents; everybody, and for good, without it.
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
        share: Option<u8>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Gives everybody the release before again.
    Back {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Retires a release that no agent has.
    Retire {
        /// A digest, its first digits, or NICHE@VERSION.
        release: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Whether releases that ask no more than the active one are approved at once.
    AutoApprove {
        /// `on` or `off`.
        #[arg(value_parser = ["on", "off"])]
        rule: String,
    },
    /// Runs calls of a component in a sandbox here, and keeps them with all that they were answered as a file.
    Record(recording::Record),
    /// Runs the calls of a recording against a component, answered from the file, and says what differs.
    Replay {
        /// The recording.
        recording: PathBuf,
        /// The component.
        component: PathBuf,
    },
    /// Adds recordings to a component: they run with its self-test when it is uploaded.
    Carry {
        /// The component.
        component: PathBuf,
        /// The recordings.
        #[arg(required = true)]
        recordings: Vec<PathBuf>,
        /// The component that carries them.
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes a publisher's key: the secret goes into a file, the public key is printed.
    Keygen {
        /// The file; it must not exist.
        file: PathBuf,
    },
}

/// A component and how it is signed.
#[derive(Debug, clap::Args)]
struct What {
    /// A file, or oci://registry.example.com/niches/hello:1.2.0.
    source: String,
    /// Sign it with the secret key in this file.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    registry: Registry,
}

pub(crate) async fn run(niche: Niche) -> anyhow::Result<()> {
    openclaw_platform::http::install_tls();
    let admin = || niche.platform.admin();
    match niche.action {
        Action::Install { what } => {
            let (component, signature) = component::read(&what.source, what.sign.as_deref(), &what.registry).await?;
            let release = install(&admin()?, component, signature.as_deref()).await?;
            println!(
                "{} {} is in the marketplace; {}.",
                release.release.niche,
                release.release.version,
                words::self_test(&release)
            );
            println!("{}", release.release.digest);
        }
        Action::Push { what, by_reference: true } => {
            let Source::Registry(reference) = what.source.parse()? else {
                bail!("{} is no reference: only what lies in a registry can be fetched by the platform", what.source);
            };
            if what.sign.is_some() {
                bail!("the platform fetches what was signed when it was published: sign it with `niche publish`");
            }
            let wanted = PullRelease { reference: reference.to_string() };
            words::pushed(&admin()?.post("releases", &wanted).await?);
        }
        Action::Push { what, by_reference: false } => {
            let (component, signature) = component::read(&what.source, what.sign.as_deref(), &what.registry).await?;
            words::pushed(&admin()?.upload(component, signature.as_deref()).await?);
        }
        Action::Publish { file, reference, sign, registry } => {
            let reference = component::publish(&file, &reference, sign.as_deref(), &registry).await?;
            println!("published oci://{reference}");
        }
        Action::Releases { niche } => {
            let path = niche.map_or_else(|| "releases".to_owned(), |niche| query("releases", "niche", &niche));
            let list: List<ReleaseSummary> = admin()?.get(&path).await?;
            words::releases(&list.items);
        }
        Action::Show { release } => {
            let admin = admin()?;
            words::page(&admin.get(&path(&admin, &release, "").await?).await?);
        }
        Action::Approve { release, reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/approve").await?;
            let page: ReleasePage = admin.post(&path, &Approve { reason, rights: None }).await?;
            words::stands(&page);
        }
        Action::Reject { release, reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/reject").await?;
            words::stands(&admin.post(&path, &Reason { reason }).await?);
        }
        Action::Retire { release, reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/retire").await?;
            words::stands(&admin.post(&path, &Reason { reason }).await?);
        }
        Action::RollOut { release, share: Some(share), reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/roll-out").await?;
            words::roll_out(&admin.post(&path, &StartRollOut { share, reason }).await?);
        }
        Action::RollOut { release, share: None, reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/complete").await?;
            words::roll_out(&admin.post(&path, &MaybeReason { reason }).await?);
        }
        Action::Back { release, reason } => {
            let admin = admin()?;
            let path = path(&admin, &release, "/roll-back").await?;
            words::roll_out(&admin.post(&path, &Reason { reason }).await?);
        }
        Action::AutoApprove { rule } => {
            let wanted = RegistrySettings { auto_approve_same_or_fewer: rule == "on" };
            let _: RegistrySettings = admin()?.put("registry-settings", &wanted).await?;
            println!(
                "releases that ask no more than the active one are approved {}",
                match rule.as_str() {
                    "on" => "at once",
                    _ => "by an admin",
                }
            );
        }
        Action::Record(record) => recording::record(record).await?,
        Action::Replay { recording, component } => recording::replay(&recording, &component).await?,
        Action::Carry { component, recordings, out } => recording::carry(&component, &recordings, &out).await?,
        Action::Keygen { file } => {
            if file.exists() {
                bail!("{} is there already: a key that is lost does not come back", file.display());
            }
            let key = SigningKey::random();
            let secret = secrecy::ExposeSecret::expose_secret(key.to_secret());
            write_private(&file, format!("{secret}\n").as_bytes())?;
            println!("{}", component::digits(&key.public()));
        }
    }
    Ok(())
}

/// Pushes a component, approves all it asks and gives it to everybody.
pub(crate) async fn install(
    admin: &AdminApi,
    component: Vec<u8>,
    signature: Option<&str>,
) -> anyhow::Result<ReleasePage> {
    let pushed: ReleasePage = admin.upload(component, signature).await?;
    let path = format!("releases/{}", pushed.release.digest);
    let why = Some("installed in one go".to_owned());
    if matches!(pushed.release.state, ReleaseState::Pending | ReleaseState::Rejected) {
        let approve = Approve { reason: why.clone(), rights: None };
        let _: ReleasePage = admin.post(&format!("{path}/approve"), &approve).await?;
    }
    if pushed.release.state != ReleaseState::Active {
        let _: RollOut = admin.post(&format!("{path}/complete"), &MaybeReason { reason: why }).await?;
    }
    admin.get(&path).await
}

/// The path of the release that `text` means, and what follows it.
async fn path(admin: &AdminApi, text: &str, rest: &str) -> anyhow::Result<String> {
    let list: List<ReleaseSummary> = admin.get("releases").await?;
    let means = |release: &&ReleaseSummary| match text.split_once('@') {
        Some((niche, version)) => release.niche == niche && release.version == version,
        None => release.digest.trim_start_matches("sha256:").starts_with(text.trim_start_matches("sha256:")),
    };
    let meant: Vec<&ReleaseSummary> = list.items.iter().filter(means).collect();
    match meant.as_slice() {
        [one] => Ok(format!("releases/{}{rest}", one.digest)),
        [] => bail!("there is no release {text}: `niche releases` lists them"),
        more => {
            let digests: Vec<&str> = more.iter().map(|release| release.digest.as_str()).collect();
            bail!("{text} is more than one release: {}", digests.join(", "))
        }
    }
}

fn query(path: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse("http://platform/").expect("this is an address");
    url.query_pairs_mut().append_pair(name, value);
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// The secret key in a file.
fn signing_key(file: &std::path::Path) -> anyhow::Result<SigningKey> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    SigningKey::from_secret(&text.into())
        .with_context(|| format!("{} holds no key: `niche keygen` makes one", file.display()))
}
