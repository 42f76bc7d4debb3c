//! Rights: as the plugin host compares them, as they are kept and shown, and the platform's ceiling.

use std::collections::BTreeMap;

use openclaw_api_types::{Difference, ReleaseName, Rights, Want};
use openclaw_platform::{
    Error,
    config::Settings,
    releases::{Granted, Release, nothing},
};
use openclaw_plugins::grant::{self, Grant, HostPattern, Scope};
use serde::{Serialize, de::DeserializeOwned};

/// The most that any release may use, as the settings have it.
pub(crate) fn ceiling(settings: &Settings) -> Result<grant::Rights, Error> {
    let hosts = list(&settings.plugin_hosts).map(|host| {
        let pattern: HostPattern =
            host.parse().map_err(|error| Error::Config(format!("PLUGIN_HOSTS is wrong: {error}")))?;
        Ok((pattern, Scope::Any))
    });
    let providers: Vec<String> = list(&settings.plugin_connections).map(str::to_owned).collect();
    Ok(grant::Rights {
        hosts: hosts.collect::<Result<BTreeMap<_, _>, Error>>()?,
        connections: if providers.iter().any(|provider| provider == "*") { Scope::Any } else { Scope::only(providers) },
        storage_bytes: u64::from(settings.plugin_storage_mib) << 20,
    })
}

/// The parts of a setting that is a list with commas.
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The same in another type with the same JSON.
fn same<A: Serialize, B: DeserializeOwned>(value: &A) -> Result<B, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(value)?)
}

/// Rights as the plugin host compares them. Hosts of a request may be no hosts.
pub(crate) fn compared(rights: &Rights) -> Result<grant::Rights, serde_json::Error> {
    same(rights)
}

/// Rights as they are kept and shown.
pub(crate) fn shown(rights: &grant::Rights) -> Rights {
    same(rights).unwrap_or_else(|_| nothing())
}

/// What was kept, as the plugin host compares it.
fn kept(rights: &Rights) -> Result<grant::Rights, Error> {
    compared(rights).map_err(|error| Error::Corrupt(format!("rights: {error}")))
}

/// What a release may use in the end.
pub(crate) fn grant(granted: &Granted, ceiling: &grant::Rights) -> Result<Grant, Error> {
    Ok(Grant::new(kept(&granted.asked)?, kept(&granted.approved)?, ceiling.clone()))
}

/// What a release may use in the end; as if all it asks were approved while nobody decided.
pub(crate) fn effective(release: &Release, ceiling: &grant::Rights) -> Result<Rights, Error> {
    let asked = kept(&release.asked)?;
    let approved = release.approved.as_ref().map_or_else(|| Ok(asked.clone()), kept)?;
    Ok(shown(Grant::new(asked, approved, ceiling.clone()).effective()))
}

/// What `these` have beyond `those`.
pub(crate) fn beyond(these: &Rights, those: &Rights) -> Result<Vec<grant::Wish>, Error> {
    Ok(kept(these)?.beyond(&kept(those)?))
}

/// What of all a release asks the ceiling does not allow.
pub(crate) fn over(release: &Release, ceiling: &grant::Rights) -> Result<Vec<Want>, Error> {
    Ok(kept(&release.asked)?.beyond(ceiling).into_iter().map(want).collect())
}

/// What `release` asks beyond the `active` release of its niche; itself is nothing beyond itself.
pub(crate) fn difference(release: &Release, active: Option<&Release>) -> Result<Difference, Error> {
    let nothing = nothing();
    let asked_before = active.map_or(&nothing, |active| &active.asked);
    let approved_before = active.and_then(|active| active.approved.as_ref()).unwrap_or(&nothing);
    let wants = |wishes: Vec<grant::Wish>| wishes.into_iter().map(want).collect();
    let new = beyond(&release.asked, approved_before)?;
    let told: Vec<String> = new.iter().map(ToString::to_string).collect();
    Ok(Difference {
        active: active.map(|active| ReleaseName { digest: active.digest.to_string(), version: active.version.clone() }),
        beyond_asked: wants(beyond(&release.asked, asked_before)?),
        no_longer: wants(beyond(approved_before, &release.asked)?),
        words: match (told.is_empty(), active) {
            (true, None) => "asks for nothing".to_owned(),
            (true, Some(_)) => "asks for nothing in addition".to_owned(),
            (false, None) => format!("wants: {}", told.join(", ")),
            (false, Some(_)) => format!("wants in addition: {}", told.join(", ")),
        },
        beyond_approved: wants(new),
    })
}

/// Methods as the API has them: none for any.
pub(crate) fn listed(methods: &Scope<String>) -> Option<Vec<String>> {
    match methods {
        Scope::Any => None,
        Scope::Only(methods) => Some(methods.iter().cloned().collect()),
    }
}

fn want(wish: grant::Wish) -> Want {
    match wish {
        grant::Wish::Host { host, methods } => Want::Host { host: host.to_string(), methods: listed(&methods) },
        grant::Wish::Connection { provider } => Want::Connection { provider },
        grant::Wish::Storage { more, total } => Want::Storage { more, total },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_what_the_settings_say() {
        let settings = |own: &[(&'static str, &str)]| {
            let least = ["database_url", "redis_url", "platform_key", "admin_token"]
                .map(|name| (name, if name == "redis_url" { "redis://x" } else { "postgres://0123456789abcdef" }));
            Settings::from_pairs(least.iter().chain(own).map(|(name, value)| (*name, (*value).to_owned()))).unwrap()
        };
        let usual = ceiling(&settings(&[])).unwrap();
        assert_eq!(usual, grant::Rights::everything(64 << 20));
        let own = [("plugin_hosts", "*.example.com, api.test"), ("plugin_connections", "google")];
        let narrow = ceiling(&settings(&own)).unwrap();
        assert!(narrow.methods("a.example.com").has("POST") && narrow.methods("api.test").has("GET"));
        assert!(narrow.methods("other.test").is_empty());
        assert!(narrow.connections.has("google") && !narrow.connections.has("slack"));
        let wrong = ceiling(&settings(&[("plugin_hosts", "https://x")])).unwrap_err();
        assert!(wrong.to_string().contains("PLUGIN_HOSTS"), "{wrong}");
    }
}
