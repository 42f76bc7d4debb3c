//! Requests in a customer's name: the credential goes where it may and nowhere else, and the niche never sees it.

use std::sync::Arc;

use async_trait::async_trait;
use openclaw_plugins::credentials::{Credential, CredentialError, Credentials};
use openclaw_plugins::grant::{Grant, Rights, Scope};
use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{CallScope, Release};

use crate::internet::{Internet, Seen};
use crate::{TestHost, call_in, scope, text, unharmed};

const TOKEN: &str = "ya29.secret-of-the-customer";

/// A customer who has connected `google`.
pub(crate) struct Connected;

#[async_trait]
impl Credentials for Connected {
    async fn credential(&self, provider: &str) -> Result<Credential, CredentialError> {
        if provider != "google" {
            return Err(CredentialError::NotConnected);
        }
        Ok(Credential {
            base_url: "https://www.googleapis.test/v1".into(),
            headers: vec![("authorization".into(), format!("Bearer {TOKEN}").into())],
            hosts: vec!["*.googleapis.test".parse().unwrap()],
        })
    }
}

struct World {
    internet: Internet,
    release: Release,
    scope: CallScope,
    _test: TestHost,
}

impl World {
    async fn start() -> Self {
        let (internet, network) = Internet::start().await;
        let test = TestHost::with(|config| config.network = network);
        let release = test.hostile().await;
        let scope = CallScope { credentials: Arc::new(Connected), ..scope(&release, Arc::new(Ephemeral::new())).await };
        Self { internet, release, scope, _test: test }
    }

    /// Sends, and looks that the token is nowhere in what the niche got.
    async fn send(&self, request: &str) -> String {
        let answer = text(call_in(&self.release, "send", request, self.scope.clone()).await);
        assert!(!answer.contains(TOKEN), "{answer}");
        answer
    }
}

impl World {
    /// What the server saw, host and path, and whether the credential came along.
    fn seen(&self) -> Vec<(String, bool)> {
        let with_token = |seen: &Seen| seen.authorization.as_deref() == Some(&format!("Bearer {TOKEN}"));
        self.internet.seen().iter().map(|seen| (format!("{}{}", seen.host, seen.path), with_token(seen))).collect()
    }
}

fn sent(to: &str, with_token: bool) -> (String, bool) {
    (to.to_owned(), with_token)
}

#[tokio::test]
async fn the_host_adds_the_customers_credential_to_a_path_below_the_providers_api() {
    let world = World::start().await;
    let answer = world.send("google GET /echo?q=1\nx-note: hello").await;
    assert!(answer.starts_with("200") && answer.ends_with("GET /v1/echo?q=1 0 hello"), "{answer}");
    assert_eq!(world.seen(), [sent("www.googleapis.test/v1/echo?q=1", true)]);
}

#[tokio::test]
async fn what_is_not_granted_or_not_connected_is_said_and_nothing_is_sent() {
    let mut world = World::start().await;
    assert_eq!(world.send("slack GET /echo").await, "ConnectionError::NotGranted");
    let asked = world.release.asked().await.unwrap();
    let none = Rights { connections: Scope::none(), ..Rights::everything(0) };
    world.scope.grant = Arc::new(Grant::new(asked.clone(), none, Rights::everything(0)));
    assert_eq!(world.send("google GET /echo").await, "ConnectionError::NotGranted");

    let everyone = Rights { connections: Scope::only(["slack".to_owned()]), ..asked };
    world.scope.grant = Arc::new(Grant::new(everyone, Rights::everything(0), Rights::everything(0)));
    assert_eq!(world.send("slack GET /echo").await, "ConnectionError::NotConnected");
    assert_eq!(world.internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn a_request_that_leaves_its_part_of_the_api_is_refused() {
    let world = World::start().await;
    for path in ["/../admin", "/.\t./admin", "/a/..%2f..%2fadmin", "//evil.test/", "@evil.test/", "/a\\..\\b"] {
        let refused = world.send(&format!("google GET {path}")).await;
        assert!(refused.contains("InvalidRequest"), "{path}: {refused}");
    }
    let refused = world.send("google GET /echo\nauthorization: Bearer mine").await;
    assert!(refused.contains("not a niche's to set"), "{refused}");
    assert_eq!(world.internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn the_credential_follows_a_redirect_only_to_the_providers_own_hosts() {
    let world = World::start().await;
    world.send("google GET /to/https:~~upload.googleapis.test~echo").await;
    assert_eq!(
        world.seen(),
        [
            sent("www.googleapis.test/v1/to/https:~~upload.googleapis.test~echo", true),
            sent("upload.googleapis.test/echo", true),
        ]
    );
    // A host that the release may reach by itself is sent to, without the credential.
    let answer = world.send("google GET /to/https:~~api.example.com~echo").await;
    assert!(answer.starts_with("200"), "{answer}");
    assert_eq!(world.seen()[1], sent("api.example.com/echo", false));
    // Any other is not sent to at all.
    for to in ["https:~~evil.test~echo", "http:~~upload.googleapis.test~echo", "https:~~169.254.169.254~latest"] {
        let refused = world.send(&format!("google GET /to/{to}")).await;
        assert!(refused.contains("InvalidRequest"), "{to}: {refused}");
        assert_eq!(world.seen().len(), 1, "{to}");
    }
    let refused = world.send("google GET /to/https:~~evil.test~echo").await;
    assert!(refused.contains("sends the request on, and") && refused.contains("evil.test"), "{refused}");
    // Nor to another part of the provider's own API than the connection is for.
    let refused = world.send("google GET /to/~admin").await;
    assert!(refused.contains("the redirect leads out of the provider's API"), "{refused}");
    world.internet.name("upload.googleapis.test", &["169.254.169.254"]);
    let refused = world.send("google GET /to/https:~~upload.googleapis.test~echo").await;
    assert!(refused.contains("not public"), "{refused}");
}

#[tokio::test]
async fn redirects_without_end_are_cut() {
    let world = World::start().await;
    let refused = world.send("google GET /round").await;
    assert!(refused.contains("more redirects than are followed"), "{refused}");
    assert_eq!(world.seen().len(), 6);
}

#[tokio::test]
async fn a_credential_that_the_provider_echoes_never_reaches_the_niche() {
    let world = World::start().await;
    for path in ["/leak-body", "/leak-encoded", "/leak-header"] {
        let withheld = world.send(&format!("google GET {path}")).await;
        assert!(withheld.contains("held the customer's credential and is withheld"), "{path}: {withheld}");
    }
    let away = world.send("google GET /leak-away").await;
    assert!(away.contains("is withheld"), "{away}");
    assert!(world.seen().iter().all(|(to, _)| to.starts_with("www.googleapis.test")), "the token left in an address");
    let zipped = world.send("google GET /zipped").await;
    assert!(zipped.contains("compressed"), "{zipped}");
    let baked = world.send("google GET /cookie").await;
    assert!(baked.contains("baked") && !baked.contains("session"), "{baked}");
    unharmed(&world.release).await;
}

#[tokio::test]
async fn a_withheld_answer_is_metered_as_a_refusal() {
    let world = World::start().await;
    let outcome = call_in(&world.release, "send", "google GET /leak-body", world.scope.clone()).await;
    assert_eq!((outcome.spent.requests, outcome.spent.refusals), (1, 1));
}
