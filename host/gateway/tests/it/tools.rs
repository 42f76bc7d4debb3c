//! An MCP server with three tools: one that only reads, one that changes something, one that two must call at once.

use std::{sync::Arc, time::Duration};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ListToolsResult,
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

impl ServerHandler for Niche {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let query = json!({"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]});
        Ok(ListToolsResult::with_all_items(vec![
            Tool::new("look_up", "Looks something up in the shelf.", schema(query)).with_annotations(hints(true)),
            Tool::new("order", "Orders a thing.", schema(json!({"type": "object"}))).with_annotations(hints(false)),
            Tool::new("meet", "Waits for another.", schema(json!({"type": "object"}))).with_annotations(hints(true)),
        ]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.platform.calls.lock().unwrap().push(request.name.to_string());
        let arguments = request.arguments.unwrap_or_default();
        let text = match &*request.name {
            "look_up" => format!("Found {}: 12 left.", arguments["query"].as_str().unwrap_or("?")),
            "order" => {
                let mut stuck = self.platform.stuck.subscribe();
                stuck.wait_for(|stuck| !stuck).await.ok();
                "Ordered.".to_owned()
            }
            "meet" => match tokio::time::timeout(Duration::from_secs(5), self.meeting.wait()).await {
                Ok(_) => "met".to_owned(),
                Err(_) => "nobody came".to_owned(),
            },
            other => return Err(ErrorData::invalid_params(format!("unknown tool {other}"), None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}
