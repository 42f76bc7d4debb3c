//! An LLM's Markdown as Telegram shows it: plain text with entities, cut into messages of at most 4096 UTF-16 units.
//!
//! Entities rather than Telegram's `parse_mode`: there a stray asterisk refuses the whole message. Lengths and offsets
//! are in UTF-16 code units (<https://core.telegram.org/bots/api#messageentity>).

use serde::{Deserialize, Serialize};

/// The longest text of one message (<https://core.telegram.org/bots/api#sendmessage>).
const LONGEST: usize = 4096;
/// Telegram ignores entities after the hundredth.
const MOST_ENTITIES: usize = 100;

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<Entity>,
}

/// A stretch of the text that is shown in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entity {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) offset: usize,
    pub(crate) length: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Bold,
    Italic,
    Code,
    Pre,
    TextLink,
}

/// `markdown` as messages, in order; none when nothing is left to show.
pub(crate) fn parts(markdown: &str) -> Vec<Part> {
    let mut shown = Shown::default();
    shown.document(markdown);
    split(&shown.text, &shown.entities)
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Text being built, with entities by UTF-16 offset.
#[derive(Default)]
struct Shown {
    text: String,
    units: usize,
    entities: Vec<Entity>,
}

impl Shown {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.units += units(text);
    }

    /// What `write` adds is shown as `kind`.
    fn entity(&mut self, kind: Kind, url: Option<String>, write: impl FnOnce(&mut Self)) {
        let offset = self.units;
        write(self);
        let length = self.units - offset;
        if length > 0 {
            self.entities.push(Entity { kind, offset, length, url });
        }
    }

    fn document(&mut self, markdown: &str) {
        let mut lines = markdown.trim().lines();
        let mut first = true;
        while let Some(line) = lines.next() {
            if !std::mem::take(&mut first) {
                self.push("\n");
            }
            if line.trim_start().starts_with("```") {
                let code: Vec<&str> = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
                self.entity(Kind::Pre, None, |shown| shown.push(&code.join("\n")));
            } else {
                self.line(line);
            }
        }
    }

    fn line(&mut self, line: &str) {
        let body = line.trim_start();
        let hashes = body.chars().take_while(|c| *c == '#').count();
        if let Some(heading) = body.get(hashes..).and_then(|rest| rest.strip_prefix(' '))
            && (1..=6).contains(&hashes)
        {
            // A heading that is bold already must not nest the same entity.
            let heading = heading.trim().trim_end_matches('#').trim().replace("**", "");
            self.entity(Kind::Bold, None, |shown| shown.inline(&heading));
        } else if let Some(item) = body.strip_prefix("- ").or_else(|| body.strip_prefix("* ")) {
            self.push(&line[..line.len() - body.len()]);
            self.push("• ");
            self.inline(item);
        } else {
            self.inline(line);
        }
    }

    fn inline(&mut self, text: &str) {
        let mut rest = text;
        let mut before = ' ';
        while let Some(c) = rest.chars().next() {
            let taken = self.marked(rest, before);
            let taken = if taken > 0 {
                taken
            } else {
                self.push(&rest[..c.len_utf8()]);
                c.len_utf8()
            };
            before = rest[..taken].chars().next_back().unwrap_or(' ');
            rest = &rest[taken..];
        }
    }

    /// Writes what is marked at the start of `rest` and says how many bytes that took; 0 if nothing is.
    fn marked(&mut self, rest: &str, before: char) -> usize {
        for (mark, kind) in [("`", Kind::Code), ("**", Kind::Bold), ("__", Kind::Bold), ("*", Kind::Italic)] {
            let Some(inside) = rest.strip_prefix(mark) else { continue };
            let Some(length) = inside.find(mark) else { continue };
            let (body, after) = (&inside[..length], &inside[length + mark.len()..]);
            let hugged = !body.is_empty() && !body.starts_with(' ') && !body.ends_with(' ');
            let apart = kind == Kind::Code
                || !(before.is_alphanumeric() || after.chars().next().is_some_and(char::is_alphanumeric));
            if !hugged || !apart {
                continue;
            }
            self.entity(kind, None, |shown| if kind == Kind::Code { shown.push(body) } else { shown.inline(body) });
            return length + 2 * mark.len();
        }
        self.link(rest)
    }

    fn link(&mut self, rest: &str) -> usize {
        let Some((label, tail)) = rest.strip_prefix('[').and_then(|inside| inside.split_once("](")) else { return 0 };
        let Some((url, _)) = tail.split_once(')') else { return 0 };
        if label.is_empty() || label.contains(['[', ']']) || !url.starts_with("http") || url.contains(' ') {
            return 0;
        }
        self.entity(Kind::TextLink, Some(url.to_owned()), |shown| shown.push(label));
        label.len() + url.len() + 4
    }
}

