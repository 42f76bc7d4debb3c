//! Publishers of releases and their signatures: Ed25519 over the 32 bytes of a component's digest.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{self, Actor, Step};
use crate::{Digest, Error, error::Result};

/// A public key with what it signed: a line of 64 hexadecimal digits, a colon and 128 more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The Ed25519 public key.
    pub key: [u8; 32],
    /// The signature.
    pub bytes: [u8; 64],
}

/// A text that is no signature.
#[derive(Debug, thiserror::Error)]
#[error("a signature is written as a public key of 64 hexadecimal digits, a colon, and 128 hexadecimal digits")]
pub struct InvalidSignature;

impl Signature {
    /// Whether the key signed `digest`.
    pub fn is_of(&self, digest: Digest) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(&digest.0, &self.bytes).is_ok()
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", hex::encode(self.key), hex::encode(self.bytes))
    }
}

impl std::str::FromStr for Signature {
    type Err = InvalidSignature;
    fn from_str(text: &str) -> Result<Self, InvalidSignature> {
        let (key, signature) = text.trim().split_once(':').ok_or(InvalidSignature)?;
        let (mut of_key, mut of_signature) = ([0; 32], [0; 64]);
        hex::decode_to_slice(key, &mut of_key).map_err(|_| InvalidSignature)?;
        hex::decode_to_slice(signature, &mut of_signature).map_err(|_| InvalidSignature)?;
        Ok(Self { key: of_key, bytes: of_signature })
    }
}

/// A public key of 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).ok()?;
    Some(key)
}

/// A publisher's secret key.
pub struct SigningKey {
    seed: SecretString,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new one.
    pub fn random() -> Self {
        let mut seed = [0u8; 32];
        rand::RngCore::fill_bytes(&mut rand::rng(), &mut seed);
        Self::of(seed)
    }

    /// The one that [`SigningKey::to_secret`] wrote; none if it is no key.
    pub fn from_secret(text: &SecretString) -> Option<Self> {
        parse_key(text.expose_secret()).map(Self::of)
    }

    fn of(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
        Self { seed: hex::encode(seed).into(), pair }
    }

    /// 64 hexadecimal digits, for a file that only its owner reads.
    pub fn to_secret(&self) -> &SecretString {
        &self.seed
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    /// Signs `digest`.
    pub fn sign(&self, digest: Digest) -> Signature {
        let bytes = self.pair.sign(&digest.0).as_ref().try_into().expect("an Ed25519 signature has 64 bytes");
        Signature { key: self.public(), bytes }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", hex::encode(self.public()))
    }
}

/// A publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// Whose releases nobody else may publish.
    pub niches: Vec<String>,
    /// By whom it was registered.
    pub registered_by: String,
    /// When.
    pub registered_at: OffsetDateTime,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// Releases it signed.
    pub releases: i64,
}

struct Row {
    id: Uuid,
    name: String,
    key: Vec<u8>,
    niches: Vec<String>,
    registered_by: String,
    registered_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
    revoked_reason: Option<String>,
    releases: i64,
}

impl TryFrom<Row> for Publisher {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            name: row.name,
            key: row.key.try_into().map_err(|_| Error::Corrupt("a key of another length".into()))?,
            niches: row.niches,
            registered_by: row.registered_by,
            registered_at: row.registered_at,
            revoked_at: row.revoked_at,
            revoked_reason: row.revoked_reason,
            releases: row.releases,
        })
    }
}

/// Every publisher, by name.
pub async fn all(db: impl PgExecutor<'_>) -> Result<Vec<Publisher>> {
    listed(db, None).await
}

/// The publisher `id`.
pub async fn get(db: impl PgExecutor<'_>, id: Uuid) -> Result<Publisher> {
    listed(db, Some(id)).await?.pop().ok_or(Error::NotFound("publisher"))
}

async fn listed(db: impl PgExecutor<'_>, id: Option<Uuid>) -> Result<Vec<Publisher>> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, name, key, niches, registered_by, registered_at, revoked_at, revoked_reason,
                  (SELECT count(*) FROM releases r WHERE r.publisher_key = p.key) AS "releases!"
           FROM publishers p WHERE $1::uuid IS NULL OR id = $1 ORDER BY name, registered_at"#,
        id
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Publisher::try_from)
    .collect()
}

