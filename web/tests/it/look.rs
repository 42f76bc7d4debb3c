//! For looking: `cargo test -p openclaw-web --test it -- --ignored look` serves every page at http://localhost:3300.

use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, bundle, settings};

#[tokio::test]
#[ignore = "serves until it is stopped"]
async fn look() {
    let api = Fixture::start("127.0.0.1:3301").await;
    let settings = settings(([127, 0, 0, 1], 3300).into(), &api.url(), "http://localhost:3300", bundle());
    openclaw_web::serve(settings, CancellationToken::new()).await.unwrap();
}
