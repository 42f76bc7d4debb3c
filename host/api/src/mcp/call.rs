//! One call of a tool: in a fresh sandbox, with the customer's storage, kept for the dashboard.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use openclaw_platform::{
    agents, niche_storage, releases,
    tokens::Caller,
    tool_calls::{self, NewToolCall},
};
use openclaw_plugins::{
    CallScope, Release, Tenant, ToolCall, ToolOutcome,
    credentials::NoConnections,
    grant::{Grant, Rights},
};
use rmcp::model::CallToolResult;
use serde_json::Value;

use super::{
    result::{Ended, away, said},
    server::NicheTools,
};
use crate::{error::Result, install::ceiling, interview::profile, storage::Space};

impl NicheTools {
    /// Calls a tool. Whatever goes wrong is told to the model as the tool's answer, so that it can tell the person.
    pub(super) async fn call(&self, caller: &Caller, name: &str, arguments: &Value) -> CallToolResult {
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

    async fn run(&self, caller: &Caller, release: &Release, name: &str, arguments: &Value) -> Result<ToolOutcome> {
        let db = &self.state.db;
        let agent = agents::get(db, caller.agent).await?;
        let asked = match release.asked().await {
            Ok(asked) => asked,
            Err(error) => return Ok(ToolOutcome::failed(error)),
        };
        let storage_bytes = releases::granted_storage(db, caller.digest).await?;
        let approved = Rights { storage_bytes, ..Rights::default() };
        let space = niche_storage::Space::new(self.state.storage_db.clone(), caller.customer, &caller.niche);
        let scope = CallScope {
            tenant: Tenant(caller.customer.0.as_u128()),
            grant: Arc::new(Grant::new(asked, approved, ceiling(&self.state.settings))),
            storage: Arc::new(Space(space)),
            credentials: Arc::new(NoConnections),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let call = ToolCall {
            name,
            arguments: &arguments.to_string(),
            locale: &caller.locale,
            profile: &profile(&agent.profile),
            now,
        };
        Ok(release.call_tool(call, scope).await)
    }
}
