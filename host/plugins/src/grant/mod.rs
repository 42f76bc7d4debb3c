//! What a release may use: what it asks for, of that what an admin approved, and of that what the platform allows at
//! most. One pure function makes a [`Grant`] of the three; a [`Refusal`] says which of them said no.

mod difference;
mod host_pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use difference::{Wish, bytes_in_words};
pub use host_pattern::{HostPattern, HostPatternError};

/// Some of a kind, or any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    from = "Option<BTreeSet<T>>",
    into = "Option<BTreeSet<T>>",
    bound = "T: Ord + Clone + Serialize + serde::de::DeserializeOwned"
)]
pub enum Scope<T: Ord> {
    /// Any of them. In JSON: `null`.
    Any,
    /// These. In JSON: a list.
    Only(BTreeSet<T>),
}

impl<T: Ord + Clone> Scope<T> {
    /// These.
    pub fn only(items: impl IntoIterator<Item = T>) -> Self {
        Self::Only(items.into_iter().collect())
    }

    /// Nothing.
    pub fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether `item` is one of them.
    pub fn has<Q>(&self, item: &Q) -> bool
    where
        T: std::borrow::Borrow<Q>,
        Q: Ord + ?Sized,
    {
        match self {
            Self::Any => true,
            Self::Only(items) => items.contains(item),
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(items) if items.is_empty())
    }

    /// What both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, scope) | (scope, Self::Any) => scope.clone(),
            (Self::Only(a), Self::Only(b)) => Self::Only(a & b),
        }
    }

    /// What either has.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Only(a), Self::Only(b)) => Self::Only(a | b),
        }
    }

    /// What this has and `other` has not. Of everything, the rest beyond a list is still everything.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        match (self, other) {
            (_, Self::Any) => Self::none(),
            (Self::Any, Self::Only(_)) => Self::Any,
            (Self::Only(a), Self::Only(b)) => Self::Only(a - b),
        }
    }
}

impl<T: Ord> From<Option<BTreeSet<T>>> for Scope<T> {
    fn from(items: Option<BTreeSet<T>>) -> Self {
        items.map_or(Self::Any, Self::Only)
    }
}

impl<T: Ord> From<Scope<T>> for Option<BTreeSet<T>> {
    fn from(scope: Scope<T>) -> Self {
        match scope {
            Scope::Any => None,
            Scope::Only(items) => Some(items),
        }
    }
}

/// What can be asked for, approved, and allowed: the same three kinds of things each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Hosts to reach over HTTPS, each with the methods (upper case) that may be sent there.
    pub hosts: BTreeMap<HostPattern, Scope<String>>,
    /// Providers of connections.
    pub connections: Scope<String>,
    /// Bytes that one customer's data may take.
    pub storage_bytes: u64,
}

impl Default for Rights {
    /// Nothing.
    fn default() -> Self {
        Self { hosts: BTreeMap::new(), connections: Scope::none(), storage_bytes: 0 }
    }
}

impl Rights {
    /// Everything, with at most `storage_bytes` of storage.
    pub fn everything(storage_bytes: u64) -> Self {
        Self { hosts: [(HostPattern::Any, Scope::Any)].into(), connections: Scope::Any, storage_bytes }
    }

    /// The methods that may be sent to `host`.
    pub fn methods(&self, host: &str) -> Scope<String> {
        let there = self.hosts.iter().filter(|(pattern, _)| pattern.matches(host));
        there.fold(Scope::none(), |methods, (_, more)| methods.or(more))
    }

    /// What both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut hosts: BTreeMap<HostPattern, Scope<String>> = BTreeMap::new();
        for (ours, our_methods) in &self.hosts {
            for (theirs, their_methods) in &other.hosts {
                let methods = our_methods.and(their_methods);
                if let Some(pattern) = ours.and(theirs).filter(|_| !methods.is_empty()) {
                    let known = hosts.entry(pattern).or_insert_with(Scope::none);
                    *known = known.or(&methods);
                }
            }
        }
        Self {
            hosts,
            connections: self.connections.and(&other.connections),
            storage_bytes: self.storage_bytes.min(other.storage_bytes),
        }
    }
}

/// Who said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The release itself does not ask for it.
    Release,
    /// No admin approved it.
    Admin,
    /// The platform allows it to nobody.
    Platform,
}

impl Party {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Admin => "admin",
            Self::Platform => "platform",
        }
    }
}

/// Something that is not granted, and who said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not granted: {}", match by {
    Party::Release => "the release does not ask for it",
    Party::Admin => "no admin has approved it",
    Party::Platform => "this platform does not allow it",
})]
pub struct Refusal {
    /// Who said no.
    pub by: Party,
    /// What was wanted, in words.
    pub what: String,
}

/// What a release may use: the part that all three agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    asked: Rights,
    approved: Rights,
    ceiling: Rights,
    effective: Rights,
}

