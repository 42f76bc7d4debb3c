//! Formatted text as Telegram understands it: plain text and entities, from HTML or from entities that were given.

use serde_json::{Value, json};

/// Text to show, and its entities.
#[derive(Debug, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Value,
}

/// `text` as Telegram would keep it.
pub(crate) fn format(text: &str, parse_mode: Option<&str>, entities: Option<Value>) -> Formatted {
    let mode = parse_mode.unwrap_or_default().to_ascii_lowercase();
    match mode.as_str() {
        "html" => html(text),
        "markdownv2" => Formatted { text: unescape(text), entities: json!([]) },
        _ => trimmed(text, entities),
    }
}

/// Without the white space around it; entities move along.
fn trimmed(text: &str, entities: Option<Value>) -> Formatted {
    let start = text.trim_start();
    let cut = units(&text[..text.len() - start.len()]) as i64;
    let shown = start.trim_end();
    let length = units(shown) as i64;
    let entities = entities.and_then(|e| if let Value::Array(items) = e { Some(items) } else { None });
    let kept = entities.unwrap_or_default().into_iter().filter_map(|mut entity| {
        let (offset, long) = (entity["offset"].as_i64()?, entity["length"].as_i64()?);
        let (from, to) = ((offset - cut).max(0), (offset.checked_add(long)? - cut).min(length));
        entity["offset"] = from.into();
        entity["length"] = (to - from).into();
        (from < to && entity["type"].is_string()).then_some(entity)
    });
    Formatted { entities: kept.collect(), text: shown.to_owned() }
}

/// Length as Telegram counts: UTF-16 units.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// MarkdownV2 escapes what is no mark with a backslash.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// Telegram's HTML (<https://core.telegram.org/bots/api#html-style>). Where Telegram would refuse, such as a `<` that
/// begins no tag, the text is shown as it stands: the reader is better served by it than by nothing.
fn html(source: &str) -> Formatted {
    let (mut text, mut entities, mut open) = (String::new(), Vec::new(), Vec::<(String, usize, Option<String>)>::new());
    let mut rest = source.trim();
    while !rest.is_empty() {
        let plain = rest.find(['<', '&']).unwrap_or(rest.len());
        text.push_str(&rest[..plain]);
        rest = &rest[plain..];
        if let Some((tag, after)) = tag(rest) {
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                if let Some(at) = open.iter().rposition(|(n, ..)| n == name.trim()) {
                    let (name, start, link) = open.remove(at);
                    entities.extend(entity(&name, start, units(&text) - start, link));
                }
            } else {
                let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                let link =
                    attributes.split_once("href=\"").and_then(|(_, v)| v.split_once('"')).map(|(v, _)| decoded(v));
                open.push((name.to_ascii_lowercase(), units(&text), link));
            }
        } else if let Some((character, after)) = reference(rest) {
            text.push(character);
            rest = after;
        } else if let Some(first) = rest.chars().next() {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    entities.sort_by_key(|e| e["offset"].as_u64());
    trimmed(&text, Some(entities.into()))
}

fn entity(name: &str, offset: usize, length: usize, link: Option<String>) -> Option<Value> {
    let kind = match name {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        "a" => return Some(json!({ "type": "text_link", "offset": offset, "length": length, "url": link? })),
        _ => return None,
    };
    Some(json!({ "type": kind, "offset": offset, "length": length }))
}

/// The tag that `rest` begins with, without its brackets.
fn tag(rest: &str) -> Option<(&str, &str)> {
    let (tag, after) = rest.strip_prefix('<')?.split_once('>')?;
    tag.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic()).then_some((tag, after))
}

/// The character reference that `rest` begins with.
fn reference(rest: &str) -> Option<(char, &str)> {
    let (name, after) = rest.strip_prefix('&')?.split_once(';')?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, after))
}

fn decoded(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text_and_entities() {
        let shown =
            format("💊 <b>a &lt; <i>b</i></b> <a href=\"https://x.y/?a=1&amp;b\">l</a> 1 < 2", Some("HTML"), None);
        assert_eq!(shown.text, "💊 a < b l 1 < 2");
        assert_eq!(
            shown.entities,
            json!([
                { "type": "bold", "offset": 3, "length": 5 },
                { "type": "italic", "offset": 7, "length": 1 },
                { "type": "text_link", "offset": 9, "length": 1, "url": "https://x.y/?a=1&b" },
            ])
        );
    }

    #[test]
    fn entities_follow_a_text_that_is_trimmed() {
        let given = json!([{ "type": "bold", "offset": 0, "length": 4 }, { "type": "code", "offset": 9, "length": 1 }]);
        let shown = format("  ab cd  ", None, Some(given));
        assert_eq!(
            shown,
            Formatted { text: "ab cd".into(), entities: json!([{ "type": "bold", "offset": 0, "length": 2 }]) }
        );
    }

    #[test]
    fn escapes_of_markdown_are_not_shown() {
        assert_eq!(format(r"R\$ 1\.000\-", Some("MarkdownV2"), None).text, "R$ 1.000-");
    }
}
