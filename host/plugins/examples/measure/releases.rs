//! A host that starts with many releases, all compiled before.

use std::time::Instant;

use openclaw_plugins::Host;
use serde_json::{Value, json};

use crate::{Failure, Subject, config};

/// How many.
const RELEASES: usize = 100;

#[tokio::main]
pub(crate) async fn measure(subjects: &[Subject]) -> Result<Value, Failure> {
    let folder = tempfile::tempdir()?;
    let components: Vec<Vec<u8>> =
        (0..RELEASES).map(|number| distinct(&subjects[number % subjects.len()].bytes, number)).collect();
    let host = Host::new(config(folder.path()))?;
    for component in &components {
        let release = host.load(component).await?;
        // Compiled and kept; the memory is not needed yet.
        host.unload(&release.digest());
    }
    drop(host);

    let began = Instant::now();
    let host = Host::new(config(folder.path()))?;
    for component in &components {
        host.load(component).await?;
    }
    Ok(json!({ "releases_seconds": began.elapsed().as_secs_f64(), "releases": RELEASES }))
}

/// The component with a custom section more, which makes it another release that does the same.
pub(crate) fn distinct(component: &[u8], number: usize) -> Vec<u8> {
    let number = u8::try_from(number).expect("few enough for a byte");
    let section = [0, 6, 4, b's', b'a', b'm', b'e', number];
    [component, &section].concat()
}
