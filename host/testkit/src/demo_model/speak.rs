//! The demo model's sentences. Each begins by saying what it is.

use serde_json::Value;

use super::{
    choose::{Tool, first_sentence},
    words::Language,
};

/// A result is cut here, in characters.
const LONGEST: usize = 2_500;

fn label(language: Language) -> &'static str {
    match language {
        Language::Pt => "**Modelo de demonstração**",
        Language::En => "**Demo model**",
    }
}

/// Reads the tools' results out.
pub(super) fn results(language: Language, results: &[(String, String)]) -> String {
    let (looked, end) = match language {
        Language::Pt => ("Consultei", "Texto automático, sem um modelo de linguagem: confira antes de usar."),
        Language::En => ("I looked at", "Automatic text, without a language model: check it before use."),
    };
    let told: Vec<String> =
        results.iter().map(|(tool, text)| format!("{looked} `{tool}`:\n\n{}", readable(text))).collect();
    format!("{} · {}\n\n*{end}*", label(language), told.join("\n\n"))
}

/// Says what the tools can do.
pub(super) fn abilities(language: Language, tools: &[Tool]) -> String {
    let (nothing, begin, end) = match language {
        Language::Pt => (
            "Aqui ainda não há um modelo de linguagem ligado, nem ferramentas para consultar.",
            "Aqui ainda não há um modelo de linguagem ligado, mas sei usar estas ferramentas:",
            "Pergunte por uma delas com os nomes do que procura.",
        ),
        Language::En => (
            "No language model is connected here yet, and there are no tools to look at.",
            "No language model is connected here yet, but I can use these tools:",
            "Ask for one of them with the names of what you are looking for.",
        ),
    };
    if tools.is_empty() {
        return format!("{} · {nothing}", label(language));
    }
    let list: Vec<String> = tools.iter().map(|tool| format!("- {}", ability(tool))).collect();
    format!("{} · {begin}\n\n{}\n\n{end}", label(language), list.join("\n"))
}

/// What the tool does, in a few words.
fn ability(tool: &Tool) -> String {
    let sentence = first_sentence(&tool.description);
    let sentence = sentence.split(": ").next().unwrap_or_default().trim().trim_end_matches('.').replace('\n', " ");
    if sentence.is_empty() { tool.name.replace('_', " ") } else { sentence }
}

/// JSON as lines; any other text as it is.
fn readable(text: &str) -> String {
    let lines = match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => {
            let mut lines = Vec::new();
            outline(&value, 0, &mut lines);
            lines.join("\n")
        }
        _ => text.trim().to_owned(),
    };
    match lines.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &lines[..end]),
        None => lines,
    }
}

fn outline(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) | Value::Array(_) => None,
        value => Some(value.to_string()),
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('_', " ");
                match plain(value) {
                    Some(text) => lines.push(format!("{indent}- {name}: {text}")),
                    None => {
                        lines.push(format!("{indent}- {name}:"));
                        outline(value, depth + 1, lines);
                    }
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match plain(item) {
                    Some(text) => lines.push(format!("{indent}- {text}")),
                    None => outline(item, depth, lines),
                }
            }
        }
        value => lines.push(format!("{indent}{}", plain(value).unwrap_or_default())),
    }
}
