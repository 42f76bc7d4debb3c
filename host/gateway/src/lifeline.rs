//! A gateway must not outlive the operator that started it: the operator holds the other end of standard input.

use std::io::Read as _;

use tokio_util::sync::CancellationToken;

/// The variable that asks for the watch.
pub const VARIABLE: &str = "OPENCLAW_LIFELINE";

/// Cancels `shutdown` once standard input ends, when `OPENCLAW_LIFELINE=stdin`.
///
/// A plain thread, not the runtime's: a read that never returns would keep the runtime from closing.
pub fn watch(shutdown: CancellationToken) {
    if std::env::var(VARIABLE).as_deref() != Ok("stdin") {
        return;
    }
    let watching = std::thread::Builder::new().name("lifeline".into()).stack_size(64 * 1024).spawn(move || {
        let mut buffer = [0u8; 64];
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut buffer), Ok(read) if read > 0) {}
        shutdown.cancel();
    });
    if let Err(error) = watching {
        tracing::error!(%error, "standard input is not watched: this gateway may outlive its operator");
    }
}
