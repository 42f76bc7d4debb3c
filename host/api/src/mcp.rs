//! The tools of an agent's niche over MCP (streamable HTTP, without sessions): each call in a fresh sandbox, with the
//! customer's storage, kept for the dashboard.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::Router;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use moka::sync::Cache;
use openclaw_platform::{
    CustomerId, agents, niche_storage, releases,
    tokens::Caller,
    tool_calls::{self, NewToolCall},
};
use openclaw_plugins::{Content, PluginError, Release, Spent, ToolCall, ToolError, ToolOutcome, storage::StorageError};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    AppState,
    auth::require_gateway,
    error::{ApiError, Result},
    interview::profile,
    locale::Locale,
    niches::Description,
    storage::Space,
};

/// Largest request, in bytes.
const LARGEST_REQUEST: usize = 1 << 20;
/// Calls that one customer's agents run at once. One that waits for its storage holds a connection to Postgres.
const CALLS_PER_CUSTOMER: usize = 4;
/// How long the turns of a customer who calls nothing are remembered.
const IDLE: Duration = Duration::from_secs(600);

/// Whose turn it is, customer by customer.
#[derive(Clone)]
pub(crate) struct Turns(Cache<CustomerId, Arc<Semaphore>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Cache::builder().time_to_idle(IDLE).build())
    }
}

impl Turns {
    fn of(&self, customer: CustomerId) -> Arc<Semaphore> {
        self.0.get_with(customer, || Arc::new(Semaphore::new(CALLS_PER_CUSTOMER)))
    }
}

/// `/mcp`, for those with a proxy token.
pub(crate) fn router(state: AppState) -> Router<AppState> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        // The bearer token keeps browsers out; behind a service the host may have any name.
        .disable_allowed_hosts()
        .with_max_request_body_bytes(LARGEST_REQUEST)
        .with_cancellation_token(state.shutdown.clone());
    let server = NicheTools { state: state.clone() };
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), config);
    Router::new().route_service("/mcp", service).layer(axum::middleware::from_fn_with_state(state, require_gateway))
}

#[derive(Clone)]
struct NicheTools {
    state: AppState,
}

