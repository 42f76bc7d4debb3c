//! What the server answers: who it is, which tools there are, and what a call gave.

use std::sync::Arc;

use http::request::Parts;
use openclaw_platform::{Digest, tokens::Caller};
use openclaw_plugins::Release;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
    },
    service::{RequestContext, SubscriptionContext},
};

use serde_json::Value;
use time::OffsetDateTime;

use super::{Message, Session, cancellation, changes::Changes, listing, pin, progress};
use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
    niches::Description,
};

/// The tools of whoever asks, for one message of theirs.
#[derive(Clone)]
pub(super) struct NicheTools {
    pub(super) state: AppState,
    pub(super) caller: Arc<Caller>,
    session: Option<Session>,
    /// What the release that serves a call says of itself, for the headers that repeat some of the arguments.
    called: Option<Arc<Description>>,
}

impl NicheTools {
    pub(super) async fn new(
        state: &AppState,
        caller: Arc<Caller>,
        session: Option<Session>,
        message: &Message,
    ) -> Self {
        let mut tools = Self { state: state.clone(), caller, session, called: None };
        if message.method == "tools/call" {
            // What goes wrong here is told when the call itself is answered.
            tools.called = tools
                .niche(tools.served_by(message.params["_meta"].get(pin::RELEASE)))
                .await
                .ok()
                .map(|(_, described)| described);
        }
        tools
    }

    /// The release that serves a request which goes by the `named` one.
    fn served_by(&self, named: Option<&Value>) -> Digest {
        pin::served_by(&self.caller, named, OffsetDateTime::now_utc())
    }

    /// A release, and what it says of itself in the caller's language.
    pub(super) async fn niche(&self, release: Digest) -> Result<(Release, Arc<Description>)> {
        let release = self.state.niches.release(release).await?;
        let described = self.state.niches.describe(&release, Locale::stored(&self.caller.locale)).await?;
        Ok((release, described))
    }
}

impl ServerHandler for NicheTools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
            .with_server_info(Implementation::new("openclaw-cloud", env!("CARGO_PKG_VERSION")))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.called.as_ref()?.tools.iter().find(|tool| tool.name == name).map(listing::tool)
    }

    /// All tools at once: a niche has at most 128, and a cursor of a client's is as good as none.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let release = self.served_by(context.meta.get(pin::RELEASE));
        let (_, described) = self.niche(release).await.map_err(|error| internal(&error))?;
        let mut list = ListToolsResult::with_all_items(described.tools.iter().map(listing::tool).collect());
        list.meta = Some(pin::names(release));
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let key = cancellation::Key { agent: self.caller.agent, session: self.session, request: context.id.clone() };
        let under_way = self.state.calls.begin(key);
        let cancelled = async {
            tokio::select! {
                () = context.ct.cancelled() => {}
                () = under_way.cancelled() => {}
            }
        };
        let call = self.call(self.served_by(context.meta.get(pin::RELEASE)), request, cancelled);
        let mut result = match context.meta.get_progress_token() {
            None => call.await?,
            Some(token) => tokio::select! {
                result = call => result?,
                never = progress::report(&context.peer, token) => match never {},
            },
        };
        // Whoever went by another list learns that there is a new one.
        result.meta = Some(pin::names(self.caller.digest));
        Ok(result.into())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        if context.accepted().tools_list_changed != Some(true) {
            context.cancelled().await;
            return Ok(());
        }
        let request = context.request_context().extensions.get::<Parts>();
        let changes = request.and_then(|request| Changes::of(&self.state, &self.caller, &request.headers));
        let Some(mut changes) = changes else {
            return Err(ErrorData::internal_error("too many streams of this agent are open: close one first", None));
        };
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                goes_on = changes.next() => {
                    if !goes_on || context.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn internal(error: &ApiError) -> ErrorData {
    tracing::error!(%error, "the tools could not be listed");
    ErrorData::internal_error("the tools could not be listed just now; try again in a moment", None)
}
