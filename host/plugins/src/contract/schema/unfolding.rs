//! What a schema comes to with its references unfolded: counted without unfolding them, and refused when it is more than
//! a host takes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::cut;

/// Deepest nesting of a schema with its references unfolded, in subschemas.
const DEEPEST: usize = 48;
/// Most JSON values in one schema with its references unfolded.
const MOST_NODES: usize = 8 << 10;

/// What a schema comes to with its references unfolded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// JSON values.
    pub(super) nodes: usize,
    /// Levels of subschemas.
    depth: usize,
    /// Patterns.
    pub(super) patterns: usize,
}

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords whose value is schemas by name.
const NAMED: [&str; 4] = ["dependencies", "dependentSchemas", "patternProperties", "properties"];
/// Keywords whose value is schemas by name that hold nowhere by themselves.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// A walk over a schema along all its references.
pub(super) struct Unfolding<'a> {
    root: &'a Value,
    anchors: BTreeMap<&'a str, &'a Value>,
    /// What a reference's target comes to; none while it is being looked at.
    targets: HashMap<&'a str, Option<Size>>,
    /// How deep the walk is now: it must not use up the stack before it has counted.
    depth: usize,
}

impl<'a> Unfolding<'a> {
    /// What `root` comes to, or what is wrong with it in words.
    pub(super) fn of(root: &'a Value) -> Result<Size, String> {
        let mut walk = Self { root, anchors: BTreeMap::new(), targets: HashMap::new(), depth: 0 };
        walk.find_anchors(root, 0)?;
        walk.targets.insert("#", None);
        walk.size(root)
    }

    /// Finds what references may name, and refuses what would change their meaning underway.
    fn find_anchors(&mut self, schema: &'a Value, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        let Value::Object(keywords) = schema else { return Ok(()) };
        for keyword in ["$dynamicRef", "$recursiveRef", "$vocabulary"] {
            if keywords.contains_key(keyword) {
                return Err(format!("`{keyword}` is not supported"));
            }
        }
        if depth > 0 && ["$id", "$schema"].iter().any(|keyword| keywords.contains_key(*keyword)) {
            return Err("`$id` and `$schema` are allowed at the top alone".into());
        }
        if let Some(Value::String(anchor)) = keywords.get("$anchor")
            && self.anchors.insert(anchor, schema).is_some()
        {
            return Err(format!("the anchor {:?} is there twice", cut(anchor.clone())));
        }
        for (_, inner) in subschemas(keywords) {
            self.find_anchors(inner, depth + 1)?;
        }
        Ok(())
    }

    /// What `schema` comes to, all of its references unfolded.
    fn size(&mut self, schema: &'a Value) -> Result<Size, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep());
        }
        let size = self.size_within(schema);
        self.depth -= 1;
        size
    }

    fn size_within(&mut self, schema: &'a Value) -> Result<Size, String> {
        let Value::Object(keywords) = schema else { return Ok(Size { nodes: 1, depth: 1, patterns: 0 }) };
        let patterns = usize::from(keywords.contains_key("pattern"))
            + keywords.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
        // Words people read cost nothing; lists of names and of values are gone through.
        let plain = keywords.values().map(plain_weight).sum::<usize>();
        let mut size = Size { nodes: 1 + plain, depth: 0, patterns };
        for (applied, inner) in subschemas(keywords) {
            let inner = self.size(inner)?;
            if applied {
                size.nodes = size.nodes.saturating_add(inner.nodes);
                size.depth = size.depth.max(inner.depth);
            }
            size.patterns += inner.patterns;
        }
        if let Some(reference) = keywords.get("$ref") {
            let target = self.target(reference)?;
            size.nodes = size.nodes.saturating_add(target.nodes);
            size.depth = size.depth.max(target.depth);
        }
        size.depth += 1;
        if size.nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} values when its references are unfolded"));
        }
        if size.depth > DEEPEST {
            return Err(too_deep());
        }
        Ok(size)
    }

    fn target(&mut self, reference: &'a Value) -> Result<Size, String> {
        let Value::String(name) = reference else { return Err("a `$ref` is no text".into()) };
        let shown = || cut(name.clone());
        match self.targets.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(format!("`$ref` {:?} comes back to itself: schemas may not be recursive", shown()));
            }
            None => {}
        }
        let Some(within) = name.strip_prefix('#') else {
            return Err(format!("`$ref` {:?} leads out of the schema: nothing is fetched or read for it", shown()));
        };
        let target = if within.is_empty() || within.starts_with('/') {
            self.root.pointer(within)
        } else {
            self.anchors.get(within).copied()
        };
        let target = target.ok_or_else(|| format!("`$ref` {:?} leads nowhere", shown()))?;
        self.targets.insert(name, None);
        let size = self.size(target)?;
        self.targets.insert(name, Some(size));
        Ok(size)
    }
}

fn too_deep() -> String {
    format!("it is nested deeper than {DEEPEST} levels when its references are unfolded")
}

/// The values of a keyword that is not itself made of schemas.
fn plain_weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

/// The schemas right within a schema, and whether they hold there or only where something refers to them.
fn subschemas(keywords: &Map<String, Value>) -> impl Iterator<Item = (bool, &Value)> {
    keywords.iter().flat_map(|(keyword, value)| {
        let keyword = keyword.as_str();
        let mut found: Vec<(bool, &Value)> = Vec::new();
        match value {
            Value::Array(items) if LIST.contains(&keyword) => found.extend(items.iter().map(|item| (true, item))),
            Value::Object(members) if NAMED.contains(&keyword) => found.extend(members.values().map(|it| (true, it))),
            Value::Object(members) if DEFINITIONS.contains(&keyword) => {
                found.extend(members.values().map(|it| (false, it)));
            }
            Value::Object(_) if ONE.contains(&keyword) => found.push((true, value)),
            _ => {}
        }
        found
    })
}
