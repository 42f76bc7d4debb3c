//! Components in OCI registries: fetched with a bound, and published with their publisher's signature.
//!
//! A component is an artifact of one layer of the media type `application/wasm`; the signature is an annotation of its
//! manifest. Registries speak HTTPS, those on this machine's loopback plain HTTP.

mod bounded;

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use oci_client::{
    Client,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    errors::OciDistributionError,
    manifest::OciImageManifest,
    secrets::RegistryAuth,
};

use self::bounded::Bounded;

/// The media type of a component.
pub const MEDIA_TYPE: &str = "application/wasm";
/// The annotation that holds the publisher's signature, as an upload's header has it.
pub const SIGNATURE: &str = "dev.openclaw.signature";
/// The media type of an empty configuration.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// How long a registry may take for a step.
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(30);
/// How long fetching or publishing may take in all.
const ALL: Duration = Duration::from_secs(300);

/// Why a component could not be fetched or published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// It is no reference.
    #[error("{0:?} is no reference: write registry.example.com/niches/hello:1.2.0")]
    Reference(String),
    /// The artifact is not a component.
    #[error("{reference} is not a component: {why}")]
    NotAComponent {
        /// What was fetched.
        reference: String,
        /// What is wrong.
        why: String,
    },
    /// The component has more bytes than are taken.
    #[error("{reference} has more than {limit} bytes")]
    TooLarge {
        /// What was fetched.
        reference: String,
        /// Bytes that are taken.
        limit: usize,
    },
    /// The registry did not do as it should.
    #[error("the registry of {reference} did not answer as wished: {source}")]
    Registry {
        /// What was fetched or published.
        reference: String,
        /// What it said.
        #[source]
        source: Box<OciDistributionError>,
    },
    /// The registry was too slow.
    #[error("the registry of {0} took more than {n} s", n = ALL.as_secs())]
    TooSlow(String),
}

/// Where a component is: `registry.example.com/niches/hello:1.2.0`, also with `oci://` in front or `@sha256:…` at the
/// end. The registry is always named: there is no default one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(oci_client::Reference);

impl FromStr for Reference {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        let wrong = || OciError::Reference(text.to_owned());
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (registry, _) = rest.split_once('/').ok_or_else(wrong)?;
        let named = registry == "localhost" || registry.contains(['.', ':']);
        if !named {
            return Err(wrong());
        }
        rest.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Reference {
    /// The registry's host, with its port if one is named.
    pub fn registry(&self) -> &str {
        self.0.registry()
    }

    fn is_loopback(&self) -> bool {
        let host = self.registry().rsplit_once(':').map_or(self.registry(), |(host, _)| host);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    fn failed(&self, source: OciDistributionError) -> OciError {
        OciError::Registry { reference: self.to_string(), source: Box::new(source) }
    }

    fn client(&self) -> Client {
        let protocol = match self.is_loopback() {
            true => ClientProtocol::HttpsExcept(vec![self.registry().to_owned()]),
            false => ClientProtocol::Https,
        };
        Client::new(ClientConfig {
            protocol,
            platform_resolver: None,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(READ),
            ..ClientConfig::default()
        })
    }
}

/// Who one is to a registry.
#[derive(Debug, Clone, Default)]
pub enum Login {
    /// Nobody.
    #[default]
    Anonymous,
    /// Someone with a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

impl Login {
    fn auth(&self) -> RegistryAuth {
        match self {
            Self::Anonymous => RegistryAuth::Anonymous,
            Self::Password { user, password } => RegistryAuth::Basic(user.clone(), password.clone()),
        }
    }
}

/// A component from a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes, which are those that the manifest names.
    pub component: Vec<u8>,
    /// Its publisher's signature, unverified; none if it carries none.
    pub signature: Option<String>,
}

/// Fetches the component at `reference`, of at most `limit` bytes: no more are kept, whatever the registry sends.
pub async fn fetch(reference: &Reference, limit: usize, login: &Login) -> Result<Fetched, OciError> {
    let fetching = fetch_at_leisure(reference, limit, login);
    tokio::time::timeout(ALL, fetching).await.map_err(|_| OciError::TooSlow(reference.to_string()))?
}

async fn fetch_at_leisure(reference: &Reference, limit: usize, login: &Login) -> Result<Fetched, OciError> {
    let client = reference.client();
    let manifest = client.pull_image_manifest(&reference.0, &login.auth()).await;
    let (manifest, _) = manifest.map_err(|error| reference.failed(error))?;
    let not = |why: String| OciError::NotAComponent { reference: reference.to_string(), why };
    let [layer] = manifest.layers.as_slice() else {
        return Err(not(format!("it has {} layers, and a component is one", manifest.layers.len())));
    };
    if layer.media_type != MEDIA_TYPE {
        return Err(not(format!("its layer is {}, and a component is {MEDIA_TYPE}", layer.media_type)));
    }
    let too_large = || OciError::TooLarge { reference: reference.to_string(), limit };
    if usize::try_from(layer.size).is_ok_and(|size| size > limit) {
        return Err(too_large());
    }
    let mut component = Bounded::new(limit);
    let pulled = client.pull_blob(&reference.0, layer, &mut component).await;
    if component.is_full() {
        return Err(too_large());
    }
    pulled.map_err(|error| reference.failed(error))?;
    let signature = manifest.annotations.unwrap_or_default().remove(SIGNATURE);
    Ok(Fetched { component: component.into_bytes(), signature })
}

/// Publishes `component` as `reference`, with its publisher's `signature`.
pub async fn publish(
    reference: &Reference,
    component: Vec<u8>,
    signature: Option<String>,
    login: &Login,
) -> Result<(), OciError> {
    let layer = ImageLayer::new(component, MEDIA_TYPE.to_owned(), None);
    let config = Config::new("{}".as_bytes().to_vec(), EMPTY.to_owned(), None);
    let annotations: BTreeMap<_, _> = signature.into_iter().map(|line| (SIGNATURE.to_owned(), line)).collect();
    let layers = [layer];
    let mut manifest = OciImageManifest::build(&layers, &config, (!annotations.is_empty()).then_some(annotations));
    manifest.artifact_type = Some(MEDIA_TYPE.to_owned());
    let client = reference.client();
    let auth = login.auth();
    let publishing = client.push(&reference.0, &layers, config, &auth, Some(manifest));
    let published =
        tokio::time::timeout(ALL, publishing).await.map_err(|_| OciError::TooSlow(reference.to_string()))?;
    published.map(drop).map_err(|error| reference.failed(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_registry() {
        for (text, registry, loopback) in [
            ("oci://registry.example.com/niches/hello:1.2.0", "registry.example.com", false),
            ("127.0.0.1:5000/hello:1", "127.0.0.1:5000", true),
            ("localhost/hello", "localhost", true),
            ("127.0.0.1.example.com/hello:1", "127.0.0.1.example.com", false),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.registry(), reference.is_loopback()), (registry, loopback), "{text}");
        }
        for text in ["", "hello", "library/hello:1", "hello.wasm", "https://registry.example.com/x"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
