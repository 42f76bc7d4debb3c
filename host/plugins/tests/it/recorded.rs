//! A recording runs again with nothing behind it, and says what another build does otherwise.

use std::sync::Arc;

use openclaw_plugins::grant::{Grant, Rights};
use openclaw_plugins::recording::{self, RecordedCall, Recording, RecordingError};
use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{Answer, CallScope, PluginError, Release, ToolCall};
use openclaw_testkit::components;

use crate::connected::Connected;
use crate::internet::Internet;
use crate::{TestHost, scope};

/// Runs `calls` of a component on a host with a network and connections, over one storage.
async fn record(name: &str, calls: &[(&str, &str)]) -> Recording {
    let (_internet, network) = Internet::start().await;
    let test = TestHost::with(|config| config.network = network);
    let release = test.component(name).await;
    let given = CallScope { credentials: Arc::new(Connected), ..scope(&release, Arc::new(Ephemeral::new())).await };
    let mut recorded: Vec<RecordedCall> = Vec::new();
    for (name, arguments) in calls {
        recorded.push(release.record(call(name, arguments), given.clone()).await.unwrap().1);
    }
    release.recording("what was done", recorded).await.unwrap()
}

fn call<'a>(name: &'a str, arguments: &'a str) -> ToolCall<'a> {
    ToolCall { name, arguments, locale: "pt", profile: &[], now: 1_800_000_000 }
}