impl Grant {
    /// What `asked`, `approved` and `ceiling` have in common.
    pub fn new(asked: Rights, approved: Rights, ceiling: Rights) -> Self {
        let effective = asked.and(&approved).and(&ceiling);
        Self { asked, approved, ceiling, effective }
    }

    /// The common part.
    pub fn effective(&self) -> &Rights {
        &self.effective
    }

    /// Whether `method` may be sent to `host`.
    pub fn http(&self, method: &str, host: &str) -> Result<(), Refusal> {
        self.check(|rights| rights.methods(host).has(method), format_args!("{method} to {host}"))
    }

    /// Whether the connection to `provider` may be used.
    pub fn connection(&self, provider: &str) -> Result<(), Refusal> {
        self.check(|rights| rights.connections.has(provider), format_args!("the connection to {provider}"))
    }

    /// The bytes that one customer's data may take.
    pub fn storage(&self) -> Result<u64, Refusal> {
        self.check(|rights| rights.storage_bytes > 0, format_args!("storage"))?;
        Ok(self.effective.storage_bytes)
    }

    /// Asks the three in turn, so that the first who says no is named.
    fn check(&self, has: impl Fn(&Rights) -> bool, what: fmt::Arguments<'_>) -> Result<(), Refusal> {
        let parties = [(&self.asked, Party::Release), (&self.approved, Party::Admin), (&self.ceiling, Party::Platform)];
        match parties.into_iter().find(|(rights, _)| !has(rights)) {
            Some((_, by)) => Err(Refusal { by, what: what.to_string() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rights(hosts: &[(&str, &[&str])], connections: &[&str], storage_bytes: u64) -> Rights {
        Rights {
            hosts: hosts
                .iter()
                .map(|(host, methods)| {
                    (host.parse().unwrap(), Scope::only(methods.iter().map(|method| (*method).to_owned())))
                })
                .collect(),
            connections: Scope::only(connections.iter().map(|provider| (*provider).to_owned())),
            storage_bytes,
        }
    }

    #[test]
    fn a_refusal_says_which_of_the_three_said_no() {
        let grant = Grant::new(
            rights(&[("a.example.com", &["GET", "POST"]), ("b.example.com", &["GET"])], &["google", "slack"], 100),
            rights(&[("*.example.com", &["GET"])], &["google"], 50),
            rights(&[("a.example.com", &["GET"])], &[], 10),
        );
        assert_eq!(grant.http("GET", "a.example.com"), Ok(()));
        let by = |result: Result<(), Refusal>| result.unwrap_err().by;
        assert_eq!(by(grant.http("GET", "c.example.com")), Party::Release);
        assert_eq!(by(grant.http("POST", "a.example.com")), Party::Admin);
        assert_eq!(by(grant.http("GET", "b.example.com")), Party::Platform);
        assert_eq!(by(grant.connection("notion")), Party::Release);
        assert_eq!(by(grant.connection("slack")), Party::Admin);
        assert_eq!(by(grant.connection("google")), Party::Platform);
        assert_eq!(grant.storage(), Ok(10));
        let nothing = Grant::new(Rights::default(), Rights::everything(1), Rights::everything(1));
        assert_eq!(
            nothing.storage().unwrap_err().to_string(),
            "storage is not granted: the release does not ask for it"
        );
    }

    #[test]
    fn rights_are_kept_as_json() {
        let all = Rights::everything(5);
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json, serde_json::json!({"hosts": {"*": null}, "connections": null, "storage_bytes": 5}));
        assert_eq!(serde_json::from_value::<Rights>(json).unwrap(), all);
    }

    fn any_rights() -> impl Strategy<Value = Rights> {
        let host = prop::sample::select(vec!["*", "*.a.test", "*.b.a.test", "a.test", "b.a.test", "c.b.a.test"]);
        let methods = prop_oneof![
            Just(Scope::Any),
            prop::collection::btree_set(prop::sample::select(vec!["GET".to_owned(), "POST".to_owned()]), 0..3)
                .prop_map(Scope::Only),
        ];
        (prop::collection::btree_map(host, methods, 0..4), 0u64..3).prop_map(|(hosts, storage_bytes)| Rights {
            hosts: hosts.into_iter().map(|(host, methods)| (host.parse().unwrap(), methods)).collect(),
            connections: Scope::none(),
            storage_bytes,
        })
    }

    proptest! {
        #[test]
        fn the_effective_grant_is_what_all_three_have(
            asked in any_rights(), approved in any_rights(), ceiling in any_rights(),
        ) {
            let grant = Grant::new(asked, approved, ceiling);
            for host in ["a.test", "b.a.test", "c.b.a.test", "d.c.b.a.test", "x.a.test", "z.test"] {
                for method in ["GET", "POST", "PUT"] {
                    prop_assert_eq!(grant.http(method, host).is_ok(), grant.effective().methods(host).has(method));
                }
            }
            prop_assert_eq!(grant.storage().unwrap_or(0), grant.effective().storage_bytes);
        }
    }
}
