//! What the server answers: who it is, which tools there are, and what a call gave.

use std::sync::Arc;

use openclaw_platform::tokens::Caller;
use openclaw_plugins::Release;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::Value;

use super::listing;
use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
    niches::Description,
};

/// The tools of whoever asks.
#[derive(Clone)]
pub(super) struct NicheTools {
    pub(super) state: AppState,
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
        Ok(ListToolsResult::with_all_items(described.tools.iter().map(listing::tool).collect()))
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
    pub(super) async fn niche(&self, caller: &Caller) -> Result<(Release, Arc<Description>)> {
        let release = self.state.niches.release(caller.digest).await?;
        let described = self.state.niches.describe(&release, Locale::stored(&caller.locale)).await?;
        Ok((release, described))
    }
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