impl ServerHandler for NicheTools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("openclaw-cloud", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let caller = caller(&context)?;
        let (_, described) = self.niche(&caller).await.map_err(|error| internal(&error))?;
        Ok(ListToolsResult::with_all_items(described.tools.iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        Ok(self.call(&caller, &request.name, &arguments).await.into())
    }
}

impl NicheTools {
    /// The release that `caller` runs on, and what it says of itself in their language.
    async fn niche(&self, caller: &Caller) -> Result<(Release, Arc<Description>)> {
        let release = self.state.niches.release(caller.digest).await?;
        let described = self.state.niches.describe(&release, Locale::stored(&caller.locale)).await?;
        Ok((release, described))
    }

    /// Calls a tool. Whatever goes wrong is told to the model as the tool's answer, so that it can tell the person.
    async fn call(&self, caller: &Caller, name: &str, arguments: &Value) -> CallToolResult {
        let (release, described) = match self.niche(caller).await {
            Ok(niche) => niche,
            Err(error) => return away(&error),
        };
        let Some(tool) = described.tools.iter().find(|tool| tool.name == name) else {
            return said(format!("There is no tool called {name:?}."));
        };
        let result = match self.run(caller, &release, name, arguments).await {
            Ok(result) => result,
            Err(error) => return away(&error),
        };
        let ended = Ended::new(result);
        metrics::counter!("niche_tool_calls_total", "outcome" => ended.outcome).increment(1);
        let kept = tool_calls::record(
            &self.state.db,
            NewToolCall {
                agent: caller.agent,
                digest: caller.digest,
                tool: name,
                title: &tool.title,
                arguments,
                result: &ended.text,
                structured: ended.result.structured_content.as_ref(),
                outcome: ended.outcome,
                micros: i64::try_from(ended.spent.wall.as_micros()).unwrap_or(i64::MAX),
            },
        );
        if let Err(error) = kept.await {
            // What the tool did stands; only its card is missing.
            tracing::error!(agent = %caller.agent, tool = name, %error, "a tool call could not be kept");
        }
        ended.result
    }

    async fn run(
        &self,
        caller: &Caller,
        release: &Release,
        name: &str,
        arguments: &Value,
    ) -> Result<Result<ToolOutcome, PluginError>> {
        let db = &self.state.db;
        let turns = self.state.turns.of(caller.customer);
        let _turn = turns.acquire().await;
        let agent = agents::get(db, caller.agent).await?;
        let ceiling = u64::from(self.state.settings.plugin_storage_mib) << 20;
        let space = Space {
            space: niche_storage::Space::new(self.state.storage_db.clone(), caller.customer, &caller.niche),
            granted: releases::granted_storage(db, caller.digest).await?.min(ceiling),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let call = ToolCall {
            name,
            arguments: &arguments.to_string(),
            locale: &caller.locale,
            profile: &profile(&agent.profile),
            now,
        };
        Ok(release.call_tool(call, Arc::new(space)).await)
    }
}

/// A call that ended, one way or another.
struct Ended {
    result: CallToolResult,
    /// The result's words.
    text: String,
    /// `ok`, or the error's code.
    outcome: &'static str,
    spent: Spent,
}

impl Ended {
    fn new(outcome: Result<ToolOutcome, PluginError>) -> Self {
        let (result, spent) = match outcome {
            Ok(ToolOutcome { result, spent }) => (result, spent),
            Err(error) => {
                tracing::warn!(%error, code = error.code(), "a tool call broke off");
                let changed = match &error {
                    // The connection may have broken while the commit was on its way.
                    PluginError::Storage(StorageError::Unavailable(_) | StorageError::Other(_)) => {
                        "Whether its changes were kept is not known: look before you try again."
                    }
                    _ => "Nothing was changed.",
                };
                let text = format!("The tool could not answer: {error}. {changed}");
                return Self { outcome: error.code(), result: said(&text), text, spent: Spent::default() };
            }
        };
        match result {
            Ok(output) => {
                let text = output.content.iter().map(words).collect::<Vec<_>>().join("\n");
                let mut result = CallToolResult::success(output.content.into_iter().map(block).collect());
                result.structured_content = output.structured.map(Value::Object);
                Self { outcome: "ok", result, text, spent }
            }
            Err(error) => {
                let text = error.to_string();
                Self { outcome: code(&error), result: said(&text), text, spent }
            }
        }
    }
}

fn code(error: &ToolError) -> &'static str {
    match error {
        ToolError::UnknownTool(_) => "unknown-tool",
        ToolError::InvalidArguments(_) => "invalid-arguments",
        ToolError::Refused(_) => "refused",
        ToolError::Unavailable(_) => "unavailable",
        ToolError::Other(_) => "other",
    }
}

fn words(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Image { media_type, .. } => format!("[{media_type}]"),
    }
}

fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { media_type, data } => ContentBlock::image(STANDARD.encode(data), media_type),
    }
}

fn tool(tool: &openclaw_plugins::Tool) -> Tool {
    let annotations = ToolAnnotations::from_raw(
        Some(tool.title.clone()),
        Some(tool.read_only),
        Some(tool.destructive),
        Some(tool.idempotent),
        Some(tool.open_world),
    );
    let listed = Tool::new(tool.name.clone(), tool.description.clone(), Arc::new(tool.input_schema.clone()))
        .with_title(&tool.title)
        .with_annotations(annotations);
    match &tool.output_schema {
        Some(schema) => listed.with_raw_output_schema(Arc::new(schema.clone())),
        None => listed,
    }
}

/// An error as a tool's answer.
fn said(sentence: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(sentence.into())])
}

/// The platform's own trouble, as a tool's answer.
fn away(error: &ApiError) -> CallToolResult {
    tracing::error!(%error, "a tool could not be called");
    metrics::counter!("niche_tool_calls_total", "outcome" => "platform").increment(1);
    said("The platform could not run the tool just now. Nothing was changed; try again in a moment.")
}

fn internal(error: &ApiError) -> ErrorData {
    tracing::error!(%error, "the tools could not be listed");
    ErrorData::internal_error("the tools could not be listed just now; try again in a moment", None)
}

/// Whom `require_gateway` let through.
fn caller(context: &RequestContext<RoleServer>) -> Result<Arc<Caller>, ErrorData> {
    context
        .extensions
        .get::<http::request::Parts>()
        .and_then(|parts| parts.extensions.get::<Arc<Caller>>())
        .cloned()
        .ok_or_else(|| ErrorData::internal_error("no caller", None))
}
