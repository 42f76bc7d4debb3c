//! A loaded release, and every question the contract lets one ask it. Each question is a sandbox of its own.

mod self_test;

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell, Semaphore};
use tokio::time::timeout;
use wasmtime::component::{ComponentNamedList, InstancePre, Lift, Lower};

use crate::contract::bindings::exports::openclaw::niche as wit;
use crate::contract::exports::{Function, Functions, Wants};
use crate::contract::schema::{Compiled, Schema, Schemas};
use crate::contract::version::ContractVersion;
use crate::contract::{self, catalog, onboarding, persona, tools};
use crate::engine::Ticker;
use crate::grant::{HostPattern, Rights, Scope};
use crate::inspection::Inspection;
use crate::net::Connector;
use crate::recording::tape::Tape;
use crate::sandbox::{Call, Clock, Sandbox};
use crate::turns::{Turn, Turns};
use crate::{
    Answer, CallError, CallScope, Connection, Digest, Entry, Exports, HostConfig, OutputKind, PluginError, Spent, Step,
    Tenant, Tool, ToolCall, ToolError, ToolOutcome, Wishes, capabilities,
};

pub use self::self_test::CaseOutcome;

/// One version of a niche, ready to answer. Clones are cheap and are the same release.
#[derive(Clone)]
pub struct Release(Arc<Inner>);

struct Inner {
    digest: Digest,
    inspection: Inspection,
    pre: InstancePre<Call>,
    functions: Functions,
    shared: Shared,
    /// What it asks for: asked once, needed for every tool call.
    asked: OnceCell<Rights>,
    /// The tools' schemas, compiled when they are first listed.
    schemas: Compiled,
    /// Of those who need the schemas at once, one lists the tools and the others wait for it.
    listing: Mutex<()>,
}

/// What a release has of its host. Without the ticker no loop would end: a release keeps it going, also when
/// the host is gone.
pub(crate) struct Shared {
    /// Turns for calls.
    pub(crate) turns: Arc<Turns>,
    /// Places for this release's own questions, those that belong to no tenant.
    pub(crate) questions: Arc<Semaphore>,
    pub(crate) config: Arc<HostConfig>,
    /// The way to other hosts.
    pub(crate) connector: Arc<Connector>,
    pub(crate) _ticker: Arc<Ticker>,
}

/// What a call is given: by whom it is answered.
pub(crate) enum Given {
    /// Nothing: it belongs to no tenant.
    Nothing,
    /// What a tenant's call may use.
    Scope(CallScope),
    /// The same, and the tape that keeps the answers.
    Recorded(CallScope, Tape),
    /// The answers of the tape alone.
    Replayed(Tape),
}

impl Given {
    /// Whose call it is, and its tape.
    pub(crate) fn parts(self) -> (Option<CallScope>, Option<Tape>) {
        match self {
            Self::Nothing => (None, None),
            Self::Scope(scope) => (Some(scope), None),
            Self::Recorded(scope, tape) => (Some(scope), Some(tape)),
            Self::Replayed(tape) => (None, Some(tape)),
        }
    }

    /// Whose turn it takes; none for what belongs to no tenant.
    fn tenant(&self) -> Option<Tenant> {
        match self {
            Self::Scope(scope) | Self::Recorded(scope, _) => Some(scope.tenant),
            Self::Nothing | Self::Replayed(_) => None,
        }
    }
}

impl Inner {
    /// A sandbox for one of the release's own questions, which belong to no tenant and send nothing. A self-test has a
    /// scope, since it runs under a grant: one that nobody has approved yet, so it reaches no one either.
    async fn sandbox(&self, export: &'static str, given: Given) -> Result<Sandbox, PluginError> {
        let turn = self.shared.turns.among(&self.shared.questions).await?;
        Ok(Sandbox::new(&self.pre, self.digest, export, &self.shared, given, None, turn))
    }

