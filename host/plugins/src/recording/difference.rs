//! What a replay finds other than it was recorded, in words for a niche's author. JSON is compared as JSON: the order of
//! its keys and how it is spaced are no difference.

use std::fmt;

use serde_json::Value;

use super::{Ending, Part};
use crate::capabilities::log::beginning;

/// Characters of a value that are shown.
const SHOWN: usize = 120;
/// Characters of one difference: addresses, keys and headers in it are as long as they were.
const TOLD: usize = 2000;
/// Places of one JSON value that are told apart.
const PLACES: usize = 5;

/// Something that was other than recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which call, from 1.
    pub call: usize,
    /// Its tool.
    pub tool: String,
    /// What was other.
    pub what: Deviation,
}

/// In what a call was other than recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// A step was about the same thing and differs: how.
    Step {
        /// Which, from 1.
        step: usize,
        /// How.
        how: String,
    },
    /// A step came after a later one.
    Order {
        /// Which, from 1.
        step: usize,
        /// After which.
        after: usize,
        /// What was done.
        what: String,
    },
    /// Something was done that was not recorded, and the call could go on.
    Added(String),
    /// Something was asked that the recording has no answer to: the call ended there, and nothing after it was compared.
    Unrecorded(String),
    /// A step was not done.
    Missing {
        /// Which, from 1.
        step: usize,
        /// What was done.
        what: String,
    },
    /// A clock or randomness was asked more or less often.
    Readings {
        /// What was done.
        what: String,
        /// How often it is now.
        now: usize,
        /// How often it was.
        recorded: usize,
    },
    /// The call ended in another way.
    Result(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} `{}`: {}", self.call, self.tool, beginning(&self.what.to_string(), TOLD))
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { step, how } => write!(f, "step {step}: {how}"),
            Self::Order { step, after, what } => write!(f, "step {step} came after step {after}: it {what}"),
            Self::Added(what) => write!(f, "it {what}; that was not recorded"),
            Self::Unrecorded(what) => {
                write!(f, "it {what}, and no answer to that was recorded: the call was ended there")
            }
            Self::Missing { step, what } => write!(f, "step {step} was not done: it had {what}"),
            Self::Readings { what, now, recorded } => write!(f, "it {what} {now} times; recorded {recorded}"),
            Self::Result(how) => f.write_str(how),
        }
    }
}

/// The beginning of a value, for people.
pub(super) fn clipped(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => clip(text),
        Err(_) => format!("{} bytes that are no text", bytes.len()),
    }
}

fn clip(text: &str) -> String {
    beginning(text, SHOWN)
}

/// How two values differ; as JSON when both are.
pub(super) fn unlike(now: &[u8], recorded: &[u8]) -> Option<String> {
    if now == recorded {
        return None;
    }
    if let (Ok(now), Ok(recorded)) = (serde_json::from_slice::<Value>(now), serde_json::from_slice::<Value>(recorded)) {
        return unlike_json(&now, &recorded);
    }
    match (std::str::from_utf8(now), std::str::from_utf8(recorded)) {
        (Ok(now), Ok(recorded)) => Some(unlike_text(now, recorded)),
        _ => Some(format!("is {}; recorded {}", clipped(now), clipped(recorded))),
    }
}

/// Texts are shown from a little before where they part.
fn unlike_text(now: &str, recorded: &str) -> String {
    let same = now.chars().zip(recorded.chars()).take_while(|(a, b)| a == b).count();
    let from = if same > SHOWN / 2 { same - SHOWN / 4 } else { 0 };
    let shown = |text: &str| {
        let rest: String = text.chars().skip(from).collect();
        format!("{}{}", if from > 0 { "…" } else { "" }, clip(&rest))
    };
    format!("is {:?}; recorded {:?}", shown(now), shown(recorded))
}

/// The places where two JSON values differ.
pub(super) fn unlike_json(now: &Value, recorded: &Value) -> Option<String> {
    let mut places = Vec::new();
    collect(now, recorded, &mut String::new(), &mut places);
    if places.is_empty() {
        return None;
    }
    let more = places.len().saturating_sub(PLACES);
    places.truncate(PLACES);
    let mut told = places.join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more places"));
    }
    Some(told)
}

