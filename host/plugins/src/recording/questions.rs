//! Every question a guest may ask, by capability.

use serde::{Deserialize, Serialize};

use super::difference::{clipped, unlike};
use super::step::{Likeness, Question, Said};
use super::tape::HASH_SEED;
use super::{Blob, bytes};
use crate::storage::{Pair, StorageError, Write};

// === storage ===

/// `storage.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Get {
    pub(crate) key: String,
}

/// `storage.scan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scan {
    pub(crate) prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    pub(crate) limit: u32,
}

/// `storage.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Set {
    pub(crate) key: String,
    #[serde(with = "bytes")]
    pub(crate) value: Vec<u8>,
}

/// `storage.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remove {
    pub(crate) key: String,
}

/// `storage.compare-and-set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompareAndSet {
    pub(crate) key: String,
    pub(crate) expected: Option<Blob>,
    pub(crate) value: Option<Blob>,
}

/// `storage.batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
}

impl Question for Get {
    type Answer = Said<Option<Blob>, StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        same_or_other(self == recorded)
    }

    fn words(&self) -> String {
        format!("read `{}`", self.key)
    }
}

impl Question for Scan {
    type Answer = Said<Vec<Pair>, StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        same_or_other(self == recorded)
    }

    fn words(&self) -> String {
        let after = self.after.as_ref().map_or(String::new(), |after| format!(" after `{after}`"));
        format!("listed at most {} keys of `{}`{after}", self.limit, self.prefix)
    }
}

impl Question for Set {
    type Answer = Said<(), StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        if self.key != recorded.key {
            return Likeness::Other;
        }
        differing(&format!("what is written under `{}`", self.key), unlike(&self.value, &recorded.value))
    }

    fn words(&self) -> String {
        format!("wrote `{}` = {}", self.key, clipped(&self.value))
    }
}

impl Question for Remove {
    type Answer = Said<(), StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        same_or_other(self == recorded)
    }

    fn words(&self) -> String {
        format!("removed `{}`", self.key)
    }
}

impl Question for CompareAndSet {
    type Answer = Said<bool, StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        // What is expected decides the answer: another expectation has none.
        if self.key != recorded.key || optional(self.expected.as_ref(), recorded.expected.as_ref()).is_some() {
            return Likeness::Other;
        }
        let value = optional(self.value.as_ref(), recorded.value.as_ref());
        differing(&format!("what is written under `{}`", self.key), value)
    }

    fn words(&self) -> String {
        let value = |blob: &Option<Blob>| blob.as_ref().map_or("nothing".into(), |blob| clipped(&blob.0));
        format!("wrote `{}` = {} if it was {}", self.key, value(&self.value), value(&self.expected))
    }
}

impl Question for Batch {
    type Answer = Said<(), StorageError>;

    fn like(&self, recorded: &Self) -> Likeness {
        if self.writes.len() != recorded.writes.len() {
            return match keys(&self.writes).any(|key| keys(&recorded.writes).any(|other| other == key)) {
                true => Likeness::Near(format!("{}; recorded: {}", self.words(), recorded.words())),
                false => Likeness::Other,
            };
        }
        let mut found = Vec::new();
        for (write, recorded) in self.writes.iter().zip(&recorded.writes) {
            match (write, recorded) {
                (Write::Set(pair), Write::Set(other)) if pair.key == other.key => {
                    found.extend(unlike(&pair.value, &other.value).map(|how| format!("under `{}` {how}", pair.key)));
                }
                (Write::Remove(key), Write::Remove(other)) if key == other => {}
                _ => return Likeness::Other,
            }
        }
        differing("what is written at once:", (!found.is_empty()).then(|| found.join("; ")))
    }

    fn words(&self) -> String {
        let write = |write: &Write| match write {
            Write::Set(pair) => format!("`{}` = {}", pair.key, clipped(&pair.value)),
            Write::Remove(key) => format!("`{key}` removed"),
        };
        let most = 4;
        let mut writes: Vec<String> = self.writes.iter().take(most).map(write).collect();
        writes.extend(self.writes.len().checked_sub(most).filter(|rest| *rest > 0).map(|rest| format!("{rest} more")));
        format!("wrote at once {}", writes.join(", "))
    }
}

fn keys(writes: &[Write]) -> impl Iterator<Item = &str> {
    writes.iter().map(|write| match write {
        Write::Set(pair) => pair.key.as_str(),
        Write::Remove(key) => key.as_str(),
    })
}

// === connections and http ===

/// A header as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    /// As much of it as the guest read.
    #[serde(with = "bytes")]
    pub(crate) body: Vec<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) trailers: Vec<Header>,
    #[serde(default, skip_serializing_if = "End::is_whole")]
    pub(crate) end: End,
}

/// How an answer's body ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum End {
    /// It is all there.
    #[default]
    Whole,
    /// The guest read no further.
    Unread,
    /// It broke off.
    Broken(HttpFailure),
}

impl End {
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// Why a request over `wasi:http` has no answer, or not all of it, in the words that the guest is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HttpFailure {
    Denied,
    AddressProhibited,
    Unavailable,
    Incomplete,
    Internal(String),
}

