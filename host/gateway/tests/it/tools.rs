//! An MCP server with three tools: one that only reads, one that changes something, one that two must call at once. Its
//! second release has another in place of the last; the first goes on serving those who name it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ListToolsResult, MetaObject,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::world::Platform;

#[derive(Clone)]
pub(crate) struct Niche {
    platform: Arc<Platform>,
    meeting: Arc<Barrier>,
}

pub(crate) fn service(platform: Arc<Platform>) -> StreamableHttpService<Niche, LocalSessionManager> {
    let niche = Niche { platform, meeting: Arc::new(Barrier::new(2)) };
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    StreamableHttpService::new(move || Ok(niche.clone()), Arc::default(), config)
}

fn schema(value: Value) -> Arc<JsonObject> {
    Arc::new(serde_json::from_value(value).unwrap())
}

fn hints(read_only: bool) -> ToolAnnotations {
    ToolAnnotations::from_raw(None, Some(read_only), None, None, None)
}

/// Where lists, calls and results name a release.
const RELEASE: &str = "dev.openclaw/release";

/// `_meta` that names a release.
fn names(release: usize) -> MetaObject {
    MetaObject([(RELEASE.to_owned(), json!(format!("sha256:{release}")))].into_iter().collect())
}

impl Niche {
    fn current(&self) -> usize {
        self.platform.release.load(Ordering::SeqCst)
    }

    /// The release that serves a request.
    fn served_by(&self, context: &RequestContext<RoleServer>) -> usize {
        match context.meta.get(RELEASE).and_then(Value::as_str) {
            Some("sha256:1") if !self.platform.first_is_gone.load(Ordering::SeqCst) => 1,
            _ => self.current(),
        }
    }
}

impl ServerHandler for Niche {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let query = json!({"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]});
        let mut tools = vec![
            Tool::new("look_up", "Looks something up in the shelf.", schema(query)).with_annotations(hints(true)),
            Tool::new("order", "Orders a thing.", schema(json!({"type": "object"}))).with_annotations(hints(false)),
            Tool::new("meet", "Waits for another.", schema(json!({"type": "object"}))).with_annotations(hints(true)),
        ];
        let release = self.served_by(&context);
        if release > 1 {
            let tool = Tool::new("count", "Counts the shelf.", schema(json!({"type": "object"})));
            tools[2] = tool.with_annotations(hints(true));
        }
        // Two tools a page.
        let from = page.and_then(|page| page.cursor).map_or(0, |cursor| cursor.parse().unwrap());
        let more = tools.len() > from + 2;
        let mut list = ListToolsResult::with_all_items(tools.into_iter().skip(from).take(2).collect());
        list.next_cursor = more.then(|| (from + 2).to_string());
        list.meta = Some(names(release));
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let release = self.served_by(&context);
        self.platform.calls.lock().unwrap().push(request.name.to_string());
        self.platform.served_by.lock().unwrap().push(release);
        let arguments = request.arguments.unwrap_or_default();
        let text = match &*request.name {
            "count" if release > 1 => "There are 3.".to_owned(),
            "look_up" => format!("Found {}: 12 left.", arguments["query"].as_str().unwrap_or("?")),
            "order" => {
                let mut stuck = self.platform.stuck.subscribe();
                stuck.wait_for(|stuck| !stuck).await.ok();
                "Ordered.".to_owned()
            }
            "meet" if release == 1 => match tokio::time::timeout(Duration::from_secs(5), self.meeting.wait()).await {
                Ok(_) => "met".to_owned(),
                Err(_) => "nobody came".to_owned(),
            },
            other => return Err(ErrorData::invalid_params(format!("unknown tool {other}"), None)),
        };
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.meta = Some(names(self.current()));
        Ok(result.into())
    }
}
