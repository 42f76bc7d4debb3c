//! Who is who in a cluster: an authority of its own, and a certificate and a kubeconfig for each that talks to the API server.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::json;

/// What vouches for everyone.
pub(super) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, which writes into `folder`.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "cluster for tests");
        std::fs::write(folder.join("ca.crt"), params.self_signed(&key)?.pem())?;
        Ok(Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) })
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> String {
        self.path("ca.crt")
    }

    /// A certificate and its key for a server on loopback.
    pub(super) fn server(&self, name: &str) -> anyhow::Result<(String, String)> {
        let names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"].map(str::to_owned);
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(name, &params)
    }

    /// A kubeconfig that makes whoever reads it `user`, of `group` if there is one, at the API server on `port`.
    pub(super) fn kubeconfig(&self, user: &str, group: Option<&str>, port: u16) -> anyhow::Result<PathBuf> {
        let name = user.rsplit(':').next().unwrap_or(user);
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        let (certificate, key) = self.issue(name, &params)?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": {
                "server": format!("https://127.0.0.1:{port}"), "certificate-authority": self.certificate(),
            }}],
            "users": [{"name": name, "user": {"client-certificate": certificate, "client-key": key}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": name}}],
            "current-context": "tests",
        });
        let path = self.folder.join(format!("{name}.kubeconfig"));
        std::fs::write(&path, serde_json::to_vec_pretty(&config)?)?;
        Ok(path)
    }

    /// The two halves of a key that signs the tokens of service accounts: what signs, and what checks.
    pub(super) fn token_key(&self) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        std::fs::write(self.folder.join("tokens.key"), key.serialize_pem())?;
        std::fs::write(self.folder.join("tokens.pub"), key.public_key_pem())?;
        Ok((self.path("tokens.key"), self.path("tokens.pub")))
    }

    fn issue(&self, name: &str, params: &CertificateParams) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        let (certificate_file, key_file) = (format!("{name}.crt"), format!("{name}.key"));
        std::fs::write(self.folder.join(&certificate_file), params.signed_by(&key, &self.issuer)?.pem())?;
        std::fs::write(self.folder.join(&key_file), key.serialize_pem())?;
        Ok((self.path(&certificate_file), self.path(&key_file)))
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }
}