fn collect(now: &Value, recorded: &Value, at: &mut String, places: &mut Vec<String>) {
    let here = at.len();
    let mut within = |now: Option<&Value>, recorded: Option<&Value>, name: &str, at: &mut String| {
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        match (now, recorded) {
            (Some(now), Some(recorded)) => collect(now, recorded, at, places),
            (Some(now), None) => places.push(format!("`{at}` is {}; recorded nothing", clip(&now.to_string()))),
            (None, Some(recorded)) => places.push(format!("`{at}` is gone; recorded {}", clip(&recorded.to_string()))),
            (None, None) => {}
        }
        at.truncate(here);
    };
    match (now, recorded) {
        (Value::Object(now), Value::Object(recorded)) => {
            for (name, value) in now {
                within(Some(value), recorded.get(name), name, at);
            }
            for (name, value) in recorded.iter().filter(|(name, _)| !now.contains_key(*name)) {
                within(None, Some(value), name, at);
            }
        }
        (Value::Array(now), Value::Array(recorded)) => {
            for index in 0..now.len().max(recorded.len()) {
                within(now.get(index), recorded.get(index), &index.to_string(), at);
            }
        }
        (now, recorded) if now == recorded => {}
        (now, recorded) => {
            let place = if at.is_empty() { String::new() } else { format!("`{at}` ") };
            places.push(format!("{place}is {}; recorded {}", clip(&now.to_string()), clip(&recorded.to_string())));
        }
    }
}

/// How a call's end differs.
pub(super) fn of_endings(now: &Ending, recorded: &Ending) -> Vec<String> {
    match (now, recorded) {
        (
            Ending::Gave { content, structured },
            Ending::Gave { content: recorded_content, structured: recorded_structured },
        ) => {
            let mut found = of_contents(content, recorded_content);
            let json = |map: &Option<serde_json::Map<String, Value>>| map.clone().map_or(Value::Null, Value::Object);
            let structured = unlike_json(&json(structured), &json(recorded_structured));
            found.extend(structured.map(|how| format!("the structured result differs: {how}")));
            found
        }
        (Ending::Broke { code, .. }, Ending::Broke { code: recorded, .. }) if code == recorded => vec![],
        (now, recorded) if now == recorded => vec![],
        (now, recorded) => vec![format!("{}; recorded: {}", ended(now), ended(recorded))],
    }
}

fn of_contents(now: &[Part], recorded: &[Part]) -> Vec<String> {
    let mut found = Vec::new();
    if now.len() != recorded.len() {
        found.push(format!("the result has {} parts; recorded {}", now.len(), recorded.len()));
    }
    for (now, recorded) in now.iter().zip(recorded) {
        match (now, recorded) {
            (Part::Text(now), Part::Text(recorded)) => {
                let how = unlike(now.as_bytes(), recorded.as_bytes());
                found.extend(how.map(|how| format!("the result's text differs: {how}")));
            }
            (now, recorded) if now == recorded => {}
            (now, recorded) => found.push(format!("the result has {}; recorded {}", part(now), part(recorded))),
        }
    }
    found
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => format!("the text {:?}", clip(text)),
        Part::Image { media_type, data } => format!("a picture of type {media_type}, {} bytes", data.len()),
    }
}

fn ended(ending: &Ending) -> String {
    match ending {
        Ending::Gave { content, .. } => {
            let text = content.first().map(|first| format!(": {}", part(first))).unwrap_or_default();
            format!("it gave a result{text}")
        }
        Ending::Refused(error) => format!("it refused with `{}`: {:?}", error.code(), clip(&error.to_string())),
        Ending::Broke { code, message } => format!("it broke off with `{code}`: {}", clip(message)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_compared_as_json() {
        assert_eq!(unlike(br#"{"a":1,"b":[1]}"#, br#"{ "b": [1], "a": 1 }"#), None);
        let told = unlike(br#"{"a":1,"b":[1,2],"c":0}"#, br#"{"a":2,"b":[1],"d":null}"#).unwrap();
        assert_eq!(
            told,
            "`/a` is 1; recorded 2; `/b/1` is 2; recorded nothing; `/c` is 0; recorded nothing; `/d` is gone; recorded \
             null"
        );
        let many: Vec<u32> = (0..50).collect();
        let told = unlike_json(&json!(many), &json!([])).unwrap();
        assert!(told.ends_with("and 45 more places"), "{told}");
    }

    #[test]
    fn a_difference_is_one_line_of_a_bounded_length_whatever_was_asked() {
        let what = Deviation::Added(format!("sent GET https://a.test/\x1b[31m{}", "x".repeat(100_000)));
        let told = Difference { call: 1, tool: "look".into(), what }.to_string();
        assert!(!told.contains('\x1b') && told.chars().count() < TOLD + 100, "{}", told.len());
    }

    #[test]
    fn texts_are_shown_where_they_part() {
        let long = "x".repeat(500);
        let told = unlike(format!("{long}yes").as_bytes(), format!("{long}no").as_bytes()).unwrap();
        assert!(told.len() < 300 && told.contains("yes\"") && told.contains("no\""), "{told}");
        let control = unlike(b"a\x1b[31m", b"b").unwrap();
        assert!(!control.contains('\x1b'), "{control}");
    }
}
