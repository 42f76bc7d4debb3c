//! `openclaw-cloud publisher …`: who may publish releases.

use clap::Subcommand;
use openclaw_api_types::{List, Publisher, Reason, RegisterPublisher};

use crate::platform::Platform;

/// What can be done with publishers.
#[derive(Debug, clap::Args)]
pub(crate) struct Publishers {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Registers a publisher with the public key that `niche keygen` printed.
    Register {
        /// Its name.
        name: String,
        /// Its public key.
        key: String,
        /// A niche whose releases it alone may publish; may be given more than once.
        #[arg(long = "niche")]
        niches: Vec<String>,
    },
    /// Revokes a publisher: its signatures count no more.
    Revoke {
        /// Its name.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lists the publishers.
    List,
}

pub(crate) async fn run(publishers: Publishers) -> anyhow::Result<()> {
    let admin = publishers.platform.admin()?;
    match publishers.action {
        Action::Register { name, key, niches } => {
            let registered: Publisher = admin.post("publishers", &RegisterPublisher { name, key, niches }).await?;
            println!("{} is registered", registered.name);
        }
        Action::Revoke { name, reason } => {
            let list: List<Publisher> = admin.get("publishers").await?;
            let open = list.items.into_iter().find(|one| one.name == name && one.revoked_at.is_none());
            let Some(publisher) = open else { anyhow::bail!("no publisher is called {name}") };
            let path = format!("publishers/{}/revoke", publisher.id);
            let revoked: Publisher = admin.post(&path, &Reason { reason }).await?;
            println!("{} is revoked", revoked.name);
        }
        Action::List => {
            let list: List<Publisher> = admin.get("publishers").await?;
            for one in list.items {
                let niches = if one.niches.is_empty() { "any niche".to_owned() } else { one.niches.join(", ") };
                let state = if one.revoked_at.is_some() { "revoked" } else { "registered" };
                println!("{state:<10} {:<20} {}  {niches}", one.name, one.key);
            }
        }
    }
    Ok(())
}
