//! Installing releases.

use std::{path::Path, sync::Arc};

use openclaw_plugins::{
    CallScope, Host, HostConfig, Tenant, ToolCall,
    credentials::NoConnections,
    grant::{Grant, Rights},
    recording::{self, Recording},
    storage::Ephemeral,
};
use openclaw_testkit::components;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::app::{ADMIN, TestApp};

#[tokio::test]
async fn a_release_waits_for_an_admin_with_all_that_they_must_know() {
    let app = TestApp::start().await;
    let first = app.upload(components::bytes("hello")).await;
    assert_eq!(first.status, 201);
    let page = &first.body;
    assert_eq!(
        (&page["state"], &page["niche"], &page["version"]),
        (&json!("pending"), &json!("hello"), &json!("0.1.0"))
    );
    assert_eq!(page["exports"], json!(["tools", "self-test"]));
    assert_eq!(page["self_test"], json!([{ "name": "greets by name", "kind": "case", "error": null }]));
    assert_eq!(page["publisher"], json!({ "trust": "unsigned", "name": null, "key": null }));
    assert_eq!(page["difference"]["words"], "asks for nothing");
    assert!(page["changes"]["pt"].is_string() && page["approved"].is_null(), "{page}");
    assert_eq!(app.get("/v1/niches").send().await.ok(), json!({ "items": [] }), "nobody is offered it yet");

    let again = app.upload(components::bytes("hello")).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, page));
    let list = app.admin("releases").await;
    assert_eq!(list["items"][0]["digest"], page["digest"]);
}

#[tokio::test]
async fn what_is_no_good_component_is_refused_and_nothing_changes() {
    let app = TestApp::start().await;
    let garbage = app.upload(b"not a component".to_vec()).await;
    assert_eq!(garbage.problem(), (422, "not-a-component", Some("component")));
    let broken = app.upload(b"\0asm\x0d\0\x01\0broken".to_vec()).await;
    assert_eq!(broken.status, 422, "{}", broken.body);
    let failing = app.upload(components::bytes("hostile")).await;
    assert_eq!(failing.problem(), (422, "self-test-failed", Some("component")));
    assert!(failing.body["detail"].as_str().unwrap().contains("expected 1, got 2"), "{}", failing.body);
    assert_eq!(app.get("/v1/admin/releases").bearer(ADMIN).send().await.ok(), json!({ "items": [] }));
    assert_eq!(app.get("/v1/niches").send().await.ok(), json!({ "items": [] }));
}

/// A recording of `hello` greeting Ana.
async fn greeting(folder: &Path) -> Recording {
    let host = Host::new(HostConfig { cache_dir: folder.join("compiled"), ..HostConfig::default() }).unwrap();
    let release = host.load(&components::bytes("hello")).await.unwrap();
    let call =
        ToolCall { name: "greet", arguments: r#"{"name":"Ana"}"#, locale: "en", profile: &[], now: 1_800_000_000 };
    let nothing = Rights::default;
    let scope = CallScope {
        tenant: Tenant(1),
        grant: Arc::new(Grant::new(nothing(), nothing(), nothing())),
        storage: Arc::new(Ephemeral::new()),
        credentials: Arc::new(NoConnections),
    };
    let (_, call) = release.record(call, scope).await.unwrap();
    release.recording("greets Ana", vec![call]).await.unwrap()
}

#[tokio::test]
async fn a_release_does_as_the_recordings_say_that_it_carries() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let recording = greeting(folder.path()).await;

    let carrier = recording::carry(&components::bytes("hello"), &recording).unwrap();
    let page = app.upload(carrier).await.ok();
    assert_eq!(page["self_test"][1], json!({ "name": "greets Ana", "kind": "recording", "error": null }));

    let other = components::with_text(components::bytes("hello"), "Hello", "Howdy");
    let refused = app.upload(recording::carry(&other, &recording).unwrap()).await;
    assert_eq!(refused.problem(), (422, "self-test-failed", Some("component")));
    assert!(refused.body["detail"].as_str().unwrap().contains("Howdy, Ana!"), "{}", refused.body);

    // One that is cut is no reason to pass, and is said.
    let mut damaged = recording::carry(&components::bytes("hello"), &recording).unwrap();
    let end = damaged.len();
    damaged[end - 3..].copy_from_slice(b"   ");
    let refused = app.upload(damaged).await;
    assert_eq!(refused.problem().0, 422);
    assert!(refused.body["detail"].as_str().unwrap().contains("cut or damaged"), "{}", refused.body);
}

#[tokio::test]
async fn a_component_over_the_bound_is_not_even_read() {
    let app = TestApp::with(&[("release_mib", "1")]).await;
    let large = app.upload(vec![0; (1 << 20) + 1]).await;
    assert_eq!(large.problem(), (413, "body-too-large", None));

    // A gigabyte is refused by its announcement: not a byte of it is sent here, and the answer comes at once.
    let answer = raw(&app, "content-length: 1073741824\r\n", b"").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // One that announces nothing is read up to the bound.
    let chunk = [b"100001\r\n".as_slice(), &[0; 0x10_0001], b"\r\n"].concat();
    let answer = raw(&app, "transfer-encoding: chunked\r\n", &chunk).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn an_upload_that_is_cut_in_the_middle_leaves_nothing() {
    let app = TestApp::start().await;
    let component = components::bytes("hello");
    let mut stream = begin(&app, &format!("content-length: {}\r\n", component.len())).await;
    stream.write_all(&component[..component.len() / 2]).await.unwrap();
    drop(stream);
    // The next is served, and finds nothing of the one before.
    assert_eq!(app.admin("releases").await, json!({ "items": [] }));
    assert_eq!(app.upload(component).await.status, 201);
}

/// An upload by hand, up to its body.
async fn begin(app: &TestApp, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /v1/admin/releases HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {ADMIN}\r\n\
         content-type: application/wasm\r\n{length}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The first line of the answer to an upload by hand.
async fn raw(app: &TestApp, length: &str, body: &[u8]) -> String {
    let mut stream = begin(app, length).await;
    // The other side may have heard enough before all is said.
    let _ = stream.write_all(body).await;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line
}
