//! What an agent can do: its niche's tools, a call of one and what the call gave.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bindings::exports::openclaw::niche::tools as wit;
use super::schema::{self, Compiler, Schema, Schemas, ToolSchemas};
use super::{Answer, Check};
use crate::PluginError;

/// A tool, as the model and people see it. The four hints are those of MCP's tool annotations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name for the model: 1 to 64 lower-case letters, digits and underscores.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// JSON Schema of the arguments: an object with `"type": "object"`.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of [`Output::structured`], when there is one.
    pub output_schema: Option<Map<String, Value>>,
    /// Changes nothing.
    pub read_only: bool,
    /// May overwrite or remove something.
    pub destructive: bool,
    /// Calling it again with the same arguments changes nothing more.
    pub idempotent: bool,
    /// Reaches beyond the customer's own data.
    pub open_world: bool,
}

/// A call of a tool.
#[derive(Debug, Clone, Copy)]
pub struct ToolCall<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// A JSON object.
    pub arguments: &'a str,
    /// The language of the agent's customer.
    pub locale: &'a str,
    /// The customer's answers.
    pub profile: &'a [Answer],
    /// Now, in seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
}

/// A part of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text for the model.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Such as `image/png`.
        media_type: String,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// For the model.
    pub content: Vec<Content>,
    /// The same as JSON, an object.
    pub structured: Option<Map<String, Value>>,
}

/// Why a call gave nothing. The sentence is for the model, which tells the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", content = "message", rename_all = "snake_case")]
pub enum ToolError {
    /// No tool has this name.
    #[error("{0}")]
    UnknownTool(String),
    /// The arguments are not what the schema says, or make no sense together.
    #[error("{0}")]
    InvalidArguments(String),
    /// Understood, and not done: a rule stands against it.
    #[error("{0}")]
    Refused(String),
    /// Something it needs is away; trying later may help.
    #[error("{0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl ToolError {
    /// A stable word for APIs, metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool(_) => "unknown-tool",
            Self::InvalidArguments(_) => "invalid-arguments",
            Self::Refused(_) => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::Other(_) => "other",
        }
    }
}

pub(crate) fn tools(tools: Vec<wit::Tool>) -> Result<Vec<Tool>, PluginError> {
    let check = Check::of("tools.list-tools");
    check.few("tools", &tools, 128)?;
    check.distinct("the tool", tools.iter().map(|tool| tool.name.as_str()))?;
    tools.into_iter().map(|each| tool(&check, each)).collect()
}

fn tool(check: &Check, tool: wit::Tool) -> Result<Tool, PluginError> {
    check.id("the tool's name", &tool.name, '_', 64)?;
    check.text("a tool's title", &tool.title, 120)?;
    check.text("a tool's description", &tool.description, 4000)?;
    let schema = |which: &str, text: &str| {
        check.that(text.len() <= schema::LARGEST, || {
            format!("{which} of `{}` has {} bytes; at most {}", tool.name, text.len(), schema::LARGEST)
        })?;
        serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| check.wrong(format!("{which} of `{}` is no JSON object: {error}", tool.name)))
    };
    let input_schema = schema("the input schema", &tool.input_schema)?;
    check.that(input_schema.get("type").is_some_and(|kind| kind == "object"), || {
        format!("the input schema of `{}` is not of type object", tool.name)
    })?;
    let output_schema = tool.output_schema.as_deref().map(|text| schema("the output schema", text)).transpose()?;
    Ok(Tool {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        input_schema,
        output_schema,
        read_only: tool.read_only,
        destructive: tool.destructive,
        idempotent: tool.idempotent,
        open_world: tool.open_world,
    })
}

