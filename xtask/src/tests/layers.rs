//! The rules of the house that no compiler knows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use crate::shell::root;

/// What each crate may depend on of ours. The arrows of docs/ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "openclaw-cloud",
        &[
            "openclaw-api",
            "openclaw-api-types",
            "openclaw-billing",
            "openclaw-gateway",
            "openclaw-oci",
            "openclaw-operator",
            "openclaw-platform",
            "openclaw-plugins",
            "openclaw-telegram-relay",
            "openclaw-testkit",
            "openclaw-token-proxy",
            "openclaw-web",
        ],
    ),
    ("openclaw-api", &["openclaw-api-types", "openclaw-oci", "openclaw-platform", "openclaw-plugins"]),
    ("openclaw-operator", &["openclaw-api-types", "openclaw-platform", "openclaw-plugins"]),
    ("openclaw-billing", &["openclaw-api-types", "openclaw-platform"]),
    ("openclaw-token-proxy", &["openclaw-platform"]),
    ("openclaw-telegram-relay", &["openclaw-platform"]),
    ("openclaw-web", &["openclaw-api-types"]),
    ("openclaw-web-client", &["openclaw-web"]),
    ("openclaw-gateway", &["openclaw-api-types"]),
    ("openclaw-platform", &["openclaw-api-types"]),
    ("openclaw-oci", &[]),
    ("openclaw-plugins", &[]),
    ("openclaw-plugins-fuzz", &["openclaw-plugins"]),
    ("openclaw-api-types", &[]),
    ("openclaw-testkit", &["openclaw-cluster-programs"]),
    ("openclaw-cluster-programs", &[]),
    ("openclaw-niche", &[]),
    ("xtask", &["openclaw-cluster-programs"]),
];

#[test]
fn dependencies_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: Vec<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        // A niche knows the SDK alone.
        let allowed = arrows.get(name).copied().unwrap_or(&["openclaw-niche"]);
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            if dependency["kind"].is_null() && ours.contains(&to) {
                assert!(allowed.contains(&to), "{name} must not depend on {to}: see docs/ARCHITECTURE.md");
            }
        }
    }
}

/// Words that name a niche. The core learns them from components alone.
const NICHES: &[&str] = &[
    "pharmac",
    "farmác",
    "farmac",
    "legal",
    "jurídic",
    "real-estate",
    "real_estate",
    "imobili",
    "accounting",
    "contab",
];

#[test]
fn the_core_knows_no_niche_by_name() {
    let mut found = Vec::new();
    for folder in ["host", "proxies", "web"] {
        visit(&root().join(folder), &mut |file| {
            let text = std::fs::read_to_string(file).unwrap_or_default().to_lowercase();
            // What follows `#[cfg(test)]` is a test.
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in text.lines().enumerate() {
                if let Some(word) = NICHES.iter().find(|w| line.contains(**w)) {
                    found.push(format!("{}:{}: {word}", file.display(), number + 1));
                }
            }
        });
    }
    assert!(found.is_empty(), "the core names a niche:\n{}", found.join("\n"));
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path: PathBuf = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !["tests", "fonts", "target"].iter().any(|n| name == *n) {
                visit(&path, each);
            }
        } else if path.extension().is_some_and(|e| ["rs", "ftl", "toml", "css", "sql"].iter().any(|x| e == *x)) {
            each(&path);
        }
    }
}
