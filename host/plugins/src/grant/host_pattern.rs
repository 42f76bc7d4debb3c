//! A host, or all below a domain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which hosts: one by its name, or all below a domain. Names are lower case, without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// `api.example.com`: this one.
    Exact(String),
    /// `*.example.com`: every name below the domain, at any depth; the domain itself is not.
    Below(String),
    /// `*`: every host. A release cannot ask for it; a platform may allow it.
    Any,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host name such as `api.example.com`, nor all below a domain such as `*.example.com`")]
pub struct HostPatternError(String);

impl HostPattern {
    /// Whether `host`, a name in lower case, is one of them.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => name == host,
            Self::Below(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|l| !l.is_empty()),
        }
    }

    /// Whether all of `other` are among them.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (_, Self::Any) => false,
            (_, Self::Exact(name)) => self.matches(name),
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(domain), Self::Below(narrower)) => domain == narrower || self.matches(narrower),
        }
    }

    /// What both have. Two patterns never overlap in part: one covers the other, or they share nothing.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        if self.covers(other) { Some(other.clone()) } else { other.covers(self).then(|| self.clone()) }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let below = text.strip_prefix("*.");
        match below {
            _ if text == "*" => Ok(Self::Any),
            Some(domain) if is_name(domain) => Ok(Self::Below(domain.to_owned())),
            None if is_name(text) => Ok(Self::Exact(text.to_owned())),
            _ => Err(HostPatternError(text.to_owned())),
        }
    }
}

impl Serialize for HostPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Lower-case names of two labels or more. An address is no name: allow-lists are by name.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let top = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.contains('.') && name.split('.').all(label) && !top.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_told_from_what_only_looks_like_them() {
        for good in ["api.example.com", "*.example.com", "a-b.example", "*"] {
            assert_eq!(pattern(good).to_string(), good);
        }
        for bad in [
            "",
            "localhost",
            "*.*.com",
            "*.com",
            "https://a.com",
            "a.com/x",
            "A.com",
            "10.0.0.1",
            "-a.com",
            "a..b",
            "a.com.",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn below_a_domain_is_not_the_domain_nor_what_only_ends_like_it() {
        let below = pattern("*.example.com");
        assert!(below.matches("a.example.com") && below.matches("a.b.example.com"));
        for other in ["example.com", "badexample.com", ".example.com", "example.com.evil.test"] {
            assert!(!below.matches(other), "{other}");
        }
    }

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        let covers = |a: &str, b: &str| pattern(a).covers(&pattern(b));
        assert!(covers("*.a.test", "x.a.test") && covers("*.a.test", "*.x.a.test") && covers("*", "*.a.test"));
        assert!(covers("*.a.test", "*.a.test") && covers("x.a.test", "x.a.test"));
        assert!(!covers("x.a.test", "*.a.test") && !covers("*.x.a.test", "*.a.test") && !covers("*.a.test", "*"));
    }
}
