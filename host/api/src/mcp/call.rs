//! One call of a tool: in a fresh sandbox, with the customer's storage, kept for the dashboard.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use openclaw_platform::{
    Digest, agents,
    tool_calls::{self, NewToolCall},
};
use openclaw_plugins::{CallScope, Release, Tenant, ToolCall, ToolOutcome, credentials::NoConnections};
use rmcp::{
    ErrorData,
    model::{CallToolRequestParams, CallToolResult},
};
use serde_json::Value;

use super::{
    metering::{self, Called},
    result::{Ended, away},
    server::NicheTools,
};
use crate::{error::Result, interview::profile, locale::Locale, storage::Space};

impl NicheTools {
    /// Calls a tool of `release`, until `cancelled`. Whatever goes wrong is told to the model as the tool's answer, so
    /// that it can tell the person; that there is no such tool is for the client, whose list is another.
    pub(super) async fn call(
        &self,
        release: Digest,
        request: CallToolRequestParams,
        cancelled: impl Future<Output = ()>,
    ) -> Result<CallToolResult, ErrorData> {
        let (release, described) = match self.niche(release).await {
            Ok(niche) => niche,
            Err(error) => return Ok(away(&error)),
        };
        let name = &*request.name;
        let Some(tool) = described.tools.iter().find(|tool| tool.name == name) else {
            metering::unserved("unknown-tool");
            return Err(ErrorData::invalid_params(format!("Unknown tool: {name}"), None));
        };
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let outcome = match self.run(&release, name, &arguments, cancelled).await {
            Ok(outcome) => outcome,
            Err(error) => return Ok(away(&error)),
        };
        let ended = Ended::new(outcome);
        let agent = self.caller.agent;
        let digest = Digest(*release.digest().as_bytes());
        let called = Called { niche: &self.caller.niche, release: digest, tool: name };
        let took = called.ended(ended.outcome, &ended.spent);
        let kept = tool_calls::record(
            &self.state.db,
            NewToolCall {
                agent,
                digest,
                tool: name,
                title: &tool.title,
                arguments: &arguments,
                result: &ended.text,
                structured: ended.result.structured_content.as_ref(),
                outcome: ended.outcome,
                micros: i64::try_from(ended.spent.wall.as_micros()).unwrap_or(i64::MAX),
                fault: ended.fault,
                took,
            },
        );
        if let Err(error) = kept.await {
            // What the tool did stands; only its card is missing.
            tracing::error!(%agent, tool = name, %error, "a tool call could not be kept");
        }
        Ok(ended.result)
    }

    async fn run(
        &self,
        release: &Release,
        name: &str,
        arguments: &Value,
        cancelled: impl Future<Output = ()>,
    ) -> Result<ToolOutcome> {
        let (db, caller) = (&self.state.db, &self.caller);
        let agent = agents::get(db, caller.agent).await?;
        let grant = self.state.niches.grant(Digest(*release.digest().as_bytes())).await?;
        let space = self.state.spaces.of(caller.customer, &caller.niche);
        let scope = CallScope {
            tenant: Tenant(caller.customer.0.as_u128()),
            grant,
            storage: Arc::new(Space(space)),
            credentials: Arc::new(NoConnections),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let call = ToolCall {
            name,
            arguments: &arguments.to_string(),
            locale: Locale::stored(&caller.locale).as_str(),
            profile: &profile(&agent.profile),
            now,
        };
        Ok(release.call_tool_until(call, scope, cancelled).await)
    }
}
