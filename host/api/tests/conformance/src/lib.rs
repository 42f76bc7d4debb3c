//! A niche whose tools are those that MCP's conformance suite calls, and those that tests of `/mcp` need: slow ones, ones
//! that break their promises. Each locale but the platform's own lists a schema that no host should take.

#![allow(unsafe_code, reason = "the generated bindings need it")]

mod bindings {
    wit_bindgen::generate!({ world: "niche", path: "../../../../wit/0.2", generate_all });
}

use std::{thread::sleep, time::Duration};

use bindings::exports::openclaw::niche::{catalog, onboarding, persona, self_test, tools};
use bindings::openclaw::niche::logging;
use bindings::openclaw::niche::niche_types::{Answer, Connection};
use bindings::openclaw::niche::storage;

struct Conformance;
bindings::export!(Conformance with_types_in bindings);

/// A test that wants a release which takes long to describe itself writes `describes late` into the component.
static MOOD: &str = "describes soon";

impl catalog::Guest for Conformance {
    fn describe(_locale: String) -> catalog::Entry {
        if std::hint::black_box(MOOD).ends_with("late") {
            sleep(Duration::from_secs(8));
        }
        catalog::Entry {
            id: "conformance".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            name: "Conformance".into(),
            tagline: "Does what a test suite asks.".into(),
            icon: "📏".into(),
            accent: "#2f6fde".into(),
            status: catalog::Status::Active,
            highlights: vec![],
            limits: vec![],
            suggestions: vec![],
            examples: vec![],
            changes: String::new(),
        }
    }

    fn wants(_locale: String) -> catalog::Wishes {
        catalog::Wishes { hosts: vec![], connections: vec![], storage_bytes: 10_000 }
    }
}

impl persona::Guest for Conformance {
    fn render(_: Vec<Answer>, _: String, _: Vec<Connection>) -> Result<String, persona::PersonaError> {
        Ok("You are measured.".into())
    }
}

impl onboarding::Guest for Conformance {
    fn next(_: Vec<Answer>, _: String) -> Result<onboarding::Step, onboarding::Rejection> {
        Ok(onboarding::Step::Done(vec![]))
    }
}

impl self_test::Guest for Conformance {
    fn cases() -> Vec<String> {
        vec![]
    }

    fn run(_: String) -> Result<(), String> {
        Ok(())
    }
}

/// No arguments.
const NOTHING: &str = r#"{"type":"object","properties":{},"additionalProperties":false}"#;

/// The schema of the suite's scenario `json-schema-2020-12`, as it stands there.
const SCHEMA_2020_12: &str = r##"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
        }
    },
    "properties": {
        "name": { "type": "string" },
        "address": { "$ref": "#/$defs/address" },
        "contactMethod": { "type": "string", "enum": ["phone", "email"] },
        "phone": { "type": "string" },
        "email": { "type": "string" }
    },
    "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
    "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
    "then": { "required": ["phone"] },
    "else": { "required": ["email"] },
    "additionalProperties": false
}"##;

/// A number that is kept.
const NUMBER: &str =
    r#"{"type":"object","properties":{"n":{"type":"integer","minimum":0,"maximum":99}},"required":["n"]}"#;

/// What each tool takes, and what it gives where it promises something.
const TOOLS: &[(&str, &str, Option<&str>)] = &[
    ("json_schema_2020_12_tool", SCHEMA_2020_12, None),
    ("keep", NUMBER, Some(NUMBER)),
    ("keep_and_break_promise", NUMBER, Some(NUMBER)),
    ("keep_and_forget_promise", NUMBER, Some(NUMBER)),
    ("keep_slowly", NUMBER, None),
    ("kept", NOTHING, None),
    ("test_error_handling", NOTHING, None),
    (
        "test_headers",
        r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}},"required":["region"]}"#,
        None,
    ),
    ("test_image_content", NOTHING, None),
    ("test_logging_tool", NOTHING, None),
    ("test_simple_text", NOTHING, None),
    ("test_streaming_elicitation", NOTHING, None),
    ("test_tool_with_progress", NOTHING, None),
    ("test_trigger_tool_change", NOTHING, None),
];

