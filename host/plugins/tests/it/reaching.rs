//! Requests to other hosts: what is granted gets through, and nothing else does, however it is written.

use std::sync::Arc;
use std::time::Duration;

use openclaw_plugins::grant::{Grant, Rights, Scope};
use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{HostConfig, Release, ToolError};

use crate::internet::{Internet, PUBLIC, UNVOUCHED};
use crate::{TestHost, call_in, call_with, refusal, scope, text, unharmed};

async fn start(change: impl FnOnce(&mut HostConfig)) -> (Internet, TestHost, Release) {
    let (internet, network) = Internet::start().await;
    let test = TestHost::with(|config| {
        config.network = network;
        change(config);
    });
    let release = test.hostile().await;
    (internet, test, release)
}

async fn run(release: &Release, tool: &str, request: &str) -> String {
    text(call_with(release, tool, request, Arc::new(Ephemeral::new())).await)
}

#[tokio::test]
async fn a_granted_host_is_reached_and_the_traffic_is_counted() {
    let (internet, _test, release) = start(|_| ()).await;
    let request = "POST https://api.example.com/echo/a?b=c\nx-note: hello\n\nsome content";
    let outcome = call_with(&release, "fetch", request, Arc::new(Ephemeral::new())).await;
    let spent = outcome.spent;
    let answer = text(outcome);
    assert!(answer.starts_with("200\n") && answer.ends_with("\n\nPOST /echo/a?b=c 12 hello"), "{answer}");
    assert_eq!((spent.requests, spent.refusals), (1, 0));
    assert!(spent.egress_bytes > 12 && spent.ingress_bytes > 12, "{spent:?}");
    assert_eq!(internet.seen()[0].host, "api.example.com");
    assert_eq!(internet.dialed(), [PUBLIC]);
    let below = run(&release, "fetch", "GET https://files.example.net/echo").await;
    assert!(below.starts_with("200\n"), "{below}");
}

#[tokio::test]
async fn what_one_of_the_three_does_not_grant_is_refused_and_never_dialed() {
    let (internet, _test, release) = start(|_| ()).await;
    let outcome = call_with(&release, "fetch", "GET https://evil.test/echo", Arc::new(Ephemeral::new())).await;
    let who = "GET to evil.test is not granted: the release does not ask for it";
    assert_eq!(outcome.refused.as_deref(), Some(who));
    let denied = text(outcome);
    assert!(denied.contains("HttpRequestDenied"), "{denied}");

    let asked = release.asked().await.unwrap();
    let get = ("api.example.com".parse().unwrap(), Scope::only(["GET".to_owned()]));
    let approved = Rights { hosts: [get].into(), ..Rights::default() };
    let mut scope = scope(&release, Arc::new(Ephemeral::new())).await;
    scope.grant = Arc::new(Grant::new(asked, approved, Rights::everything(0)));
    let outcome = call_in(&release, "fetch", "POST https://api.example.com/echo", scope.clone()).await;
    assert_eq!(outcome.spent.refusals, 1);
    let who = "POST to api.example.com is not granted: no admin has approved it";
    assert_eq!(outcome.refused.as_deref(), Some(who));
    assert!(text(outcome).contains("HttpRequestDenied"));
    assert_eq!(internet.dialed(), [""; 0]);
    let got = text(call_in(&release, "fetch", "GET https://api.example.com/echo", scope).await);
    assert!(got.starts_with("200\n"), "{got}");
}