/// Cuts at the last paragraph, line, sentence or word that fits; only a longer word is cut inside.
fn split(text: &str, entities: &[Entity]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut offset = 0;
    loop {
        let trimmed = rest.trim_start();
        offset += units(&rest[..rest.len() - trimmed.len()]);
        rest = trimmed;
        if rest.is_empty() {
            return parts;
        }
        let cut = cut(rest);
        let shown = rest[..cut].trim_end();
        parts.push(Part { text: shown.to_owned(), entities: within(entities, offset, units(shown)) });
        offset += units(&rest[..cut]);
        rest = &rest[cut..];
    }
}

/// How many bytes of `rest` the next message takes.
fn cut(rest: &str) -> usize {
    let mut used = 0;
    let fits = rest
        .char_indices()
        .find(|(_, c)| {
            used += c.len_utf16();
            used > LONGEST
        })
        .map_or(rest.len(), |(at, _)| at);
    if fits == rest.len() {
        return fits;
    }
    let window = &rest[..fits];
    // A bound in the first half would make a short message: the next kind of bound is better.
    ["\n\n", "\n", ". ", "! ", "? ", "; ", " "]
        .into_iter()
        .filter_map(|bound| window.rfind(bound).map(|at| at + bound.trim_end_matches(' ').len().max(1)))
        .find(|at| *at > fits / 2)
        .unwrap_or(fits)
}

/// The stretches of `entities` inside one message.
fn within(entities: &[Entity], offset: usize, length: usize) -> Vec<Entity> {
    entities
        .iter()
        .filter_map(|entity| {
            let start = entity.offset.max(offset);
            let end = (entity.offset + entity.length).min(offset + length);
            (start < end).then(|| Entity { offset: start - offset, length: end - start, ..entity.clone() })
        })
        .take(MOST_ENTITIES)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with each entity's stretch, as Telegram would cut it out.
    fn seen(part: &Part) -> Vec<(Kind, String)> {
        let utf16: Vec<u16> = part.text.encode_utf16().collect();
        part.entities
            .iter()
            .map(|e| (e.kind, String::from_utf16(&utf16[e.offset..e.offset + e.length]).unwrap()))
            .collect()
    }

    #[test]
    fn markdown_becomes_entities() {
        let [part] =
            parts("## Título\n💊 **forte** e `x_y*z` e *leve*\n- um [guia](https://a.b/c)\n```rust\nlet a = 1;\n```")
                .try_into()
                .unwrap();
        assert_eq!(part.text, "Título\n💊 forte e x_y*z e leve\n• um guia\nlet a = 1;");
        let expected = [
            (Kind::Bold, "Título"),
            (Kind::Bold, "forte"),
            (Kind::Code, "x_y*z"),
            (Kind::Italic, "leve"),
            (Kind::TextLink, "guia"),
            (Kind::Pre, "let a = 1;"),
        ];
        assert_eq!(seen(&part), expected.map(|(kind, text)| (kind, text.to_owned())));
    }

    #[test]
    fn stray_marks_stay_as_they_are() {
        for text in ["2 * 3 * 4 = 24", "snake_case_name", "a ** b", "[not a link](x", "`open", "5**2", "#1 da lista"] {
            let [part] = parts(text).try_into().unwrap();
            assert_eq!((part.text.as_str(), part.entities.len()), (text, 0));
        }
    }

    #[test]
    fn a_long_text_is_cut_at_paragraphs_and_nothing_is_lost() {
        let paragraph = "Uma frase curta. ".repeat(60);
        let text = [paragraph.trim(); 12].join("\n\n");
        let parts = parts(&text);
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| units(&part.text) <= LONGEST && part.text.ends_with("curta.")));
        assert_eq!(parts.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n\n"), text);
    }

    #[test]
    fn units_are_counted_as_telegram_counts() {
        let parts = parts(&"💊".repeat(3_000));
        assert_eq!(parts.iter().map(|part| units(&part.text)).collect::<Vec<_>>(), [4096, 1904]);
    }

    #[test]
    fn an_entity_goes_on_in_the_next_message() {
        let parts = parts(&format!("**{}**", "palavra ".repeat(800).trim()));
        assert_eq!(parts.len(), 2);
        for part in &parts {
            assert_eq!(seen(part), [(Kind::Bold, part.text.clone())]);
        }
    }

    #[test]
    fn nothing_to_show_is_no_message() {
        assert!(parts(" \n\n ").is_empty());
    }
}