    /// Asks `function` in a fresh instance, and says what its end means.
    async fn ask<P, R>(
        &self,
        sandbox: &mut Sandbox,
        function: &Function<P, (R,)>,
        parameters: P,
    ) -> Result<R, PluginError>
    where
        P: ComponentNamedList + Lower,
        (R,): ComponentNamedList + Lift + 'static,
    {
        let Sandbox { store, clock, .. } = &mut *sandbox;
        let outcome = clock
            .run(async {
                let instance = self.pre.instantiate_async(&mut *store).await?;
                function.call(store, &instance, parameters).await
            })
            .await;
        sandbox.meant(outcome).map(|(answer,)| answer)
    }
}

impl Release {
    pub(crate) fn new(
        digest: Digest,
        inspection: Inspection,
        pre: InstancePre<Call>,
        shared: Shared,
    ) -> Result<Self, PluginError> {
        let functions = Functions::of(pre.component(), inspection.contract)?;
        let (asked, schemas, listing) = (OnceCell::new(), Compiled::default(), Mutex::new(()));
        Ok(Self(Arc::new(Inner { digest, inspection, pre, functions, shared, asked, schemas, listing })))
    }

    /// Its name: the digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The version of the contract it speaks.
    pub fn contract(&self) -> ContractVersion {
        self.0.inspection.contract
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

    /// What it asks for: what its catalog wants, held against what it imports. A wish that it could not use, because
    /// the import for it is missing, is [`PluginError::UnusedWish`].
    pub async fn asked(&self) -> Result<Rights, PluginError> {
        let ask = async || {
            let wishes = self.wants("en").await?;
            capabilities::check(&wishes, &self.0.inspection.imports)?;
            rights(&wishes)
        };
        self.0.asked.get_or_try_init(ask).await.cloned()
    }

    /// The marketplace entry in `locale`.
    pub async fn describe(&self, locale: &str) -> Result<Entry, PluginError> {
        let mut sandbox = self.0.sandbox("catalog.describe", Given::Nothing).await?;
        let entry = self.0.ask(&mut sandbox, &self.0.functions.describe, (locale.to_owned(),)).await;
        sandbox.ended(entry.and_then(catalog::entry))
    }

    /// What it asks to use, with reasons in `locale`.
    pub async fn wants(&self, locale: &str) -> Result<Wishes, PluginError> {
        let mut sandbox = self.0.sandbox("catalog.wants", Given::Nothing).await?;
        let locale = (locale.to_owned(),);
        let wishes = match &self.0.functions.wants {
            Wants::V0_1(wants) => self.0.ask(&mut sandbox, wants, locale).await.map(Into::into),
            Wants::Newest(wants) => self.0.ask(&mut sandbox, wants, locale).await,
        };
        sandbox.ended(wishes.and_then(catalog::wishes))
    }

    /// The system prompt of one customer's agent.
    pub async fn render_persona(
        &self,
        profile: &[Answer],
        locale: &str,
        connections: &[Connection],
    ) -> Result<String, PluginError> {
        let mut sandbox = self.0.sandbox("persona.render", Given::Nothing).await?;
        let background = (contract::profile(profile), locale.to_owned(), contract::connections(connections));
        let prompt = self.0.ask(&mut sandbox, &self.0.functions.render, background).await;
        sandbox.ended(prompt.and_then(persona::prompt))
    }

    /// The next step of the interview after `answers`. Without the export there are no questions.
    pub async fn next_question(&self, answers: &[Answer], locale: &str) -> Result<Step, PluginError> {
        let Some(next) = &self.0.functions.next else {
            return Ok(Step::Done(vec![]));
        };
        let mut sandbox = self.0.sandbox("onboarding.next", Given::Nothing).await?;
        let step = self.0.ask(&mut sandbox, next, (contract::profile(answers), locale.to_owned())).await;
        sandbox.ended(step.and_then(onboarding::step))
    }

    /// The tools, with titles and descriptions in `locale`. None without the export.
    pub async fn list_tools(&self, locale: &str) -> Result<Vec<Tool>, PluginError> {
        let Some(tools) = &self.0.functions.tools else {
            return Ok(vec![]);
        };
        let mut sandbox = self.0.sandbox("tools.list-tools", Given::Nothing).await?;
        let list = self.0.ask(&mut sandbox, &tools.list, (locale.to_owned(),)).await;
        let list = list.map_err(|error| match error {
            // What is too much here is a schema: its author should read of it.
            PluginError::OutputTooLarge { kind: OutputKind::Result, limit } => contract::Check::of("tools.list-tools")
                .wrong(format!("the tools and their schemas have more than {limit} bytes together")),
            error => error,
        });
        let listed = match list.and_then(tools::tools) {
            Ok(tools) => self.compile(locale, tools).await,
            Err(error) => Err(error),
        };
        sandbox.ended(listed)
    }

    /// Compiles the schemas of `tools` and keeps them.
    async fn compile(&self, locale: &str, tools: Vec<Tool>) -> Result<Vec<Tool>, PluginError> {
        let compiling = tokio::task::spawn_blocking(move || tools::schemas(&tools).map(|schemas| (tools, schemas)));
        let compiled = compiling.await.map_err(|error| PluginError::Engine(format!("a schema: {error}")))?;
        let (tools, schemas) = compiled?;
        self.0.schemas.put(locale, schemas);
        Ok(tools)
    }

    /// The schemas of the tools as they are listed in `locale`.
    async fn schemas(&self, locale: &str) -> Result<Arc<Schemas>, PluginError> {
        if let Some(schemas) = self.0.schemas.get(locale) {
            return Ok(schemas);
        }
        let listing = timeout(self.0.shared.config.queue_timeout, self.0.listing.lock());
        let _listing = listing.await.map_err(|_| PluginError::PoolExhausted)?;
        if let Some(schemas) = self.0.schemas.get(locale) {
            return Ok(schemas);
        }
        self.list_tools(locale).await?;
        Ok(self.0.schemas.get(locale).unwrap_or_default())
    }

    /// Calls a tool, in its tenant's turn and with what `scope` grants. Arguments that do not fit its input schema never
    /// reach it, and a result that does not fit its output schema is an invalid answer. What it writes to the storage is
    /// kept only when the call succeeds: a refusal of the tool, a breach or an invalid answer leaves nothing.
    pub async fn call_tool(&self, call: ToolCall<'_>, scope: CallScope) -> ToolOutcome {
        self.call_tool_until(call, scope, pending()).await
    }

    /// The same until `cancelled`: then the call ends where it is and leaves nothing. Once the tool has answered it is
    /// too late.
    pub async fn call_tool_until(
        &self,
        call: ToolCall<'_>,
        scope: CallScope,
        cancelled: impl Future<Output = ()>,
    ) -> ToolOutcome {
        self.call_given(call, Given::Scope(scope), cancelled).await
    }

    /// A call of a tool, whoever answers what it asks.
    pub(crate) async fn call_given(
        &self,
        call: ToolCall<'_>,
        given: Given,
        cancelled: impl Future<Output = ()>,
    ) -> ToolOutcome {
        let Some(tools) = &self.0.functions.tools else {
            return ToolOutcome::failed(ToolError::UnknownTool(call.name.to_owned()));
        };
        let context = wit::tools::CallContext {
            locale: call.locale.to_owned(),
            profile: contract::profile(call.profile),
            now: call.now,
        };
        let mut cancelled = pin!(cancelled);
        let mut checking = Duration::ZERO;
        let begun = tokio::select! {
            biased;
            () = &mut cancelled => Err(PluginError::Cancelled.into()),
            begun = self.begin(&call, given.tenant(), &mut checking) => begun,
        };
        let (turn, schemas) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let spent = Spent { cpu: checking, wall: checking, ..Spent::default() };
                return ToolOutcome { spent, ..ToolOutcome::failed(error) };
            }
        };
        let shared = &self.0.shared;
        // A replay's calls are none of a customer's, and are counted apart.
        let export = if given.tenant().is_some() { "tools.call" } else { "tools.call-replayed" };
        let way_out = Some(&shared.connector);
        let mut sandbox = Sandbox::new(&self.0.pre, self.0.digest, export, shared, given, way_out, turn);
        sandbox.clock.count(checking);
        let asked = (call.name.to_owned(), call.arguments.to_owned(), context);
        let answer = tokio::select! {
            biased;
            () = &mut cancelled => Err(PluginError::Cancelled),
            answer = self.0.ask(&mut sandbox, &tools.call, asked) => answer,
        };
        let output_schema = schemas.get(call.name).and_then(|schemas| schemas.output.as_ref());
        let result = match answer.and_then(|answer| self.accepted(answer)) {
            Ok(Ok(output)) => match promised(output, output_schema, &mut sandbox.clock).await {
                Ok(output) => sandbox.commit().await.map(|()| Ok(output)),
                Err(error) => Err(error),
            },
            other => other,
        };
        let spent = sandbox.record(result.as_ref().err());
        let result = match result {
            Ok(said) => said.map_err(CallError::Tool),
            Err(error) => Err(CallError::Plugin(error)),
        };
        ToolOutcome { result, spent, refused: sandbox.refused().map(str::to_owned) }
    }

    /// What comes before a call: its turn, and arguments that fit. Who has no place of its own asks for nothing, since
    /// listing the tools is work, too; and who has none in the pool yet does not keep the listing from one.
    async fn begin(
        &self,
        call: &ToolCall<'_>,
        tenant: Option<Tenant>,
        checking: &mut Duration,
    ) -> Result<(Turn, Arc<Schemas>), CallError> {
        let Shared { turns, questions, .. } = &self.0.shared;
        let (turn, schemas) = match tenant {
            Some(tenant) => {
                let own = turns.own(tenant).await?;
                let schemas = self.schemas(call.locale).await?;
                (turns.pool(own).await?, schemas)
            }
            None => {
                let schemas = self.schemas(call.locale).await?;
                (turns.among(questions).await?, schemas)
            }
        };
        // A tool that is not listed has no schema: what the niche says to its call is the niche's own word.
        if let Some(schemas) = schemas.get(call.name) {
            tools::fitting(call.arguments, &schemas.input, checking).await?;
        }
        Ok((turn, schemas))
    }

    /// A tool's answer within the bounds.
    fn accepted(
        &self,
        result: Result<wit::tools::Output, wit::tools::ToolError>,
    ) -> Result<Result<crate::Output, ToolError>, PluginError> {
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

/// Holds a result against its schema, on the call's clock.
async fn promised(
    output: crate::Output,
    schema: Option<&Schema>,
    clock: &mut Clock,
) -> Result<crate::Output, PluginError> {
    let mut checking = Duration::ZERO;
    let promised = tools::promised(output, schema, &mut checking).await;
    clock.count(checking);
    promised
}

/// What a catalog's wishes come to. A host that is named twice is wanted with the methods of both.
fn rights(wishes: &Wishes) -> Result<Rights, PluginError> {
    let mut hosts = BTreeMap::new();
    for wish in &wishes.hosts {
        let pattern = wish.host.parse::<HostPattern>();
        let pattern = pattern.map_err(|error| contract::Check::of("catalog.wants").wrong(error.to_string()))?;
        let methods = hosts.entry(pattern).or_insert_with(Scope::none);
        *methods = methods.or(&wish.methods);
    }
    Ok(Rights {
        hosts,
        connections: Scope::only(wishes.connections.iter().map(|wish| wish.provider.clone())),
        storage_bytes: wishes.storage_bytes,
    })
}

impl std::fmt::Debug for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Release").field(&self.0.digest).finish()
    }
}
