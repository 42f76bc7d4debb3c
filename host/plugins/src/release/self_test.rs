//! A release's own test, run before anyone has approved it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Given, Release};
use crate::capabilities::log::beginning;
use crate::contract::Check;
use crate::credentials::NoConnections;
use crate::grant::Grant;
use crate::storage::Ephemeral;
use crate::{CallScope, PluginError, Tenant};

/// Longest name of a case, in characters.
const NAME_CHARS: usize = 200;
/// How much a case tells of why it failed.
const FAILURE_CHARS: usize = 1500;

/// How one case of a self-test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseOutcome {
    /// The case.
    pub name: String,
    /// What was expected and what came; none when it passed.
    pub failure: Option<String>,
    /// How long it took.
    pub wall: Duration,
}

impl CaseOutcome {
    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

impl Release {
    /// Runs its self-test under `grant`, each case in a sandbox of its own with empty storage, nothing connected and no
    /// network. A case that traps or breaks a limit fails like any other. Empty without the export.
    pub async fn self_test(&self, grant: Arc<Grant>) -> Result<Vec<CaseOutcome>, PluginError> {
        let Some(test) = &self.0.functions.self_test else {
            return Ok(vec![]);
        };
        let mut sandbox = self.0.sandbox("self-test.cases", Given::Nothing).await?;
        let names = self.0.ask(&mut sandbox, &test.cases, ()).await;
        let most = self.0.shared.config.limits.self_test_cases;
        let check = Check::of("self-test.cases");
        let names = sandbox.ended(names.and_then(|names| {
            check.texts("cases", &names, most, NAME_CHARS)?;
            Ok(names.into_iter().map(|name| (beginning(&name, NAME_CHARS), name)).collect::<Vec<_>>())
        }))?;
        let mut outcomes = Vec::with_capacity(names.len());
        for (shown, name) in names {
            let scope = CallScope {
                tenant: Tenant(0),
                grant: Arc::clone(&grant),
                storage: Arc::new(Ephemeral::new()),
                credentials: Arc::new(NoConnections),
            };
            // Quick cases never wait for anything: others have a turn between them, and whoever bounds them all.
            tokio::task::yield_now().await;
            let began = Instant::now();
            let mut sandbox = self.0.sandbox("self-test.run", Given::Scope(scope)).await?;
            let ran = self.0.ask(&mut sandbox, &test.run, (name,)).await;
            let failure = match sandbox.ended(ran) {
                Ok(result) => result.err().map(|said| beginning(&said, FAILURE_CHARS)),
                Err(error) if error.is_components_fault() => {
                    let told = match &error {
                        PluginError::Trapped { stderr, .. } if !stderr.is_empty() => format!("{error}: {stderr}"),
                        _ => error.to_string(),
                    };
                    Some(beginning(&told, FAILURE_CHARS))
                }
                Err(error) => return Err(error),
            };
            outcomes.push(CaseOutcome { name: shown, failure, wall: began.elapsed() });
        }
        Ok(outcomes)
    }
}
