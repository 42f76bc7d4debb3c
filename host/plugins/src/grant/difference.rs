//! What one set of rights has beyond another: what a new release asks for that nobody has approved yet.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HostPattern, Rights, Scope};

/// One thing that is wanted in addition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Wish {
    /// To send these methods to a host.
    Host {
        /// Where.
        host: HostPattern,
        /// Which; any in JSON: `null`.
        methods: Scope<String>,
    },
    /// To use a provider in the customer's name.
    Connection {
        /// The provider; absent for any.
        provider: Option<String>,
    },
    /// To keep more of one customer's data.
    Storage {
        /// Bytes beyond what there was.
        more: u64,
        /// Bytes in all.
        total: u64,
    },
}

impl Rights {
    /// What these have that `other` has not, in a fixed order.
    pub fn beyond(&self, other: &Self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (host, methods) in &self.hosts {
            // Only what covers the whole pattern counts as had.
            let had = other.hosts.iter().filter(|(pattern, _)| pattern.covers(host));
            let had = had.fold(Scope::none(), |all, (_, some)| all.or(some));
            let methods = methods.without(&had);
            if !methods.is_empty() {
                wishes.push(Wish::Host { host: host.clone(), methods });
            }
        }
        match self.connections.without(&other.connections) {
            Scope::Any => wishes.push(Wish::Connection { provider: None }),
            Scope::Only(providers) => {
                wishes.extend(providers.into_iter().map(|provider| Wish::Connection { provider: Some(provider) }));
            }
        }
        if let Some(more) = self.storage_bytes.checked_sub(other.storage_bytes).filter(|more| *more > 0) {
            wishes.push(Wish::Storage { more, total: self.storage_bytes });
        }
        wishes
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, methods: Scope::Any } => write!(f, "any request to {host}"),
            Self::Host { host, methods: Scope::Only(methods) } => {
                let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
                write!(f, "{} to {host}", methods.join(", "))
            }
            Self::Connection { provider: Some(provider) } => write!(f, "the connection to {provider}"),
            Self::Connection { provider: None } => f.write_str("every connection"),
            Self::Storage { more, total } if more == total => write!(f, "{} storage", bytes_in_words(*total)),
            Self::Storage { more, total } => {
                write!(f, "{} more storage, {} in all", bytes_in_words(*more), bytes_in_words(*total))
            }
        }
    }
}

/// `5 MB`, `1.5 kB`, `12 B`: decimal units, one digit after the point where it says something.
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => {
            let tenths = (bytes / (size / 10)) % 10;
            let point = if tenths == 0 { String::new() } else { format!(".{tenths}") };
            format!("{}{point} {unit}", bytes / size)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(json: serde_json::Value) -> Rights {
        serde_json::from_value(json).unwrap()
    }

    fn words(new: serde_json::Value, old: serde_json::Value) -> Vec<String> {
        rights(new).beyond(&rights(old)).iter().map(Wish::to_string).collect()
    }

    #[test]
    fn the_difference_is_told_in_words() {
        let old = serde_json::json!({
            "hosts": {"*.a.test": ["GET"], "b.test": null}, "connections": ["google"], "storage_bytes": 1_000_000
        });
        let new = serde_json::json!({
            "hosts": {"x.a.test": ["GET", "POST"], "b.test": ["PUT"], "api.example.com": ["POST"], "c.test": null},
            "connections": ["google", "slack"], "storage_bytes": 6_500_000
        });
        assert_eq!(
            words(new.clone(), old.clone()),
            [
                "POST to api.example.com",
                "any request to c.test",
                "POST to x.a.test",
                "the connection to slack",
                "5.5 MB more storage, 6.5 MB in all"
            ]
        );
        assert_eq!(words(old.clone(), old), Vec::<String>::new());
        let nothing = serde_json::json!({"hosts": {}, "connections": [], "storage_bytes": 0});
        assert_eq!(words(nothing.clone(), new), Vec::<String>::new());
        let some = serde_json::json!({"hosts": {}, "connections": [], "storage_bytes": 5_000_000});
        assert_eq!(words(some, nothing), ["5 MB storage"]);
    }
}
