//! Components: in files and in OCI registries, signed or not.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context as _;
use openclaw_oci::{Login, Reference};
use openclaw_platform::Digest;

use super::signing_key;

/// Most bytes of a component that are fetched from a registry; the platform's own bound may be narrower.
const LARGEST: usize = 256 << 20;

/// Who one is to a registry.
#[derive(Debug, clap::Args)]
pub(super) struct Registry {
    /// The name at the registry.
    #[arg(long, env = "OCI_USERNAME", requires = "password")]
    username: Option<String>,
    /// The password at the registry.
    #[arg(long, env = "OCI_PASSWORD", hide_env_values = true, requires = "username")]
    password: Option<String>,
}

impl Registry {
    fn login(&self) -> Login {
        match (&self.username, &self.password) {
            (Some(user), Some(password)) => Login::Password { user: user.clone(), password: password.clone() },
            _ => Login::Anonymous,
        }
    }
}

/// Where a component is.
pub(super) enum Source {
    File(PathBuf),
    Registry(Reference),
}

impl FromStr for Source {
    type Err = openclaw_oci::OciError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.starts_with("oci://") {
            true => text.parse().map(Self::Registry),
            false => Ok(Self::File(text.into())),
        }
    }
}

/// The component at `source` and its signature: by the key in `sign`, or the one it carries.
pub(super) async fn read(
    source: &str,
    sign: Option<&Path>,
    registry: &Registry,
) -> anyhow::Result<(Vec<u8>, Option<String>)> {
    let (component, carried) = match source.parse()? {
        Source::File(file) => (read_file(&file)?, None),
        Source::Registry(reference) => {
            let fetched = openclaw_oci::fetch(&reference, LARGEST, &registry.login()).await?;
            (fetched.component, fetched.signature)
        }
    };
    let signature = match sign {
        Some(file) => Some(signature(file, &component)?),
        None => carried,
    };
    Ok((component, signature))
}

/// Puts the component in `file` into a registry.
pub(super) async fn publish(
    file: &Path,
    reference: &str,
    sign: Option<&Path>,
    registry: &Registry,
) -> anyhow::Result<Reference> {
    let reference: Reference = reference.parse()?;
    let component = read_file(file)?;
    let signature = sign.map(|sign| signature(sign, &component)).transpose()?;
    openclaw_oci::publish(&reference, component, signature, &registry.login()).await?;
    Ok(reference)
}

pub(super) fn read_file(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn signature(file: &Path, component: &[u8]) -> anyhow::Result<String> {
    Ok(signing_key(file)?.sign(Digest::of(component)).to_string())
}

/// A key as it is written.
pub(super) fn digits(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
