//! A niche's tools as MCP lists them.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};

/// A tool with its titles, schemas and hints.
pub(super) fn tool(tool: &openclaw_plugins::Tool) -> Tool {
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