/// One red pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 8, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0,
    3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

impl tools::Guest for Conformance {
    fn list_tools(locale: String) -> Vec<tools::Tool> {
        let hostile = |schema: &str| vec![tool("hostile", schema, None)];
        match locale.as_str() {
            "large" => hostile(&format!(r#"{{"type":"object","description":"{}"}}"#, "x".repeat(100_000))),
            "enormous" => hostile(&format!(r#"{{"type":"object","description":"{}"}}"#, "x".repeat(10 << 20))),
            "no-schema" => hostile(r#"{"type":"object","properties":{"a":{"type":"thing"}}}"#),
            "remote" => hostile(r#"{"type":"object","$ref":"https://127.0.0.1:1/schema.json"}"#),
            "file" => hostile(r#"{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}"#),
            "recursive" => hostile(r##"{"type":"object","properties":{"a":{"$ref":"#"}}}"##),
            "deep" => hostile(&format!(
                r#"{{"type":"object","not":{}{}{}}}"#,
                r#"{"not":"#.repeat(100),
                "{}",
                "}".repeat(100)
            )),
            "promise" => vec![tool("hostile", NOTHING, Some(r#"{"type":"nothing"}"#))],
            _ => TOOLS.iter().map(|(name, input, output)| tool(name, input, *output)).collect(),
        }
    }

    fn call(name: String, arguments: String, _: tools::CallContext) -> Result<tools::Output, tools::ToolError> {
        let mut structured = None;
        let text = match name.as_str() {
            "keep" => {
                keep(&arguments);
                structured = Some(arguments);
                "Kept.".to_owned()
            }
            "keep_and_break_promise" => {
                keep(&arguments);
                structured = Some(r#"{"n":100}"#.into());
                "Kept.".to_owned()
            }
            "keep_and_forget_promise" => {
                keep(&arguments);
                "Kept.".to_owned()
            }
            "keep_slowly" => {
                keep(&arguments);
                sleep(Duration::from_secs(8));
                "Kept.".to_owned()
            }
            "kept" => match storage::get("number") {
                Ok(Some(kept)) => String::from_utf8_lossy(&kept).into_owned(),
                other => format!("{other:?}"),
            },
            "test_error_handling" => {
                return Err(tools::ToolError::Other("This tool intentionally returns an error for testing".into()));
            }
            "test_headers" | "json_schema_2020_12_tool" => arguments,
            "test_image_content" => {
                let image = tools::Blob { media_type: "image/png".into(), data: PNG.into() };
                return Ok(tools::Output { content: vec![tools::Content::Image(image)], structured: None });
            }
            "test_logging_tool" => {
                logging::log(logging::Level::Info, "for the operator alone");
                "Logged.".to_owned()
            }
            "test_simple_text" => "This is a simple text response for testing.".to_owned(),
            "test_streaming_elicitation" => "Nothing is asked in between.".to_owned(),
            // The test around it does that.
            "test_trigger_tool_change" => "The tools change.".to_owned(),
            "test_tool_with_progress" => {
                sleep(Duration::from_millis(3_500));
                "Done.".to_owned()
            }
            other => return Err(tools::ToolError::UnknownTool(other.into())),
        };
        Ok(tools::Output { content: vec![tools::Content::Text(text)], structured })
    }
}

fn tool(name: &str, input: &str, output: Option<&str>) -> tools::Tool {
    tools::Tool {
        name: name.into(),
        title: name.replace('_', " "),
        description: "For tests.".into(),
        input_schema: input.into(),
        output_schema: output.map(Into::into),
        read_only: !name.starts_with("keep"),
        destructive: false,
        idempotent: true,
        open_world: false,
    }
}

fn keep(arguments: &str) {
    storage::set("number", arguments.as_bytes()).expect("it was granted");
}
