//! Calls recorded and replayed from the command line.

use std::{path::Path, process::Command};

use openclaw_testkit::components;

use crate::platform::EXECUTABLE;

/// Runs `niche …`; gives whether it did what it was told, and what it said.
fn niche(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(EXECUTABLE).arg("niche").args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn what_is_recorded_is_held_against_other_builds_and_carried_along() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let niche = |arguments: &[&str]| niche(folder, arguments);
    std::fs::write(folder.join("hello.wasm"), components::bytes("hello")).unwrap();
    let other = components::with_text(components::bytes("hello"), "Hello", "Howdy");
    std::fs::write(folder.join("howdy.wasm"), other).unwrap();

    let greet = r#"greet {"name": "Ana"}"#;
    let call = ["--call", greet, "--locale", "en"];
    let record = ["record", "hello.wasm", "--out", "ana.json", "--name", "greets Ana"];
    let (done, said) = niche(&[&record[..], &call[..]].concat());
    assert!(done && said.contains("greet: done, 0 steps") && said.contains("look through it"), "{said}");
    let (done, said) = niche(&[&record[..], &call[..]].concat());
    assert!(!done && said.contains("ana.json is there already"), "{said}");

    let (done, said) = niche(&["replay", "ana.json", "hello.wasm"]);
    assert!(done && said.contains("1 call, as recorded"), "{said}");
    let (done, said) = niche(&["replay", "ana.json", "howdy.wasm"]);
    let differs = r#"call 1 `greet`: the result's text differs: is "Howdy, Ana!"; recorded "Hello, Ana!""#;
    assert!(!done && said.contains(differs) && said.contains("1 difference from ana.json"), "{said}");

    let (done, said) = niche(&["carry", "howdy.wasm", "ana.json", "--out", "no.wasm"]);
    assert!(!done && !folder.join("no.wasm").exists(), "{said}");
    let (done, said) = niche(&["carry", "hello.wasm", "ana.json", "ana.json", "--out", "carrier.wasm"]);
    assert!(done && said.contains("carrier.wasm carries 2 recordings"), "{said}");
    let (done, said) = niche(&["replay", "ana.json", "carrier.wasm"]);
    assert!(done, "{said}");

    for (file, content, complaint) in [
        ("cut.json", std::fs::read(folder.join("ana.json")).unwrap()[..200].to_vec(), "cut or damaged"),
        ("foreign.json", b"{}".to_vec(), "this is no recording"),
    ] {
        std::fs::write(folder.join(file), content).unwrap();
        let (done, said) = niche(&["replay", file, "hello.wasm"]);
        assert!(!done && said.contains(complaint), "{said}");
    }
}
