//! One call after the other: through the whole host, and bare.

use std::time::Instant;

use openclaw_plugins::Host;
use openclaw_plugins::storage::Ephemeral;
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::{Failure, Subject, at, config, scope};

/// Rounds that count; the first few do not. Each calls this often through the host, then as often bare, so that what
/// else happens on the machine slows both.
const ROUNDS: usize = 60;
const WARM: usize = 10;
const CALLS: usize = 100;
/// How often the cached component is loaded.
const LOADS: usize = 20;

#[tokio::main]
pub(crate) async fn measure(subject: &Subject) -> Result<Value, Failure> {
    let folder = tempfile::tempdir()?;
    let config = || config(folder.path());
    Host::new(config())?.load(&subject.bytes).await?;
    let mut loads = Vec::new();
    for _ in 0..LOADS {
        // A host of its own has loaded nothing yet: it finds the compiled code on disk.
        let host = Host::new(config())?;
        let began = Instant::now();
        host.load(&subject.bytes).await?;
        loads.push(began.elapsed().as_secs_f64() * 1000.0);
    }

    let host = Host::new(config())?;
    let release = host.load(&subject.bytes).await?;
    let scope = scope(1, &release.asked().await?, Ephemeral::new());
    let bare = Bare::new(&host, subject)?;
    let (mut through, mut alone) = (Vec::new(), Vec::new());
    for round in 0..WARM + ROUNDS {
        for _ in 0..CALLS {
            let began = Instant::now();
            let outcome = release.call_tool(subject.tool.call(), scope.clone()).await;
            let took = began.elapsed();
            outcome.result?;
            if round >= WARM {
                through.push(took.as_secs_f64() * 1e6);
            }
        }
        for _ in 0..CALLS {
            let began = Instant::now();
            bare.call(subject.tool.call()).await?;
            if round >= WARM {
                alone.push(began.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    Ok(json!({
        "call_micros": at(&mut through, 0.5),
        "call_p99_micros": at(&mut through, 0.99),
        "bare_micros": at(&mut alone, 0.5),
        "bare_p99_micros": at(&mut alone, 0.99),
        "load_millis": at(&mut loads, 0.5),
    }))
}
