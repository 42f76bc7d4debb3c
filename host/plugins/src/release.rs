//! A loaded release, and every question the contract lets one ask it. Each question is a sandbox of its own.

use std::sync::Arc;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use wasmtime::component::InstancePre;

use crate::capabilities::storage::Grant;
use crate::contract::bindings::exports::openclaw::niche as wit;
use crate::contract::{self, catalog, onboarding, tools};
use crate::engine::Ticker;
use crate::inspection::Inspection;
use crate::sandbox::{Call, Sandbox};
use crate::storage::{Ephemeral, Storage};
use crate::{
    Answer, CaseOutcome, Connection, Digest, Entry, Exports, HostConfig, OutputKind, PluginError, Step, Tool, ToolCall,
    ToolOutcome, Wishes,
};

/// One version of a niche, ready to answer. Clones are cheap and are the same release.
#[derive(Clone)]
pub struct Release(Arc<Inner>);

struct Inner {
    digest: Digest,
    inspection: Inspection,
    pre: InstancePre<Call>,
    found: Found,
    shared: Shared,
    /// The storage the niche asks for: asked once, needed for every tool call.
    asked_storage: OnceCell<u64>,
}

/// What all releases of a host share. Without the ticker no loop would end: a release keeps it going, also when
/// the host is gone.
pub(crate) struct Shared {
    /// Turns for calls.
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) config: Arc<HostConfig>,
    pub(crate) _ticker: Arc<Ticker>,
}

/// Where in the component the exports lie.
struct Found {
    catalog: wit::catalog::GuestIndices,
    persona: wit::persona::GuestIndices,
    tools: Option<wit::tools::GuestIndices>,
    onboarding: Option<wit::onboarding::GuestIndices>,
    self_test: Option<wit::self_test::GuestIndices>,
}

