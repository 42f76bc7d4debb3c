//! The niche's tools, over MCP. The API may restart or the niche change under us: connections and lists are renewed.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Client;
use rmcp::{
    ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{
        CallToolRequestParams, CallToolResult, ContentBlock, MetaObject, PaginatedRequestParams, ProtocolVersion,
        RequestMetaObject, ResourceContents, Tool,
    },
    service::{RunningService, ServiceError},
    transport::streamable_http_client::{
        StreamableHttpClientTransport, StreamableHttpClientTransportConfig, StreamableHttpError,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::{conversation::Function, environment::Limits};

/// Connecting and listing: the API answers in milliseconds or is not well.
const CONNECT: Duration = Duration::from_secs(5);
/// After a failed attempt to connect, answers do not wait for another so soon.
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
/// The most of a tool's result that the LLM is shown, in bytes.
const LONGEST_RESULT: usize = 24_000;
/// Where the API says which release of the niche a list is of, and a call which list it goes by.
const RELEASE: &str = "dev.openclaw/release";
/// More tools than this are not asked for: the API lists at most 128.
const MOST_TOOLS: usize = 1_000;

type Service = RunningService<RoleClient, ()>;

/// The tools behind `OPENCLAW_MCP_URL`.
pub(crate) struct Tools {
    http: Client,
    url: String,
    token: SecretString,
    call_time: Duration,
    age: Duration,
    link: Mutex<Link>,
}

#[derive(Default)]
struct Link {
    service: Option<Arc<Service>>,
    failed_at: Option<Instant>,
    offer: Arc<Offer>,
    listed_at: Option<Instant>,
}

/// The tools as the LLM is offered them. An answer is given with one offer from beginning to end.
#[derive(Default)]
pub(crate) struct Offer {
    /// OpenAI's function definitions.
    pub(crate) definitions: Vec<Value>,
    by_name: HashMap<String, Offered>,
    /// Whether a list was ever had.
    pub(crate) known: bool,
    /// The release it is of, in the API's words.
    pub(crate) release: Option<String>,
    /// The API no longer has one of these tools.
    outdated: AtomicBool,
}

struct Offered {
    /// The name MCP knows; OpenAI allows fewer characters.
    name: String,
    /// Doing it twice is as good as once.
    repeatable: bool,
}

impl Offer {
    fn new(tools: Vec<Tool>, release: Option<String>) -> Self {
        let mut offer = Self { known: true, release, ..Self::default() };
        for tool in tools {
            let name: String = tool
                .name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
                .take(64)
                .collect();
            let hints = tool.annotations.unwrap_or_default();
            let repeatable = hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true);
            offer.definitions.push(json!({
                "type": "function",
                "function": {
                    "name": name,
                    "description": tool.description.unwrap_or_default(),
                    "parameters": *tool.input_schema,
                },
            }));
            offer.by_name.insert(name, Offered { name: tool.name.into_owned(), repeatable });
        }
        offer
    }

    /// Whether an answer may go on with it.
    pub(crate) fn holds(&self) -> bool {
        self.known && !self.outdated.load(Ordering::Relaxed)
    }

    /// Whether calling `name` a second time changes nothing more. Calling what does not exist changes nothing at all.
    pub(crate) fn is_repeatable(&self, name: &str) -> bool {
        self.by_name.get(name).is_none_or(|tool| tool.repeatable)
    }
}

impl Tools {
    pub(crate) fn new(http: Client, url: &Url, token: SecretString, limits: &Limits) -> Self {
        Self {
            http,
            url: url.as_str().to_owned(),
            token,
            call_time: limits.tool,
            age: limits.tools_age,
            link: Mutex::default(),
        }
    }

    /// The tools there are; the last known ones when the API is away. An answer that `began` with a release before a
    /// restart is given that one's, if the API still has them.
    pub(crate) async fn offer(&self, began: Option<&str>) -> Arc<Offer> {
        let mut link = self.link.lock().await;
        let is_wanted = began.is_none() || link.offer.release.as_deref() == began;
        if is_wanted && link.listed_at.is_some_and(|at| at.elapsed() < self.age) {
            return link.offer.clone();
        }
        // A connection that died while idle shows only when it is used: one more attempt with a fresh one.
        for _ in 0..2 {
            let Some(service) = self.connected(&mut link).await else { break };
            match tokio::time::timeout(CONNECT, list(&service, began)).await {
                // The next answer begins with what there is then.
                Ok(Ok(offer)) if began.is_some() => return Arc::new(offer),
                Ok(Ok(offer)) => {
                    link.offer = Arc::new(offer);
                    link.listed_at = Some(Instant::now());
                    break;
                }
                Ok(Err(error)) => tracing::warn!(%error, "the tools cannot be listed"),
                Err(_) => tracing::warn!("the tools cannot be listed in time"),
            }
            link.service = None;
        }
        link.offer.clone()
    }

    /// Calls a tool and gives its result, or what went wrong, as text for the LLM.
    pub(crate) async fn call(&self, offer: &Offer, function: &Function) -> String {
        let Some(tool) = offer.by_name.get(&function.name) else {
            self.relist().await;
            return format!("Error: there is no tool {}.", function.name);
        };
        let arguments = match function.arguments.trim() {
            "" => serde_json::Map::new(),
            text => match serde_json::from_str(text) {
                Ok(arguments) => arguments,
                Err(error) => return format!("Error: the arguments are not a JSON object: {error}."),
            },
        };
        let mut request = CallToolRequestParams::new(tool.name.clone()).with_arguments(arguments);
        request.meta = offer.release.as_deref().map(names);
        match tokio::time::timeout(self.call_time, self.call_twice(offer, tool, request)).await {
            Ok(text) => shorten(text),
            Err(_) => {
                self.disconnect(None).await;
                format!("Error: no answer in {} s. It is not known whether this took effect.", self.call_time.as_secs())
            }
        }
    }

    async fn call_twice(&self, offer: &Offer, tool: &Offered, request: CallToolRequestParams) -> String {
        let mut again = true;
        loop {
            let Some(service) = self.connected(&mut *self.link.lock().await).await else {
                return "Error: the tools are not available at the moment. Nothing was done.".into();
            };
            match service.call_tool(request.clone()).await {
                Ok(result) => {
                    if release(result.meta.as_ref()) != offer.release.as_deref() {
                        // The next answer begins with the new list; this one ends with its own.
                        self.relist().await;
                    }
                    return text(&result);
                }
                Err(ServiceError::McpError(error)) => {
                    // The release that was offered is gone: the next question sees the new list.
                    offer.outdated.store(true, Ordering::Relaxed);
                    self.relist().await;
                    return format!("Error: {}.", error.message);
                }
                Err(error) => {
                    tracing::warn!(tool = tool.name, %error, "a tool could not be called");
                    self.disconnect(Some(&service)).await;
                    let safe = tool.repeatable || never_sent(&error);
                    if !(safe && std::mem::take(&mut again)) {
                        let effect = if safe {
                            "Nothing was done"
                        } else {
                            "It is not known whether this took effect: check before repeating it"
                        };
                        return format!("Error: the connection to the tool failed. {effect}.");
                    }
                }
            }
        }
    }

    async fn connected(&self, link: &mut Link) -> Option<Arc<Service>> {
        if let Some(service) = link.service.as_ref().filter(|service| !service.is_closed()) {
            return Some(service.clone());
        }
        link.service = None;
        if link.failed_at.is_some_and(|at| at.elapsed() < RECONNECT_AFTER) {
            return None;
        }
        let config =
            StreamableHttpClientTransportConfig::with_uri(self.url.as_str()).auth_header(self.token.expose_secret());
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        let lifecycle =
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None };
        match tokio::time::timeout(CONNECT, ().serve_with_lifecycle(transport, lifecycle)).await {
            Ok(Ok(service)) => {
                link.failed_at = None;
                link.service = Some(Arc::new(service));
                link.service.clone()
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the tools cannot be reached");
                link.failed_at = Some(Instant::now());
                None
            }
            Err(_) => {
                tracing::warn!("the tools cannot be reached in time");
                link.failed_at = Some(Instant::now());
                None
            }
        }
    }

    /// Gives up the connection, if it is still `this` one.
    async fn disconnect(&self, this: Option<&Arc<Service>>) {
        let mut link = self.link.lock().await;
        if this.is_none_or(|this| link.service.as_ref().is_some_and(|service| Arc::ptr_eq(service, this))) {
            link.service = None;
            link.listed_at = None;
        }
    }

    async fn relist(&self) {
        self.link.lock().await.listed_at = None;
    }
}

