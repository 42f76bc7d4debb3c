//! Finding a tool's arguments in the words of a question, by the shape of its schema alone.

use serde_json::{Map, Value, json};

use super::{choose::Tool, words::Word};

/// Things named beside one another, and how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) items: Vec<String>,
    /// They are joined by "with" or "+", not only by "and" or commas.
    pub(super) together: bool,
}

/// The things that `words` lists, leaving out what `tool` is about: "A com B", "A, B e C", "A + B".
pub(super) fn listing(words: &[Word], tool: &Tool) -> Listing {
    let mut listing = Listing::default();
    let mut current: Vec<&str> = Vec::new();
    let mut joined = false;
    let mut groups: Vec<(Vec<&str>, bool)> = Vec::new();
    for word in words {
        let with = matches!(word.folded.as_str(), "com" | "with" | "+");
        let and = matches!(word.folded.as_str(), "e" | "and" | "ou" | "or");
        if with || and || word.after_break {
            if !current.is_empty() {
                groups.push((std::mem::take(&mut current), joined));
                joined = false;
            }
            joined |= with || and || word.after_break;
            listing.together |= with && !groups.is_empty();
        }
        if with || and {
            continue;
        }
        if word.is_content() && !tool.is_about(word) {
            current.push(&word.text);
        } else if !current.is_empty() {
            groups.push((std::mem::take(&mut current), joined));
            joined = false;
        }
    }
    if !current.is_empty() {
        groups.push((current, joined));
    }
    // The first of a listing has nothing before it; each further one is joined to what came before.
    let first_joined = groups.iter().skip(1).position(|(_, joined)| *joined);
    if let Some(first) = first_joined {
        listing.items = groups[first..]
            .iter()
            .enumerate()
            .filter(|(index, (_, joined))| *index == 0 || *joined)
            .map(|(_, (words, _))| words.join(" "))
            .collect();
    } else {
        listing.together = false;
    }
    listing
}

/// Arguments for each call that `words` ask of `tool`; none if something required is not there.
pub(super) fn arguments(words: &[Word], tool: &Tool) -> Vec<Value> {
    let listing = listing(words, tool);
    let mut free: Vec<String> =
        words.iter().filter(|w| w.is_content() && !tool.is_about(w)).map(|w| w.text.clone()).collect();
    let mut numbers = words.iter().filter_map(|word| word.folded.replace(',', ".").parse::<f64>().ok());
    let mut dates = words.iter().filter_map(|word| date(&word.folded));
    let mut arguments = Map::new();
    let mut single: Option<&str> = None;
    for (name, schema) in &tool.required {
        let value = match schema["type"].as_str() {
            Some("array") if schema["items"]["type"] == "string" => {
                let least = schema["minItems"].as_u64().unwrap_or(1) as usize;
                let items = if listing.items.is_empty() && least <= 1 && !free.is_empty() {
                    vec![free.join(" ")]
                } else {
                    listing.items.clone()
                };
                (items.len() >= least.max(1)).then(|| json!(items))
            }
            Some("string") => match schema["enum"].as_array() {
                Some(choices) => chosen(words, choices),
                None if schema["format"] == "date" => dates.next().map(Value::from),
                None if free.is_empty() || single.is_some() => None,
                None => {
                    single = Some(name);
                    Some(json!(std::mem::take(&mut free).join(" ")))
                }
            },
            Some("integer") => numbers.next().map(|number| json!(number as i64)),
            Some("number") => numbers.next().map(|number| json!(number)),
            _ => None,
        };
        match value {
            Some(value) => arguments.insert(name.clone(), value),
            None => return Vec::new(),
        };
    }
    match single {
        // One thing per call, asked about several: as many calls.
        Some(name) if listing.items.len() > 1 => listing
            .items
            .into_iter()
            .map(|item| {
                let mut arguments = arguments.clone();
                arguments.insert(name.to_owned(), json!(item));
                Value::Object(arguments)
            })
            .collect(),
        _ => vec![Value::Object(arguments)],
    }
}

fn chosen(words: &[Word], choices: &[Value]) -> Option<Value> {
    choices
        .iter()
        .find(|choice| {
            choice.as_str().is_some_and(|choice| words.iter().any(|word| word.folded == super::words::fold(choice)))
        })
        .cloned()
}

/// `2027-03-31` from itself or from `31/03/2027`.
fn date(word: &str) -> Option<String> {
    let pieces: Vec<&str> = word.split(['-', '/']).collect();
    let [one, two, three] = pieces[..] else { return None };
    if !pieces.iter().all(|piece| piece.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    match (one.len(), two.len(), three.len()) {
        (4, 2, 2) => Some(format!("{one}-{two}-{three}")),
        (2, 2, 4) => Some(format!("{three}-{two}-{one}")),
        _ => None,
    }
}