/// Why a request to a provider has no answer, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ConnectionFailure {
    NotGranted,
    NotConnected,
    InvalidRequest(String),
    LimitExceeded(String),
    Unavailable(String),
    Other(String),
}

/// `connections.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Send {
    pub(crate) provider: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Option<Blob>,
}

/// A request over `wasi:http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<Header>,
    /// None when it was not read to its end before the answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Blob>,
}

impl Question for Send {
    type Answer = Said<Received, ConnectionFailure>;

    fn like(&self, recorded: &Self) -> Likeness {
        let line = |of: &Self| (of.provider.clone(), of.method.clone(), of.path.clone());
        if line(self) != line(recorded) {
            return Likeness::Other;
        }
        let body = optional(self.body.as_ref(), recorded.body.as_ref()).map(|how| format!("the body {how}"));
        differing(&format!("{}:", self.words()), headers(&self.headers, &recorded.headers).or(body))
    }

    fn words(&self) -> String {
        format!("sent {} {} to {}", self.method, self.path, self.provider)
    }
}

impl Http {
    /// Method and address.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

impl Question for Http {
    type Answer = Said<Received, HttpFailure>;

    /// All but the body, which is not known yet when the request is begun.
    fn like(&self, recorded: &Self) -> Likeness {
        if (&self.method, &self.url) != (&recorded.method, &recorded.url) {
            return Likeness::Other;
        }
        differing(&format!("{}:", self.words()), headers(&self.headers, &recorded.headers))
    }

    fn words(&self) -> String {
        format!("sent {}", self.line())
    }
}

/// How the headers differ, but for the body's length, which is told with the body.
fn headers(now: &[Header], recorded: &[Header]) -> Option<String> {
    let told = |headers: &[Header]| {
        let told = |header: &&Header| !header.name.eq_ignore_ascii_case("content-length");
        let mut told: Vec<(String, String)> =
            headers.iter().filter(told).map(|h| (h.name.to_ascii_lowercase(), h.value.clone())).collect();
        told.sort_unstable();
        told
    };
    let (now, recorded) = (told(now), told(recorded));
    let lacking = |these: &[(String, String)], those: &[(String, String)]| {
        these.iter().find(|header| !those.contains(header)).map(|(name, value)| format!("{name}: {value}"))
    };
    match (lacking(&now, &recorded), lacking(&recorded, &now)) {
        (None, None) => None,
        (now, recorded) => {
            let words = |header: Option<String>| header.map_or("none".into(), |header| format!("`{header}`"));
            Some(format!("the header is {}; recorded {}", words(now), words(recorded)))
        }
    }
}

// === clock and random ===

/// A reading of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub(crate) which: Which,
}

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Which {
    /// The time of day: nanoseconds since 1970-01-01T00:00:00Z.
    Wall,
    /// Nanoseconds since the call began.
    Monotonic,
}

/// Randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Random {
    pub(crate) bytes: u64,
    pub(crate) why: Purpose,
}

/// What randomness is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// The guest's own.
    Guest,
    /// Its standard library's, for hash maps: how often it asks depends on the toolchain.
    HashSeed,
}

impl Question for Clock {
    type Answer = u64;

    fn like(&self, recorded: &Self) -> Likeness {
        same_or_other(self == recorded)
    }

    fn words(&self) -> String {
        match self.which {
            Which::Wall => "asked for the time of day".into(),
            Which::Monotonic => "asked how much time has passed".into(),
        }
    }
}

impl Question for Random {
    type Answer = Blob;

    fn like(&self, recorded: &Self) -> Likeness {
        same_or_other(self == recorded)
    }

    fn words(&self) -> String {
        match self.why {
            Purpose::Guest => format!("asked for {} random bytes", self.bytes),
            Purpose::HashSeed => format!("seeded a {HASH_SEED}"),
        }
    }
}

// === log ===

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) message: String,
}

/// What is answered to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Logged {
    Written,
}

impl Question for Log {
    type Answer = Logged;

    fn like(&self, recorded: &Self) -> Likeness {
        match (self == recorded, self.level == recorded.level) {
            (true, _) => Likeness::Same,
            (false, true) => Likeness::Near(format!("{}; recorded: {}", self.words(), recorded.words())),
            (false, false) => Likeness::Other,
        }
    }

    fn words(&self) -> String {
        format!("logged {} {}", self.level, clipped(self.message.as_bytes()))
    }

    /// Nothing follows from a line: one more is told, and the call goes on.
    fn unrecorded(&self) -> Option<Logged> {
        Some(Logged::Written)
    }
}

fn same_or_other(same: bool) -> Likeness {
    if same { Likeness::Same } else { Likeness::Other }
}

fn differing(what: &str, how: Option<String>) -> Likeness {
    how.map_or(Likeness::Same, |how| Likeness::Near(format!("{what} {how}")))
}

/// How two values that may be absent differ.
pub(crate) fn optional(now: Option<&Blob>, recorded: Option<&Blob>) -> Option<String> {
    match (now, recorded) {
        (None, None) => None,
        (Some(now), Some(recorded)) => unlike(&now.0, &recorded.0),
        (Some(now), None) => Some(format!("is {}; recorded nothing", clipped(&now.0))),
        (None, Some(recorded)) => Some(format!("is nothing; recorded {}", clipped(&recorded.0))),
    }
}