/// Registers a publisher. Its name must not be another's that is not revoked; its key must never have been anyone's.
pub async fn register(
    db: &PgPool,
    name: &str,
    key: [u8; 32],
    niches: &[String],
    actor: Actor<'_>,
) -> Result<Publisher> {
    let id = Uuid::now_v7();
    let mut tx = db.begin().await?;
    let inserted = sqlx::query!(
        "INSERT INTO publishers (id, name, key, niches, registered_by) VALUES ($1, $2, $3, $4, $5)",
        id,
        name,
        key.as_slice(),
        niches,
        actor.who
    )
    .execute(&mut *tx)
    .await;
    if let Err(sqlx::Error::Database(error)) = &inserted
        && error.is_unique_violation()
    {
        return Err(Error::Conflict(match error.constraint() {
            Some("publishers_one_of_a_name") => format!("there is a publisher called {name} already"),
            _ => "this key was registered before: a revoked one does not come back".to_owned(),
        }));
    }
    inserted?;
    let details = json!({ "name": name, "key": hex::encode(key), "niches": niches });
    audit::record(&mut tx, actor, Step { action: "register-publisher", niche: None, digest: None, details }).await?;
    tx.commit().await?;
    get(db, id).await
}

/// Revokes a publisher: its signatures count no more, what it signed stays as it is.
pub async fn revoke(db: &PgPool, id: Uuid, reason: &str, who: &str) -> Result<Publisher> {
    let mut tx = db.begin().await?;
    let revoked = sqlx::query_scalar!(
        "UPDATE publishers SET revoked_at = now(), revoked_reason = $2 WHERE id = $1 AND revoked_at IS NULL
         RETURNING name",
        id,
        reason
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(name) = revoked else {
        get(&mut *tx, id).await?;
        return Err(Error::WrongState("the publisher is revoked already".into()));
    };
    let (actor, details) = (Actor { who, why: Some(reason) }, json!({ "name": name }));
    audit::record(&mut tx, actor, Step { action: "revoke-publisher", niche: None, digest: None, details }).await?;
    tx.commit().await?;
    get(db, id).await
}

/// What a signature is worth for a release of `niche`: none when it may be published so, otherwise what is wrong.
pub(super) async fn objection(
    db: &mut PgConnection,
    niche: &str,
    signature: Option<&Signature>,
) -> Result<Option<String>> {
    let key = signature.map(|signature| signature.key.to_vec());
    let row = sqlx::query!(
        r#"SELECT array_agg(name ORDER BY name) FILTER (WHERE revoked_at IS NULL AND $1 = ANY(niches)) AS names,
                  coalesce(bool_or(key = $2 AND revoked_at IS NOT NULL), false) AS "revoked!",
                  coalesce(bool_or(key = $2 AND revoked_at IS NULL AND $1 = ANY(niches)), false) AS "entitled!"
           FROM publishers"#,
        niche,
        key
    )
    .fetch_one(db)
    .await?;
    if row.revoked {
        return Ok(Some("the key that signed it was revoked".into()));
    }
    Ok(match row.names {
        Some(names) if !row.entitled => {
            Some(format!("releases of {niche} must be signed by {}, and this one is not", names.join(" or ")))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_digest_by_one_key_and_survives_being_written() {
        let key = SigningKey::random();
        let (this, other) = (Digest::of(b"this"), Digest::of(b"other"));
        let signature: Signature = key.sign(this).to_string().parse().unwrap();
        assert!(signature.is_of(this) && !signature.is_of(other));
        let strangers = Signature { key: SigningKey::random().public(), ..signature };
        assert!(!strangers.is_of(this));
        let again = SigningKey::from_secret(key.to_secret()).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn what_is_no_signature_is_told_from_one() {
        let good = SigningKey::random().sign(Digest::of(b"x")).to_string();
        for bad in ["", "abc", &good[1..], &good.replace(':', ""), &format!("{good}00")] {
            assert!(bad.parse::<Signature>().is_err(), "{bad}");
        }
    }

    #[test]
    fn signatures_are_those_of_rfc_8032() {
        // Its second test vector, with a message of one byte, shows that key and signature are laid out as others do.
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let key = SigningKey::from_secret(&seed.into()).unwrap();
        assert_eq!(hex::encode(key.public()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = key.pair.sign(&[0x72]);
        assert!(
            hex::encode(signature.as_ref())
                .starts_with("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
        );
    }
}