/// Asks one function of one interface: makes the sandbox, calls, and says what the end means. A macro, because
/// the generated calls share no trait. Gives the sandbox and the answer.
macro_rules! ask {
    ($release:expr, $export:literal, $found:expr, $storage:expr, |$guest:ident, $store:ident| $call:expr) => {
        async {
            let release = &*$release.0;
            let mut sandbox = release.sandbox($export, $storage).await?;
            let outcome = match sandbox.instantiate(&release.pre).await {
                Ok(instance) => {
                    let Sandbox { store, clock, .. } = &mut sandbox;
                    let outcome = clock
                        .run(async {
                            let $guest = $found.load(&mut *store, &instance)?;
                            let $store = store;
                            $call.await
                        })
                        .await;
                    sandbox.end(outcome)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = &outcome {
                sandbox.record(Some(error));
            }
            Ok::<_, PluginError>((sandbox, outcome?))
        }
    };
}

/// Ends a call: what its answer came to, recorded.
fn ended<T>(sandbox: &Sandbox, outcome: Result<T, PluginError>) -> Result<T, PluginError> {
    sandbox.record(outcome.as_ref().err());
    outcome
}

impl Inner {
    async fn turn(&self) -> Result<OwnedSemaphorePermit, PluginError> {
        // Fair: those who wait are served in order.
        let turn = Arc::clone(&self.shared.turns).acquire_owned();
        match tokio::time::timeout(self.shared.config.queue_timeout, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                metrics::counter!("plugin_queue_timeouts_total").increment(1);
                Err(PluginError::PoolExhausted)
            }
        }
    }

    async fn sandbox(&self, export: &'static str, granted: Option<Grant>) -> Result<Sandbox, PluginError> {
        let permit = self.turn().await?;
        Ok(Sandbox::new(&self.pre, self.digest, export, &self.shared.config.limits, granted, permit))
    }
}

impl Release {
    pub(crate) fn new(
        digest: Digest,
        inspection: Inspection,
        pre: InstancePre<Call>,
        shared: Shared,
    ) -> Result<Self, PluginError> {
        let misfit = |error: wasmtime::Error| PluginError::Compile(format!("{error:#}"));
        let exports = inspection.exports;
        let found = Found {
            catalog: wit::catalog::GuestIndices::new(&pre).map_err(misfit)?,
            persona: wit::persona::GuestIndices::new(&pre).map_err(misfit)?,
            tools: match exports.tools {
                true => Some(wit::tools::GuestIndices::new(&pre).map_err(misfit)?),
                false => None,
            },
            onboarding: match exports.onboarding {
                true => Some(wit::onboarding::GuestIndices::new(&pre).map_err(misfit)?),
                false => None,
            },
            self_test: match exports.self_test {
                true => Some(wit::self_test::GuestIndices::new(&pre).map_err(misfit)?),
                false => None,
            },
        };
        let asked_storage = OnceCell::new();
        Ok(Self(Arc::new(Inner { digest, inspection, pre, found, shared, asked_storage })))
    }

    /// Its name: the digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The optional exports it has.
    pub fn exports(&self) -> Exports {
        self.0.inspection.exports
    }

    /// What it asks of the host, by its imports: the contract's interfaces, and of WASI only what no standard
    /// library brings along by itself. Sorted.
    pub fn imports(&self) -> &[String] {
        &self.0.inspection.asked
    }

    /// The marketplace entry in `locale`.
    pub async fn describe(&self, locale: &str) -> Result<Entry, PluginError> {
        let locale = locale.to_owned();
        let (sandbox, entry) = ask!(self, "catalog.describe", self.0.found.catalog, None, |guest, store| {
            guest.call_describe(store, &locale)
        })
        .await?;
        ended(&sandbox, catalog::entry(entry))
    }

    /// What it asks to use, with reasons in `locale`.
    pub async fn wants(&self, locale: &str) -> Result<Wishes, PluginError> {
        let locale = locale.to_owned();
        let (sandbox, wishes) = ask!(self, "catalog.wants", self.0.found.catalog, None, |guest, store| {
            guest.call_wants(store, &locale)
        })
        .await?;
        ended(&sandbox, catalog::wishes(wishes))
    }

    /// The system prompt of one customer's agent.
    pub async fn render_persona(
        &self,
        profile: &[Answer],
        locale: &str,
        connections: &[Connection],
    ) -> Result<String, PluginError> {
        let (profile, locale) = (contract::profile(profile), locale.to_owned());
        let connections = contract::connections(connections);
        let (sandbox, prompt) = ask!(self, "persona.render", self.0.found.persona, None, |guest, store| {
            guest.call_render(store, &profile, &locale, &connections)
        })
        .await?;
        let prompt = prompt.map_err(|error| match error {
            wit::persona::PersonaError::MissingAnswer(question) => PluginError::MissingAnswer(question),
            wit::persona::PersonaError::Other(why) => PluginError::Persona(why),
        });
        ended(&sandbox, prompt)
    }

    /// The next step of the interview after `answers`. Without the export there are no questions.
    pub async fn next_question(&self, answers: &[Answer], locale: &str) -> Result<Step, PluginError> {
        let Some(found) = &self.0.found.onboarding else {
            return Ok(Step::Done(vec![]));
        };
        let (answers, locale) = (contract::profile(answers), locale.to_owned());
        let (sandbox, step) =
            ask!(self, "onboarding.next", found, None, |guest, store| { guest.call_next(store, &answers, &locale) })
                .await?;
        ended(&sandbox, onboarding::step(step))
    }

    /// The tools, with titles and descriptions in `locale`. None without the export.
    pub async fn list_tools(&self, locale: &str) -> Result<Vec<Tool>, PluginError> {
        let Some(found) = &self.0.found.tools else {
            return Ok(vec![]);
        };
        let locale = locale.to_owned();
        let (sandbox, list) =
            ask!(self, "tools.list-tools", found, None, |guest, store| { guest.call_list_tools(store, &locale) })
                .await?;
        ended(&sandbox, tools::tools(list))
    }

    /// Calls a tool. What it writes to `storage` is kept only when the call succeeds: a refusal of the tool, a
    /// breach or an invalid answer leaves nothing.
    pub async fn call_tool(&self, call: ToolCall<'_>, storage: Arc<dyn Storage>) -> Result<ToolOutcome, PluginError> {
        let Some(found) = &self.0.found.tools else {
            let unknown = crate::ToolError::UnknownTool(call.name.to_owned());
            return Ok(ToolOutcome { result: Err(unknown), spent: crate::Spent::default() });
        };
        let context = wit::tools::CallContext {
            locale: call.locale.to_owned(),
            profile: contract::profile(call.profile),
            now: call.now,
        };
        let granted = self.granted(storage).await?;
        let (mut sandbox, result) = ask!(self, "tools.call", found, granted, |guest, store| {
            guest.call_call(store, call.name, call.arguments, &context)
        })
        .await?;
        let outcome = match self.accepted(result) {
            Ok(Ok(output)) => sandbox.commit().await.map(|()| Ok(output)),
            other => other,
        };
        let result = ended(&sandbox, outcome)?;
        Ok(ToolOutcome { result, spent: sandbox.spent() })
    }

    /// Runs its self-test, each case in a sandbox of its own with empty storage. A case that traps or breaks a
    /// limit fails like any other. Empty without the export.
    pub async fn self_test(&self) -> Result<Vec<CaseOutcome>, PluginError> {
        let Some(found) = &self.0.found.self_test else {
            return Ok(vec![]);
        };
        let (sandbox, names) =
            ask!(self, "self-test.cases", found, None, |guest, store| { guest.call_cases(store) }).await?;
        let most = self.0.shared.config.limits.self_test_cases;
        let check = contract::Check::of("self-test.cases");
        ended(&sandbox, check.that(names.len() <= most, || format!("{} cases; at most {most}", names.len())))?;
        drop(sandbox);
        let mut outcomes = Vec::with_capacity(names.len());
        for name in names {
            let granted = self.granted(Arc::new(Ephemeral::new())).await?;
            let began = std::time::Instant::now();
            let ran =
                ask!(self, "self-test.run", found, granted, |guest, store| { guest.call_run(store, &name) }).await;
            let failure = match ran {
                Ok((sandbox, result)) => {
                    sandbox.record(None);
                    result.err()
                }
                Err(error) if error.is_components_fault() => Some(match &error {
                    PluginError::Trapped { stderr, .. } if !stderr.is_empty() => {
                        format!("{error}: {stderr}")
                    }
                    _ => error.to_string(),
                }),
                Err(error) => return Err(error),
            };
            outcomes.push(CaseOutcome { name, failure, wall: began.elapsed() });
        }
        Ok(outcomes)
    }

    /// What of `storage` the release may use: what it asks for, within the host's limit.
    async fn granted(&self, space: Arc<dyn Storage>) -> Result<Option<Grant>, PluginError> {
        let ask = || async { Ok::<_, PluginError>(self.wants("en").await?.storage_bytes) };
        let asked = *self.0.asked_storage.get_or_try_init(ask).await?;
        let limits = &self.0.shared.config.limits;
        let quota_bytes = asked.min(limits.storage_bytes);
        Ok((quota_bytes > 0).then(|| Grant { space, quota_bytes, value_bytes: limits.value_bytes }))
    }

    /// A tool's answer within the bounds.
    fn accepted(
        &self,
        result: Result<wit::tools::Output, wit::tools::ToolError>,
    ) -> Result<Result<crate::Output, crate::ToolError>, PluginError> {
        if let Ok(output) = &result {
            let content = output.content.iter().map(|content| match content {
                wit::tools::Content::Text(text) => text.len(),
                wit::tools::Content::Image(blob) => blob.data.len(),
            });
            let bytes = content.sum::<usize>() + output.structured.as_ref().map_or(0, String::len);
            let limit = self.0.shared.config.limits.output_bytes;
            if bytes > limit {
                return Err(PluginError::OutputTooLarge { kind: OutputKind::Result, limit });
            }
        }
        tools::result(result)
    }
}

impl std::fmt::Debug for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Release").field(&self.0.digest).finish()
    }
}
