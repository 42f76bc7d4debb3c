//! The browser's bundle: the client compiled for WebAssembly, its JavaScript, and both compressed by brotli.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use brotli::enc::BrotliEncoderParams;
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{cargo, run, target};

/// The crate that the browser runs.
const CLIENT: &str = "openclaw-web-client";
/// Says what the bundle beside it was made from.
const MADE: &str = "made-from";
/// The files of a bundle that the web serves.
const FILES: [&str; 2] = ["app.js", "app_bg.wasm"];

/// Builds the client of the checkout at `root` and writes its bundle to `out`. `release` is for small, else for soon.
pub(crate) fn bundle(root: &Path, out: &Path, release: bool) -> anyhow::Result<()> {
    let wasm = compile(root, release)?;
    if is_made(&wasm, out, release) {
        return Ok(());
    }
    fs::create_dir_all(out)?;
    Bindgen::new()
        .input_path(&wasm)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(release)
                .remove_producers_section(true)
                .out_name("app")
                .generate(out)
        })
        .map_err(|error| anyhow!("wasm-bindgen: {error:#}"))?;
    for name in FILES {
        compress(&out.join(name), release)?;
    }
    Ok(fs::write(out.join(MADE), made_from(&wasm, release)?)?)
}

/// Whether `out` holds the bundle of just this `wasm`.
fn is_made(wasm: &Path, out: &Path, release: bool) -> bool {
    let made = fs::read_to_string(out.join(MADE)).ok();
    made.is_some() && made == made_from(wasm, release).ok()
}

/// What a bundle is made from: the client as it was built, and how.
fn made_from(wasm: &Path, release: bool) -> anyhow::Result<String> {
    let built = fs::metadata(wasm)?;
    Ok(format!("{release} {} {:?}", built.len(), built.modified()?))
}

fn compile(root: &Path, release: bool) -> anyhow::Result<PathBuf> {
    let profile = if release { "bundle" } else { "dev" };
    let mut command = cargo(&["build", "--quiet", "--target", "wasm32-unknown-unknown", "--profile", profile]);
    command.args(["--package", CLIENT]).current_dir(root);
    // The features that the rest of the workspace wants of shared crates would all be sent to every visitor.
    command.env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION").env_remove("CARGO_UNSTABLE_FEATURE_UNIFICATION");
    run("compiling it for WebAssembly", &mut command)?;
    let folder = if release { "bundle" } else { "debug" };
    Ok(target().join("wasm32-unknown-unknown").join(folder).join(CLIENT.replace('-', "_")).with_extension("wasm"))
}

/// Writes `file` compressed beside it.
fn compress(file: &Path, release: bool) -> anyhow::Result<()> {
    let plain = fs::read(file).with_context(|| format!("{} was not made", file.display()))?;
    let quality = if release { 11 } else { 1 };
    let parameters = BrotliEncoderParams { quality, lgwin: 22, size_hint: plain.len(), ..Default::default() };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut plain.as_slice(), &mut small, &parameters)?;
    let mut name = file.as_os_str().to_owned();
    name.push(".br");
    fs::write(PathBuf::from(name), &small)?;
    println!("  {}: {} kB, {} kB compressed", file.display(), plain.len() / 1_000, small.len() / 1_000);
    Ok(())
}
