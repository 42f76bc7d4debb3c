//! What the browser runs: takes over the page that the server rendered.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the bundle's loader.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    openclaw_web::hydrate();
}
