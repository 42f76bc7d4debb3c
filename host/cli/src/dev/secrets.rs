//! The secrets of one `dev`: made once, kept in its folder.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use openclaw_platform::vault::Vault;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::Variables;

/// What a production platform is given by its operator.
#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    platform_key: String,
    pub(super) admin_token: String,
    stripe_webhook_secret: String,
}

impl Secrets {
    /// Those in `folder`; new ones if it has none. A variable that is set goes before either.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("secrets.json");
        let mut secrets: Self = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let random = || Vault::random_key().expose_secret().replace(['+', '/', '='], "");
                let new = Self {
                    platform_key: Vault::random_key().expose_secret().to_owned(),
                    admin_token: random(),
                    stripe_webhook_secret: format!("whsec_{}", random()),
                };
                write_private(&path, &serde_json::to_vec_pretty(&new)?)?;
                new
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        for (variable, secret) in [
            ("PLATFORM_KEY", &mut secrets.platform_key),
            ("ADMIN_TOKEN", &mut secrets.admin_token),
            ("STRIPE_WEBHOOK_SECRET", &mut secrets.stripe_webhook_secret),
        ] {
            if let Ok(set) = std::env::var(variable) {
                *secret = set;
            }
        }
        Ok(secrets)
    }

    pub(super) fn variables(&self) -> Variables {
        Variables::from([
            ("PLATFORM_KEY", self.platform_key.clone()),
            ("ADMIN_TOKEN", self.admin_token.clone()),
            ("STRIPE_WEBHOOK_SECRET", self.stripe_webhook_secret.clone()),
        ])
    }
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(&draft, path)?)
}
