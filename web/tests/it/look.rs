//! For looking: `cargo test -p openclaw-web --test it -- --ignored look` serves every page at http://localhost:3300.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, settings};

#[tokio::test]
#[ignore = "serves until it is stopped"]
async fn look() {
    let api = Fixture::start("127.0.0.1:3301").await;
    let assets = std::env::var_os("WEB_ASSETS").map(PathBuf::from).unwrap_or_else(|| "target/web".into());
    let settings = settings(([127, 0, 0, 1], 3300).into(), &api.url(), "http://localhost:3300", assets);
    openclaw_web::serve(settings, CancellationToken::new()).await.unwrap();
}
