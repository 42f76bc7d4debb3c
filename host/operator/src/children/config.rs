//! What a gateway is told: its environment, secrets among it.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use openclaw_platform::{Digest, tokens::Minted};
use secrecy::ExposeSecret as _;

use super::Family;
use crate::blueprint::Blueprint;

/// The Secret's name.
pub const CONFIG: &str = "openclaw-config";

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
