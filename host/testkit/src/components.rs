//! The niches' components, as `cargo xtask niches` builds them.

use std::path::PathBuf;

/// The folder of built components, when it is not the usual one.
pub const FOLDER: &str = "OPENCLAW_COMPONENTS";

/// Where cargo builds, for this process.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../target").into(), PathBuf::from)
}

/// The folder that holds `<niche>.wasm`.
pub fn folder() -> PathBuf {
    std::env::var_os(FOLDER).map_or_else(|| target().join("wasm32-wasip2/niche"), PathBuf::from)
}

/// `component` with `new` wherever it has `old`: another release that differs in its words alone. Both have as many
/// bytes, since lengths are elsewhere.
pub fn with_text(mut component: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "{old} and {new} have as many bytes");
    let places: Vec<usize> =
        (0..=component.len() - old.len()).filter(|&at| component[at..].starts_with(old.as_bytes())).collect();
    assert!(!places.is_empty(), "the component does not say {old}");
    for at in places {
        component[at..at + new.len()].copy_from_slice(new.as_bytes());
    }
    component
}

/// The component called `name`: the crate's name with `-` as `_`, as cargo writes it.
pub fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}. Build the components first: cargo xtask niches", path.display()))
}

/// The component called `name` with another digest: `mark` is added to it where nothing reads it. What it does is the
/// same.
pub fn variant(name: &str, mark: &str) -> Vec<u8> {
    let mut bytes = bytes(name);
    // A custom section: the name of one byte, then the mark.
    let size = u8::try_from(mark.len() + 2).ok().filter(|size| *size < 0x80).expect("a mark is short");
    bytes.extend([0, size, 1, b'v']);
    bytes.extend(mark.as_bytes());
    bytes
}
