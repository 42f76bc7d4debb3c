//! Style sheet, fonts and the browser's bundle: read once, named by their content, kept by browsers for good.

use std::{collections::HashMap, io, path::Path};

use axum::{
    extract::{self, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::App;

const STYLES: &[&str] = &[
    include_str!("../../styles/tokens.css"),
    include_str!("../../styles/base.css"),
    include_str!("../../styles/components.css"),
    include_str!("../../styles/pages.css"),
];
const DISPLAY: (&str, &[u8]) =
    ("bricolage-grotesque.woff2", include_bytes!("../../fonts/bricolage-grotesque-latin-wght-normal.woff2"));
const TEXT: (&str, &[u8]) = ("inter.woff2", include_bytes!("../../fonts/inter-latin-wght-normal.woff2"));
const ICON: &[u8] = include_bytes!("../../styles/icon.svg");

/// A file's bytes, and the same compressed by brotli where that was prepared.
struct Asset {
    kind: &'static str,
    plain: Bytes,
    brotli: Option<Bytes>,
}

/// All files by the names they are served under.
pub(super) struct Assets {
    files: HashMap<String, Asset>,
    style: String,
    icon: String,
    fonts: [String; 2],
    /// The script and its WebAssembly; absent when no bundle was built.
    bundle: Option<(String, String)>,
}

impl Assets {
    /// Reads the bundle in `folder`, if there is one.
    pub(super) fn load(folder: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        let mut add = |name: &str, kind: &'static str, plain: Bytes, brotli: Option<Bytes>| {
            let name = hashed(name, &plain);
            files.insert(name.clone(), Asset { kind, plain, brotli });
            name
        };
        let display = add(DISPLAY.0, "font/woff2", Bytes::from_static(DISPLAY.1), None);
        let text = add(TEXT.0, "font/woff2", Bytes::from_static(TEXT.1), None);
        let icon = add("icon.svg", "image/svg+xml", Bytes::from_static(ICON), None);
        let style = STYLES.concat().replace("{display}", &display).replace("{text}", &text);
        let style = add("style.css", "text/css; charset=utf-8", style.into(), None);
        let bundle = match (read(folder, "app.js")?, read(folder, "app_bg.wasm")?) {
            (Some((script, script_br)), Some((wasm, wasm_br))) => Some((
                add("app.js", "text/javascript; charset=utf-8", script, script_br),
                add("app_bg.wasm", "application/wasm", wasm, wasm_br),
            )),
            _ => {
                tracing::warn!(folder = %folder.display(), "no browser bundle: pages are plain HTML");
                None
            }
        };
        Ok(Self { files, style, icon, fonts: [display, text], bundle })
    }

    /// What a page's head loads.
    pub(super) fn head(&self, nonce: &str) -> String {
        let Self { style, icon, fonts: [display, text], .. } = self;
        let fonts = [display, text]
            .map(|font| {
                format!("<link rel=\"preload\" as=\"font\" type=\"font/woff2\" href=\"/assets/{font}\" crossorigin>")
            })
            .concat();
        let script = self.bundle.as_ref().map(|(script, wasm)| {
            format!(
                "<link rel=\"modulepreload\" href=\"/assets/{script}\">\
                 <script type=\"module\" nonce=\"{nonce}\">import init from \"/assets/{script}\";\
                 init({{module_or_path: \"/assets/{wasm}\"}});</script>"
            )
        });
        format!(
            "<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/{icon}\">{fonts}\
             <link rel=\"stylesheet\" href=\"/assets/{style}\">{}",
            script.unwrap_or_default()
        )
    }
}

fn read(folder: &Path, name: &str) -> io::Result<Option<(Bytes, Option<Bytes>)>> {
    let some = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => Ok(Some(Bytes::from(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let Some(plain) = some(&folder.join(name))? else { return Ok(None) };
    Ok(Some((plain, some(&folder.join(format!("{name}.br")))?)))
}

/// `app.js` as `app-<digest>.js`.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}-{short}.{extension}")
}

/// `/assets/{name}`.
pub(super) async fn serve(State(web): App, extract::Path(name): extract::Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = web.assets.files.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let takes_brotli = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|encoding| encoding.trim() == "br");
    let (body, encoding) = match &asset.brotli {
        Some(brotli) if takes_brotli => (brotli.clone(), Some("br")),
        _ => (asset.plain.clone(), None),
    };
    let mut answer = body.into_response();
    let head = answer.headers_mut();
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer
}
