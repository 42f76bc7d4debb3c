//! The web: a Sycamore app, rendered on the server and taken over in the browser, and the server that serves it.
//!
//! Every address is a page of its own: the server asks the API for what the page shows, renders it, and sends the same
//! data along as JSON, from which the browser builds the same tree. Forms are plain forms that the server handles, so
//! only what moves by itself (chat, progress, dialogs) needs the browser's WebAssembly.

mod accent;
mod app;
mod browser;
mod components;
mod document;
mod forecast;
mod format;
mod locale;
mod pages;

#[cfg(not(target_arch = "wasm32"))]
mod server;

pub use app::hydrate;
pub use document::{Document, Page};
pub use locale::Locale;
#[cfg(not(target_arch = "wasm32"))]
pub use server::{Error, ServerConfig, serve};