/// All tools of a release: the agent's, or the one that an answer began with.
async fn list(service: &Service, began: Option<&str>) -> Result<Offer, ServiceError> {
    let (mut tools, mut cursor) = (Vec::new(), None);
    loop {
        let mut request = PaginatedRequestParams::default().with_cursor(cursor);
        request.meta = began.map(names);
        let page = service.list_tools(Some(request)).await?;
        tools.extend(page.tools);
        cursor = page.next_cursor.filter(|_| tools.len() < MOST_TOOLS);
        if cursor.is_none() {
            return Ok(Offer::new(tools, release(page.meta.as_ref()).map(str::to_owned)));
        }
    }
}

/// The release that `meta` names.
fn release(meta: Option<&MetaObject>) -> Option<&str> {
    meta.and_then(|meta| meta.0.get(RELEASE)).and_then(Value::as_str)
}

/// `_meta` that names `release`.
fn names(release: &str) -> RequestMetaObject {
    RequestMetaObject(MetaObject([(RELEASE.to_owned(), Value::from(release))].into_iter().collect()))
}

/// Whether the request surely never reached the API.
fn never_sent(error: &ServiceError) -> bool {
    let ServiceError::TransportSend(error) = error else { return false };
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.error.as_ref());
    while let Some(error) = cause {
        match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            Some(StreamableHttpError::Client(error)) => return error.is_connect(),
            Some(_) => return false,
            None => cause = error.source(),
        }
    }
    false
}

fn text(result: &CallToolResult) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for block in &result.content {
        pieces.push(match block {
            ContentBlock::Text(text) => text.text.clone(),
            ContentBlock::Resource(resource) => match &resource.resource {
                ResourceContents::TextResourceContents { text, .. } => text.clone(),
                _ => "[a file that is not text]".into(),
            },
            ContentBlock::ResourceLink(link) => format!("{}: {}", link.name, link.uri),
            _ => "[a picture or sound]".into(),
        });
    }
    if pieces.is_empty()
        && let Some(structured) = &result.structured_content
    {
        pieces.push(structured.to_string());
    }
    let text = pieces.join("\n");
    if result.is_error == Some(true) { format!("Error: {text}") } else { text }
}

fn shorten(mut text: String) -> String {
    if text.len() > LONGEST_RESULT {
        let mut end = LONGEST_RESULT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n[… shortened …]");
    }
    text
}