/// What a release, on a host that reaches nobody, does otherwise.
async fn differences(release: &Release, recording: &Recording) -> Vec<String> {
    // As a file, which is what is handed on.
    let read = Recording::parse(&recording.to_file().unwrap()).unwrap();
    assert_eq!(&read, recording);
    release.replay(&read).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_recording_runs_again_with_nothing_behind_it() {
    let recording = record(
        "hostile",
        &[
            ("store", "key"),
            ("read", "key"),
            ("read", "other"),
            ("scan", ""),
            ("compare", ""),
            ("half-a-batch", ""),
            ("replace", ""),
            ("store-then-fail", "key"),
            ("store-then-panic", "key"),
            ("log-once", ""),
            ("random", ""),
            ("moment", ""),
            ("moment", ""),
            ("panic", "{}"),
            ("echo", "x"),
            ("fetch", "POST https://api.example.com/echo/a?b=c\nx-note: hello\n\nsome content"),
            ("fetch", "GET https://evil.test/echo"),
            ("fetch", "GET https://api.example.com/large/200000"),
            ("follow", "GET https://api.example.com/to/https:~~files.example.net~echo"),
            ("send", "google GET /echo?q=1"),
            ("send", "google GET /leak-body"),
            ("send", "slack GET /echo"),
            ("no-such-tool", ""),
        ],
    )
    .await;
    let (internet, network) = Internet::start().await;
    let test = TestHost::with(|config| config.network = network);
    assert_eq!(differences(&test.hostile().await, &recording).await, [""; 0]);
    // Nor does it need the storage: this one's is empty again, and what was read is read.
    let stored = record("courier", &[("deliver", r#"{"parcel":"books"}"#)]).await;
    assert_eq!(differences(&test.component("courier").await, &stored).await, [""; 0]);
    assert_eq!(internet.dialed(), [""; 0]);
}

#[tokio::test]
async fn a_whole_trade_runs_again_with_its_days_and_its_stock() {
    let calls = [
        ("receive_stock", r#"{"product":"Dipirona 500 mg","batch":"L7","quantity":10,"expires":"2027-03-31"}"#),
        ("find_stock", r#"{"query":"dipirona"}"#),
        ("sell", r#"{"product":"Dipirona 500 mg","quantity":3,"prescription_checked":true}"#),
        ("sell", r#"{"product":"Dipirona 500 mg","quantity":30}"#),
        ("report", "{}"),
        ("check_interactions", r#"{"medicines":["varfarina","ibuprofeno"]}"#),
    ];
    let recording = record("pharmacy", &calls).await;
    let release = TestHost::start().component("pharmacy").await;
    assert_eq!(differences(&release, &recording).await, [""; 0]);
    // The stock that was recorded is what the calls depended on.
    let other = differences(&release, &edited(&recording, r#""quantity":3,"#, r#""quantity":4,"#)).await;
    assert!(other.iter().any(|told| told.starts_with("call 3 `sell`")), "{other:?}");
}

#[tokio::test]
async fn another_builds_differences_are_told_in_words() {
    let recording = record("hostile", &[("store", "key"), ("store-then-fail", "key")]).await;
    let test = TestHost::start();
    let other = components::with_text(components::bytes("hostile"), "changed my mind", "changed my mood");
    let other = test.host.load(&other).await.unwrap();
    let told = differences(&other, &recording).await;
    let refused = |why: &str| format!("it refused with `refused`: {why:?}");
    let (now, before) = (refused("changed my mood"), refused("changed my mind"));
    assert_eq!(told, [format!("call 2 `store-then-fail`: {now}; recorded: {before}")]);

    let wrote = edited(&recording, r#""value": "value""#, r#""value": "valid""#);
    let told = differences(&test.hostile().await, &wrote).await;
    assert_eq!(told[0], r#"call 1 `store`: step 1: what is written under `key` is "value"; recorded "valid""#);
}

/// The file with `old` as `new`.
fn edited(recording: &Recording, old: &str, new: &str) -> Recording {
    let file = String::from_utf8(recording.to_file().unwrap()).unwrap();
    assert!(file.contains(old), "{file}");
    Recording::parse(file.replace(old, new).as_bytes()).unwrap()
}

#[tokio::test]
async fn what_was_asked_otherwise_more_or_less_is_told() {
    let test = TestHost::start();
    let release = test.hostile().await;
    let stored = record("hostile", &[("store", "key")]).await;
    let result = edited(&stored, "Ok(())", "Ok(1)");
    assert_eq!(
        differences(&release, &result).await,
        [r#"call 1 `store`: the result's text differs: is "Ok(())"; recorded "Ok(1)""#]
    );
    // The recording is of a call with another key: nothing answers the one that is written now, and it ends there.
    let other_key = edited(&stored, r#""key": "key""#, r#""key": "kex""#);
    let told = differences(&release, &other_key).await;
    assert!(told[0].contains("wrote `key` = value, and no answer to that was recorded"), "{told:?}");

    let fetched = record("hostile", &[("fetch", "POST https://api.example.com/echo\n\nsome content")]).await;
    let body = edited(&fetched, r#""some content""#, r#""other content""#);
    let told = differences(&release, &body).await;
    assert!(told.iter().any(|told| told.contains("the body is") && told.contains("some content")), "{told:?}");
}

#[tokio::test]
async fn no_secret_is_in_the_file() {
    let (_internet, network) = Internet::start().await;
    let test = TestHost::with(|config| config.network = network);
    let release = test.hostile().await;
    let given = CallScope { credentials: Arc::new(Connected), ..scope(&release, Arc::new(Ephemeral::new())).await };
    let token = "123456789:AAF-abcdefghij_klmnopqrstuvwxyz0123";
    let profile = [Answer { question: "bot".into(), value: token.into() }];
    let mut recorded = Vec::new();
    for (name, arguments) in [
        ("send", "google GET /echo"),
        ("send", "google GET /leak-body"),
        ("fetch", "GET https://api.example.com/echo?api_key=hunter22\nx-api-key: hunter22"),
        ("fetch", "GET https://api.example.com/cookie"),
    ] {
        let call = ToolCall { profile: &profile, ..call(name, arguments) };
        recorded.push(release.record(call, given.clone()).await.unwrap().1);
    }
    // What the tool was given stands in the file as it is: here it holds the key, by the test's own doing.
    let recording = release.recording("secrets", recorded).await.unwrap();
    let file = String::from_utf8(recording.to_file().unwrap()).unwrap();
    for secret in ["ya29.secret-of-the-customer", token, "session=1"] {
        assert!(!file.contains(secret), "{secret}: {file}");
    }
    let steps = file.split("\"steps\"").skip(3).collect::<String>();
    assert!(!steps.contains("\"value\": \"hunter22\""), "{steps}");
    assert!(steps.contains("api_key=(left out)"), "{steps}");
}

#[tokio::test]
async fn a_component_carries_recordings_and_another_niches_is_refused() {
    let recording = record("hostile", &[("store", "key")]).await;
    let component = components::bytes("hostile");
    let carrier = recording::carry(&component, &recording).unwrap();
    let carrier = recording::carry(&carrier, &recording).unwrap();
    assert_eq!(recording::carried(&component).unwrap(), []);
    assert_eq!(recording::carried(&carrier).unwrap(), [recording.clone(), recording.clone()]);
    let test = TestHost::start();
    let release = test.host.load(&carrier).await.unwrap();
    assert_eq!(differences(&release, &recording).await, [""; 0]);

    let (of, is) = ("hostile".to_owned(), "courier".to_owned());
    let refused = test.component("courier").await.replay(&recording).await.unwrap_err();
    assert_eq!(refused, PluginError::Recording(RecordingError::OtherNiche { of, is }));
}

#[tokio::test]
async fn what_is_the_moments_fault_is_not_recorded() {
    let test = TestHost::with(|config| config.tenant_calls_per_minute = 1);
    let release = test.hostile().await;
    let given = scope(&release, Arc::new(Ephemeral::new())).await;
    release.record(call("count", "{}"), given.clone()).await.unwrap();
    let error = release.record(call("count", "{}"), given).await.unwrap_err();
    assert!(
        error.to_string().starts_with("the call of `count` cannot be recorded: this customer's agents made 1"),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_refused_is_refused_again_whatever_is_granted_now() {
    let test = TestHost::start();
    let release = test.hostile().await;
    let nothing = Grant::new(Rights::default(), Rights::everything(1), Rights::everything(1));
    let mut given = scope(&release, Arc::new(Ephemeral::new())).await;
    given.grant = Arc::new(nothing);
    let (_, recorded) = release.record(call("store", "key"), given).await.unwrap();
    let recording = release.recording("refused", vec![recorded]).await.unwrap();
    assert!(String::from_utf8(recording.to_file().unwrap()).unwrap().contains("not-granted"));
    assert_eq!(differences(&release, &recording).await, [""; 0]);
}
