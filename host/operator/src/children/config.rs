//! What a gateway is told: its environment, secrets among it.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::ResourceExt as _;
use openclaw_platform::{Digest, tokens::Minted};
use secrecy::ExposeSecret as _;

use super::Family;
use crate::{blueprint::Blueprint, resources::Agent};

/// The Secret's name.
pub const CONFIG: &str = "openclaw-config";

/// The annotation with the mark of the Secret: on a gateway's pod of the one that it was started with, on an `Agent` of
/// the one that its gateway is to run with. Whoever writes the Secret annotates the `Agent` next, which is how the
/// controller hears of it; without the annotation no gateway runs.
pub const CONFIG_MARK: &str = "openclaw.cloud/config";

/// The mark of the Secret that the gateway of `agent` is to run with.
pub fn config_of(agent: &Agent) -> Option<Digest> {
    agent.annotations().get(CONFIG_MARK)?.parse().ok()
}

/// A variable for each key.
pub fn secret(family: &Family, blueprint: &Blueprint, minted: &Minted) -> Secret {
    let tokens = [
        ("TELEGRAM_BOT_TOKEN", minted.bot_token.expose_secret()),
        ("OPENCLAW_PROXY_TOKEN", minted.proxy_token.expose_secret()),
    ];
    let variables = blueprint.environment.iter().map(|(name, value)| (*name, value.as_str())).chain(tokens);
    let data = variables.map(|(name, value)| (name.to_owned(), ByteString(value.as_bytes().to_vec()))).collect();
    Secret { metadata: family.child(CONFIG), type_: Some("Opaque".into()), data: Some(data), ..Secret::default() }
}

/// Names what is in `secret`: a gateway that was started with another one is to be started anew.
pub fn mark(secret: &Secret) -> Digest {
    let none = BTreeMap::new();
    let mut bytes = Vec::new();
    for (name, value) in secret.data.as_ref().unwrap_or(&none) {
        // A name has no NUL, and lengths keep values from running into the next name.
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&value.0.len().to_be_bytes());
        bytes.extend_from_slice(&value.0);
    }
    Digest::of(&bytes)
}
