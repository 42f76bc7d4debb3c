//! What a release asks, what it was approved for, and what of it is new.

use std::collections::BTreeMap;

use super::*;

/// What can be asked for, approved and allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rights {
    /// Hosts to reach over HTTPS (a name, `*.` and a domain, or `*`), each with the methods that may be sent there in
    /// upper case; `null` for any method.
    pub hosts: BTreeMap<String, Option<Vec<String>>>,
    /// Providers of connections; `null` for any.
    pub connections: Option<Vec<String>>,
    /// Bytes that one customer's data may take.
    pub storage_bytes: u64,
}

/// What a release asks, with why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked {
    /// Everything, as it would be approved: what [`Approve::rights`] begins with.
    pub rights: Rights,
    /// Why each host, by the pattern in `rights`.
    pub host_reasons: BTreeMap<String, Texts>,
    /// Why each connection, by provider.
    pub connection_reasons: BTreeMap<String, ConnectionReason>,
    /// Functions of WASI beyond what toolchains always pull in, such as `wasi:sockets/tcp#connect`: they are linked to
    /// a world that holds nothing, and are shown so that an admin can ask what they are for.
    pub functions: Vec<String>,
}

/// Why a connection is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionReason {
    /// Whether the agent is useless without it.
    pub required: bool,
    /// Why.
    pub reason: Texts,
}

/// What a release asks beyond what others have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// The active release that it is compared with; absent when there is none, and everything is new then.
    pub active: Option<ReleaseName>,
    /// What it asks that the active release does not ask.
    pub beyond_asked: Vec<Want>,
    /// What it asks that the active release was not approved for: what an admin decides on.
    pub beyond_approved: Vec<Want>,
    /// What the active release was approved for and this one no longer asks.
    pub no_longer: Vec<Want>,
    /// `beyond_approved` as one English sentence, such as “wants in addition: POST to api.example.com, 5 MB storage”,
    /// for the command line and for notices; the page says it in its own language from the list.
    pub words: String,
}

/// One thing that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Want {
    /// To send these methods to a host.
    Host {
        /// Where: a name, `*.` and a domain, or `*`.
        host: String,
        /// Which; `null` for any.
        methods: Option<Vec<String>>,
    },
    /// To use a provider in the customer's name.
    Connection {
        /// The provider; `null` for any.
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