/// The schemas of `tools`, compiled.
pub(crate) fn schemas(tools: &[Tool]) -> Result<Schemas, PluginError> {
    let check = Check::of("tools.list-tools");
    let mut compiler = Compiler::new();
    let mut compile = |which: &str, name: &str, schema: &Map<String, Value>| {
        compiler
            .compile(schema)
            .map_err(|why| check.wrong(format!("the {which} schema of `{name}` cannot be used: {why}")))
    };
    let both = |tool: &Tool| {
        let input = compile("input", &tool.name, &tool.input_schema)?;
        let output = tool.output_schema.as_ref().map(|schema| compile("output", &tool.name, schema)).transpose()?;
        Ok((tool.name.clone(), ToolSchemas { input, output }))
    };
    tools.iter().map(both).collect()
}

/// Holds a call's arguments against the tool's schema, in words that the model can act on. Adds the time it took to
/// `spent`.
pub(crate) async fn fitting(arguments: &str, schema: &Schema, spent: &mut Duration) -> Result<(), ToolError> {
    let wrong =
        |why: String| ToolError::InvalidArguments(format!("The arguments do not fit the tool's schema: {why}."));
    let value = serde_json::from_str(arguments).map_err(|error| wrong(format!("they are no JSON: {error}")))?;
    schema.check(value, spent).await.map(drop).map_err(wrong)
}

/// Holds a result against the tool's schema, if it has one for it. Adds the time it took to `spent`.
pub(crate) async fn promised(
    mut output: Output,
    schema: Option<&Schema>,
    spent: &mut Duration,
) -> Result<Output, PluginError> {
    let Some(schema) = schema else { return Ok(output) };
    let check = Check::of("tools.call");
    let structured = output.structured.take();
    let structured = structured.ok_or_else(|| check.wrong("there is an output schema, and `structured` is missing"))?;
    let checked = schema.check(Value::Object(structured), spent).await;
    match checked.map_err(|why| check.wrong(format!("`structured` does not fit the output schema: {why}")))? {
        Value::Object(structured) => Ok(Output { structured: Some(structured), ..output }),
        _ => Err(check.wrong("`structured` is no JSON object")),
    }
}

pub(crate) fn result(result: Result<wit::Output, wit::ToolError>) -> Result<Result<Output, ToolError>, PluginError> {
    let output = match result {
        Ok(output) => output,
        Err(error) => return Ok(Err(tool_error(error))),
    };
    let check = Check::of("tools.call");
    let structured = output.structured.as_deref().map(serde_json::from_str).transpose();
    let structured = structured.map_err(|error| check.wrong(format!("`structured` is no JSON object: {error}")))?;
    check.few("parts of a result", &output.content, 128)?;
    let content = output.content.into_iter().map(|part| match part {
        wit::Content::Text(text) => Ok(Content::Text { text }),
        wit::Content::Image(blob) => {
            check.note("a media type", Some(&blob.media_type), 100)?;
            check.that(blob.media_type.starts_with("image/"), || format!("a picture of type {:?}", blob.media_type))?;
            Ok(Content::Image { media_type: blob.media_type, data: blob.data })
        }
    });
    Ok(Ok(Output { content: content.collect::<Result<_, PluginError>>()?, structured }))
}

/// How much of what a tool says in place of a result is handed on.
const SAID_CHARS: usize = 4000;

fn tool_error(error: wit::ToolError) -> ToolError {
    let said = |text: String| match text.char_indices().nth(SAID_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    match error {
        wit::ToolError::UnknownTool(text) => ToolError::UnknownTool(said(text)),
        wit::ToolError::InvalidArguments(text) => ToolError::InvalidArguments(said(text)),
        wit::ToolError::Refused(text) => ToolError::Refused(said(text)),
        wit::ToolError::Unavailable(text) => ToolError::Unavailable(said(text)),
        wit::ToolError::Other(text) => ToolError::Other(said(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_says_in_place_of_a_result_is_handed_on_up_to_a_length() {
        let said = tool_error(wit::ToolError::Refused("ção\n".repeat(100_000)));
        assert_eq!(said.to_string().chars().count(), SAID_CHARS + 1);
        assert_eq!(tool_error(wit::ToolError::Other("no\nnever".into())), ToolError::Other("no\nnever".into()));
    }
}
