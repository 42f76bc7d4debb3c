//! The life of a release, from the command line.

use std::{path::Path, process::Command};

use openclaw_testkit::{components, oci::OciRegistry};

use crate::platform::{EXECUTABLE, Platform};

/// What one command said, with whether it did what it was told.
struct Said {
    ok: bool,
    text: String,
}

impl Said {
    fn ok(self) -> String {
        assert!(self.ok, "{}", self.text);
        self.text
    }

    fn refused(self) -> String {
        assert!(!self.ok, "{}", self.text);
        self.text
    }
}

fn run(platform: &Platform, arguments: &[&str]) -> Said {
    let output = Command::new(EXECUTABLE)
        .args(arguments)
        .args(["--api", platform.url("api"), "--admin-token", platform.url("admin_token"), "--as", "Ana"])
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Said { ok: output.status.success(), text: format!("{said}{complained}") }
}

/// The digest that ends what `push` says.
fn digest(said: &str) -> &str {
    said.trim().rsplit_once('\n').unwrap().1
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_release_is_signed_published_pushed_approved_rolled_out_and_taken_back() {
    let platform = Platform::start().await;
    let run = |arguments: &[&str]| run(&platform, arguments);
    let folder = tempfile::tempdir().unwrap();
    let (key, component, next) =
        (folder.path().join("key"), folder.path().join("hello.wasm"), folder.path().join("next.wasm"));
    std::fs::write(&component, components::bytes("hello")).unwrap();
    std::fs::write(&next, components::variant("hello", "next")).unwrap();

    let public = run(&["niche", "keygen", path(&key)]).ok();
    assert!(run(&["niche", "keygen", path(&key)]).refused().contains("already"), "no key is overwritten");
    run(&["publisher", "register", "Ana", public.trim(), "--niche", "hello"]).ok();
    assert!(run(&["publisher", "list"]).ok().contains("Ana"));

    let unsigned = run(&["niche", "push", path(&component)]).refused();
    assert!(unsigned.contains("must be signed by Ana"), "{unsigned}");
    let pushed = run(&["niche", "push", path(&component), "--sign", path(&key)]).ok();
    assert!(pushed.contains("is pending") && pushed.contains("signed by Ana"), "{pushed}");
    let first = digest(&pushed).to_owned();
    run(&["niche", "approve", &first, "--reason", "greets well"]).ok();
    assert!(run(&["niche", "roll-out", "hello@0.1.0"]).ok().contains("for everybody"));

    let registry = OciRegistry::temporary().await.unwrap();
    let reference = format!("oci://{}/niches/hello:next", registry.address());
    run(&["niche", "publish", path(&next), &reference, "--sign", path(&key)]).ok();
    let elsewhere = run(&["niche", "push", &reference, "--by-reference"]).refused();
    assert!(elsewhere.contains("RELEASE_REGISTRIES"), "{elsewhere}");
    let pushed = run(&["niche", "push", &reference]).ok();
    assert!(pushed.contains("asks for nothing in addition; signed by Ana"), "{pushed}");
    let second = digest(&pushed).to_owned();
    assert!(run(&["niche", "roll-out", &second, "--share", "10"]).refused().contains("approve it first"));
    run(&["niche", "approve", &second]).ok();
    assert!(run(&["niche", "roll-out", &second, "--share", "10"]).ok().contains("10 %"));
    assert!(run(&["niche", "back", &second, "--reason", "not so well"]).ok().contains("taken back"));
    run(&["niche", "retire", &second, "--reason", "not so well"]).ok();
    assert!(run(&["niche", "releases", "hello"]).ok().contains("retired"));
    run(&["publisher", "revoke", "Ana", "--reason", "left"]).ok();
    assert!(run(&["niche", "show", &first]).ok().contains("who was revoked"));
    platform.stop().await;
}
