//! What is loaded, what is refused, and from where.

use std::fs;

use openclaw_plugins::grant::Scope;
use openclaw_plugins::{ContractVersion, Digest, Exports, Host, HostWish, PluginError};
use openclaw_testkit::components;

use crate::{TestHost, unharmed};

async fn refused(text: &str) -> PluginError {
    let test = TestHost::start();
    test.host.load(&wat::parse_str(text).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    let test = TestHost::start();
    let module = wat::parse_str("(module)").unwrap();
    let mut cut = components::bytes("hostile");
    cut.truncate(cut.len() / 2);
    let cases: [(&[u8], &str); 5] = [
        (b"", "not-a-component"),
        (b"#!/bin/sh", "not-a-component"),
        (&module, "not-a-component"),
        (b"\0asm\x0d\0\x01\0garbage", "compile"),
        (&cut, "compile"),
    ];
    for (bytes, code) in cases {
        let error = test.host.load(bytes).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(test.host.get(&Digest::of(bytes)).is_none());
    }
    unharmed(&test.hostile().await).await;
}

#[tokio::test]
async fn a_component_over_the_size_is_refused_before_it_is_read() {
    let test = TestHost::with(|config| config.limits.component_bytes = 100);
    let error = test.host.load(&components::bytes("hostile")).await.unwrap_err();
    assert_eq!(error.code(), "component-too-large");
}

#[tokio::test]
async fn a_component_without_a_catalog_is_refused() {
    assert_eq!(refused("(component)").await, PluginError::MissingExport("openclaw:niche/catalog".into()));
}

#[tokio::test]
async fn what_a_niche_may_not_import_is_refused_by_its_name() {
    for name in [
        "wasi:http/incoming-handler@0.2.6",
        "wasi:io/streams@0.3.0",
        "wasi:keyvalue/store@0.2.0",
        "evil:host/files@1.0.0",
        "env",
    ] {
        let error = refused(&format!(r#"(component (import "{name}" (instance)))"#)).await;
        assert_eq!(error, PluginError::ForbiddenImport(name.into()));
    }
    let error = refused(r#"(component (import "openclaw:niche/admin@0.1.0" (instance)))"#).await;
    assert_eq!(error, PluginError::ForbiddenImport("openclaw:niche/admin@0.1.0".into()));
}

#[tokio::test]
async fn another_version_of_the_contract_is_named() {
    let import = r#"(component (import "openclaw:niche/logging@0.9.0" (instance)))"#;
    let export = r#"(component (instance $i) (export "openclaw:niche/catalog@1.0.0" (instance $i)))"#;
    for component in [import, export] {
        let error = refused(component).await;
        assert_eq!(error.code(), "unknown-contract-version", "{error}");
        assert!(error.to_string().ends_with("this host speaks openclaw:niche 0.1 and 0.2"), "{error}");
    }
}

#[tokio::test]
async fn a_component_speaks_one_version_of_the_contract() {
    let mixed = r#"(component (import "openclaw:niche/logging@0.1.3" (instance))
        (instance $i) (export "openclaw:niche/catalog@0.2.0" (instance $i)))"#;
    let error = refused(mixed).await;
    assert_eq!(error, PluginError::MixedContractVersions(ContractVersion::V0_2, ContractVersion::V0_1));
    assert!(error.to_string().contains("openclaw:niche 0.2 and 0.1 at once"), "{error}");
}

#[tokio::test]
async fn both_versions_of_the_contract_are_served_beside_each_other() {
    let test = TestHost::start();
    let old = test.hostile().await;
    let new = test.host.load(&components::bytes("courier")).await.unwrap();
    assert_eq!((old.contract(), new.contract()), (ContractVersion::V0_1, ContractVersion::V0_2));
    unharmed(&old).await;

    let hosts = new.wants("en").await.unwrap().hosts;
    let post = Scope::only(["POST".to_owned()]);
    assert_eq!(hosts, [HostWish { host: "api.example.com".into(), methods: post, reason: "To deliver.".into() }]);
    // 0.1 cannot say which methods: a host it names is asked for with any.
    let hosts = old.wants("en").await.unwrap().hosts;
    assert_eq!(hosts.iter().map(|wish| &wish.methods).collect::<Vec<_>>(), [&Scope::Any, &Scope::Any]);
}

#[tokio::test]
async fn exports_that_only_bear_the_right_names_are_refused() {
    let error = refused(
        r#"(component (instance $i)
            (export "openclaw:niche/catalog@0.1.0" (instance $i))
            (export "openclaw:niche/persona@0.1.0" (instance $i)))"#,
    )
    .await;
    assert_eq!(error.code(), "compile", "{error}");
}

#[tokio::test]
async fn a_component_that_begins_with_four_gibibytes_is_refused() {
    let error = refused(r#"(component (core module $m (memory 65536)) (core instance (instantiate $m)))"#).await;
    assert_eq!(error.code(), "compile", "{error}");
}

#[tokio::test]
async fn a_release_says_what_it_exports_and_asks() {
    let test = TestHost::start();
    let bytes = components::bytes("hostile");
    let release = test.host.load(&bytes).await.unwrap();
    assert_eq!(release.digest(), Digest::of(&bytes));
    assert_eq!(release.exports(), Exports { tools: true, onboarding: true, self_test: true });
    let asked = release.imports();
    for import in ["connections", "logging", "storage"] {
        assert!(asked.contains(&format!("openclaw:niche/{import}")), "{asked:?}");
    }
    // It reads a file and opens a socket, which shows; that it prints and looks at the clock does not.
    assert!(asked.contains(&"wasi:filesystem/types#open-at".to_owned()), "{asked:?}");
    assert!(asked.contains(&"wasi:sockets/tcp".to_owned()), "{asked:?}");
    assert!(!asked.iter().any(|import| import.starts_with("wasi:cli")), "{asked:?}");
}

#[tokio::test]
async fn the_same_bytes_are_loaded_once() {
    let test = TestHost::blank();
    let bytes = components::bytes("hostile");
    let loads = (0..4).map(|_| test.host.load(&bytes));
    for release in futures::future::join_all(loads).await {
        assert_eq!(release.unwrap().digest(), Digest::of(&bytes));
    }
    assert_eq!(fs::read_dir(&test.config.cache_dir).unwrap().count(), 1);
    assert!(test.host.get(&Digest::of(&bytes)).is_some());
    test.host.unload(&Digest::of(&bytes));
    assert!(test.host.get(&Digest::of(&bytes)).is_none());
}

#[tokio::test]
async fn a_foreign_file_in_the_cache_is_never_loaded() {
    let (ours, theirs) = (TestHost::blank(), TestHost::blank());
    ours.hostile().await;
    theirs.hostile().await;
    let file = |folder| fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    // Compiled by an attacker with the same engine, under the same name.
    let (ours_file, theirs_file) = (file(&ours.config.cache_dir), file(&theirs.config.cache_dir));
    assert_eq!(ours_file.file_name(), theirs_file.file_name());
    let genuine = fs::read(&ours_file).unwrap();
    let foreign = fs::read(&theirs_file).unwrap();
    assert_ne!(genuine, foreign);
    fs::write(&ours_file, &foreign).unwrap();

    let restarted = Host::new(ours.config.clone()).unwrap();
    let release = restarted.load(&components::bytes("hostile")).await.unwrap();
    unharmed(&release).await;
    // Compiled anew, and so sealed by this host again.
    assert_ne!(fs::read(&ours_file).unwrap(), foreign);
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_costs_only_time() {
    let test = TestHost::blank();
    fs::remove_dir(&test.config.cache_dir).unwrap();
    unharmed(&test.hostile().await).await;
}
