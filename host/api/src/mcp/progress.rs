//! Progress: a call that takes its time says every second that it is still under way, to a client that asked for that.

use std::{convert::Infallible, time::Duration};

use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
};
use tokio::time::{Instant, MissedTickBehavior};

/// How often it is said. Calls that end sooner say nothing, and are answered without a stream.
const EVERY: Duration = Duration::from_secs(1);

/// Tells `peer` again and again how many seconds have passed; dropped when the call ends.
pub(super) async fn report(peer: &Peer<RoleServer>, token: ProgressToken) -> Infallible {
    let began = Instant::now();
    let mut ticks = tokio::time::interval_at(began + EVERY, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let passed = ProgressNotificationParam::new(token.clone(), began.elapsed().as_secs_f64());
        if let Err(error) = peer.notify_progress(passed).await {
            tracing::debug!(%error, "progress could not be told");
        }
    }
}
