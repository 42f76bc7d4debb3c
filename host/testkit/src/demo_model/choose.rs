//! Which tools a message asks for.

use serde_json::Value;

use super::{
    fill,
    words::{self, Word, akin, words},
};

/// A score below this is chance.
const ENOUGH: f64 = 0.9;
/// What asking for the presence of something says for a tool that tells it: a little more than an "and".
const PRESENCE: f64 = 1.1;
/// Calls for one message at most.
const MOST_CALLS: usize = 6;

/// A tool as the demo model sees it.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) description: String,
    /// Its required arguments, in the schema's order.
    pub(super) required: Vec<(String, Value)>,
    /// Words that speak of it, with how much each says.
    subjects: Vec<Subject>,
    /// It says whether there is something, or how much.
    tells_presence: bool,
}

#[derive(Debug)]
struct Subject {
    word: String,
    weight: f64,
    /// It names what the tool does, and is no example of what to use it on.
    is_about: bool,
}

impl Tool {
    fn new(function: &Value) -> Option<Self> {
        let name = function["name"].as_str()?.to_owned();
        let description = function["description"].as_str().unwrap_or_default().to_owned();
        let schema = &function["parameters"];
        let required = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|name| (name.to_owned(), schema["properties"][name].clone()))
            .collect();
        let (first, rest) = description.split_at(first_sentence(&description).len());
        let mut subjects: Vec<Subject> = Vec::new();
        let mut note = |text: &str, weight: f64, is_about: bool| {
            for word in words(text).into_iter().filter(Word::is_content) {
                if !subjects.iter().any(|known| known.word == word.folded) {
                    subjects.push(Subject { word: word.folded, weight, is_about });
                }
            }
        };
        note(&name.replace('-', " "), 3.0, true);
        note(first, 2.0, true);
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            // What follows a colon, a bracket or a quotation mark is an example.
            let told = schema["description"].as_str().unwrap_or_default().split(['(', ':', '"', '“']).next();
            note(property, 0.5, true);
            note(told.unwrap_or_default(), 0.5, true);
        }
        note(rest, 1.0, false);
        let tells_presence = words::speaks_of_presence(first);
        Some(Self { name, description, required, subjects, tells_presence })
    }

    /// Whether `word` speaks of the tool rather than of what to use it on.
    pub(super) fn is_about(&self, word: &Word) -> bool {
        self.subjects.iter().any(|subject| subject.is_about && akin(&subject.word, &word.folded))
    }

    fn weight(&self, word: &Word) -> f64 {
        self.subjects.iter().filter(|subject| akin(&subject.word, &word.folded)).map(|s| s.weight).fold(0.0, f64::max)
    }

    /// Takes several things at once, as comparisons do.
    fn takes_several(&self) -> bool {
        self.required.iter().any(|(_, schema)| schema["type"] == "array" && schema["minItems"].as_u64() >= Some(2))
    }
}

/// A description's first sentence, without its end.
pub(super) fn first_sentence(description: &str) -> &str {
    let end = [". ", "? ", ".\n", "\n\n"].into_iter().filter_map(|end| description.find(end)).min();
    &description[..end.unwrap_or(description.len())]
}

/// The tools of a request.
pub(super) fn tools(request: &Value) -> Vec<Tool> {
    request["tools"].as_array().into_iter().flatten().filter_map(|tool| Tool::new(&tool["function"])).collect()
}

/// The calls that `message` asks for: each of its questions may ask for one tool.
pub(super) fn calls(message: &str, tools: &[Tool]) -> Vec<(String, Value)> {
    let mut calls: Vec<(String, Value)> = Vec::new();
    for question in questions(message) {
        let words = words(question);
        let spoken: Vec<f64> = tools.iter().map(|tool| spoken_of(&words, tool, tools)).collect();
        let mut best: Option<(f64, &Tool, Vec<Value>)> = None;
        for (index, tool) in tools.iter().enumerate() {
            let mut score = spoken[index];
            if tool.takes_several() {
                let listing = fill::listing(&words, tool);
                let shape = match (listing.items.len() >= 2, listing.together) {
                    (false, _) => 0.0,
                    (true, true) => 2.0,
                    (true, false) => 1.0,
                };
                // When the words speak of another tool, the shape alone says less.
                score += if score == 0.0 && spoken.iter().any(|s| *s >= ENOUGH) { shape / 2.0 } else { shape };
            }
            if tool.tells_presence && words::ask_for_presence(&words) {
                score += PRESENCE;
            }
            if score < ENOUGH || best.as_ref().is_some_and(|(known, ..)| *known >= score) {
                continue;
            }
            let arguments = fill::arguments(&words, tool);
            if !arguments.is_empty() {
                best = Some((score, tool, arguments));
            }
        }
        for arguments in best.into_iter().flat_map(|(_, tool, all)| all.into_iter().map(|a| (tool.name.clone(), a))) {
            if !calls.contains(&arguments) && calls.len() < MOST_CALLS {
                calls.push(arguments);
            }
        }
    }
    calls
}

/// How much `words` speak of `tool`; what speaks of many tools says less of each.
fn spoken_of(words: &[Word], tool: &Tool, tools: &[Tool]) -> f64 {
    let mut counted: Vec<&str> = Vec::new();
    let mut score = 0.0;
    for word in words.iter().filter(|word| word.is_content()) {
        if counted.contains(&word.folded.as_str()) {
            continue;
        }
        counted.push(&word.folded);
        let sharing = tools.iter().filter(|other| other.weight(word) > 0.0).count().max(1);
        score += tool.weight(word) / (sharing as f64).sqrt();
    }
    score
}

fn questions(message: &str) -> impl Iterator<Item = &str> {
    message
        .split_inclusive(['?', '!', ';', '\n'])
        .flat_map(|piece| piece.split(". "))
        .map(str::trim)
        .filter(|question| !question.is_empty())
}
