//! A child that must not outlive its parent holds the other end of a pipe.

use std::io::Read as _;

use tokio_util::sync::CancellationToken;

/// The variable that tells a child to watch its standard input.
pub const VARIABLE: &str = "OPENCLAW_LIFELINE";

/// Cancels `shutdown` once standard input ends, when `OPENCLAW_LIFELINE=stdin`: the parent is gone, however it went.
///
/// A plain thread, not the runtime's: a read that never returns would keep the runtime from closing.
pub fn watch(shutdown: CancellationToken) {
    if std::env::var(VARIABLE).as_deref() != Ok("stdin") {
        return;
    }
    let watching = std::thread::Builder::new().name("lifeline".into()).spawn(move || {
        let mut buffer = [0u8; 64];
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut buffer), Ok(read) if read > 0) {}
        shutdown.cancel();
    });
    if let Err(error) = watching {
        tracing::error!(%error, "standard input is not watched: this process may outlive its parent");
    }
}