#[tokio::test]
async fn a_name_that_stands_for_an_address_that_is_not_public_is_refused() {
    let (internet, _test, release) = start(|_| ()).await;
    for address in
        ["169.254.169.254", "127.0.0.1", "10.0.0.7", "::1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "fd00::1"]
    {
        internet.name("api.example.com", &[address]);
        let refused = run(&release, "fetch", "GET https://api.example.com/").await;
        assert!(refused.contains("DestinationIpProhibited"), "{address}: {refused}");
    }
    assert_eq!(internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn a_name_that_stands_for_another_address_the_second_time_is_dialed_at_the_first() {
    let (internet, _test, release) = start(|_| ()).await;
    internet.name("api.example.com", &[PUBLIC, "169.254.169.254"]);
    let first = run(&release, "fetch", "GET https://api.example.com/echo").await;
    assert!(first.starts_with("200\n"), "{first}");
    let second = run(&release, "fetch", "GET https://api.example.com/echo").await;
    assert!(second.contains("DestinationIpProhibited"), "{second}");
    assert_eq!(internet.dialed(), [PUBLIC]);
}

#[tokio::test]
async fn an_address_in_place_of_a_name_is_refused_whatever_is_granted() {
    let (internet, _test, release) = start(|_| ()).await;
    for address in [
        "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1]/",
        "https://2130706433/",
        "https://127.0.0.1/",
        "http://api.example.com/",
        "https://api.example.com:8443/",
        "https://evil.test@api.example.com/",
    ] {
        let refused = run(&release, "fetch", &format!("GET {address}")).await;
        assert!(!refused.starts_with("200"), "{address}: {refused}");
    }
    assert_eq!(internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn nothing_is_tunnelled_or_traced() {
    let (internet, _test, release) = start(|_| ()).await;
    for method in ["CONNECT", "TRACE"] {
        let refused = run(&release, "fetch", &format!("{method} https://api.example.com/echo")).await;
        assert!(!refused.starts_with("200"), "{method}: {refused}");
    }
    assert_eq!(internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn each_redirect_is_looked_at_again() {
    let (internet, _test, release) = start(|_| ()).await;
    internet.name("cdn.example.net", &["169.254.169.254"]);
    for to in [
        "https://169.254.169.254~latest",
        "https://[::ffff:127.0.0.1]~",
        "https://evil.test~echo",
        "https://cdn.example.net~echo",
        "http://api.example.com~echo",
    ] {
        let refused = run(&release, "follow", &format!("GET https://api.example.com/to/{to}")).await;
        assert!(!refused.starts_with("200"), "{to}: {refused}");
        assert_eq!(internet.dialed(), [PUBLIC], "{to}");
    }
    let followed = run(&release, "follow", "GET https://api.example.com/to/https:~~files.example.net~echo").await;
    assert!(followed.starts_with("200\n"), "{followed}");
}

#[tokio::test]
async fn headers_that_are_not_a_niches_are_refused() {
    let (internet, _test, release) = start(|_| ()).await;
    for name in ["authorization", "Cookie", "host", "connection", "transfer-encoding", "proxy-authorization", "te"] {
        let refused = run(&release, "fetch", &format!("GET https://api.example.com/echo\n{name}: x")).await;
        assert_eq!(refused, format!("{name}: HeaderError::Forbidden"));
    }
    assert_eq!(internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn a_server_nobody_vouches_for_is_not_talked_to() {
    let (internet, _test, release) = start(|_| ()).await;
    let refused = run(&release, "fetch", &format!("GET https://{UNVOUCHED}/echo")).await;
    assert!(refused.contains("DestinationUnavailable"), "{refused}");
    assert!(internet.seen().is_empty());
}

#[tokio::test]
async fn bytes_and_time_have_a_limit_and_the_niche_is_told() {
    let (_internet, _test, release) = start(|config| {
        config.limits.egress.received_bytes = 10_000;
        config.limits.egress.sent_bytes = 10_000;
        config.limits.egress.first_byte = Duration::from_millis(200);
        config.limits.egress.between_bytes = Duration::from_millis(200);
    })
    .await;
    let large = run(&release, "fetch", "GET https://api.example.com/large/20000").await;
    // By the code, and in words that tell nothing of the host.
    let limit = "more bytes than a call may receive";
    assert!(large.contains(&format!("InternalError(Some(\"{limit}\"))")), "{large}");
    assert!(!large.contains("backtrace") && !large.contains(".rs"), "{large}");
    let sent = run(&release, "fetch", &format!("POST https://api.example.com/echo\n\n{}", "x".repeat(20_000))).await;
    assert!(sent.contains("more bytes than a call may send"), "{sent}");
    let never = run(&release, "fetch", "GET https://api.example.com/never").await;
    assert!(never.contains("in time") || never.contains("silent"), "{never}");
    let stuck = run(&release, "fetch", "GET https://api.example.com/stuck").await;
    assert!(stuck.contains("silent for too long"), "{stuck}");
    unharmed(&release).await;
}

#[tokio::test]
async fn how_long_an_answer_takes_to_begin_and_how_long_it_stays_silent_are_two_limits() {
    let times = async |first_byte: u64, between_bytes: u64, path: &str| {
        let (_internet, _test, release) = start(|config| {
            config.limits.egress.first_byte = Duration::from_millis(first_byte);
            config.limits.egress.between_bytes = Duration::from_millis(between_bytes);
        })
        .await;
        let request = format!("GET https://api.example.com/{path}");
        let outcome = call_with(&release, "fetch", &request, Arc::new(Ephemeral::new())).await;
        // Slowness is nobody's refusal: a release is not taken back for it as one that wants what is not granted.
        assert_eq!((outcome.spent.refusals, &outcome.refused), (0, &None));
        text(outcome)
    };
    let never = times(300, 50, "never").await;
    assert!(never.contains("no answer in time"), "{never}");
    let stuck = times(8_000, 50, "stuck").await;
    assert!(stuck.contains("silent for too long"), "{stuck}");
}

#[tokio::test]
async fn requests_have_a_limit() {
    let (internet, _test, release) = start(|config| config.limits.egress.requests = 3).await;
    let followed = run(&release, "follow", "GET https://api.example.com/to/https:~~api.example.com~loop").await;
    assert!(followed.contains("more requests than a call may send"), "{followed}");
    assert_eq!(internet.dialed().len(), 3);
}

#[tokio::test]
async fn a_niche_written_with_the_crate_sends_what_its_catalog_asks_for() {
    let (internet, test, _) = start(|_| ()).await;
    let courier = test.component("courier").await;
    let delivered = call_with(&courier, "deliver", r#"{"parcel":"books"}"#, Arc::new(Ephemeral::new())).await;
    assert_eq!(delivered.spent.requests, 1);
    assert_eq!(text(delivered), "POST /echo 7 ");
    // The grant that another release has is not its own: GET was never asked for.
    let asked = courier.asked().await.unwrap();
    let get = ("api.example.com".parse().unwrap(), Scope::only(["GET".to_owned()]));
    let approved = Rights { hosts: [get].into(), ..Rights::default() };
    let mut scope = scope(&courier, Arc::new(Ephemeral::new())).await;
    scope.grant = Arc::new(Grant::new(asked, approved, Rights::everything(0)));
    let refused = refusal(call_in(&courier, "deliver", r#"{"parcel":"books"}"#, scope).await);
    assert_eq!(refused, ToolError::Refused("the request is not granted".into()));
    assert_eq!(internet.dialed(), [PUBLIC]);
}
