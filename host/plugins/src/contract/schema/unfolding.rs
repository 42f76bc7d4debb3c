//! What a schema comes to with its references unfolded: counted without unfolding them, and refused when it is more than
//! a host takes.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Add, AddAssign};

use serde_json::{Map, Value};

use super::cut;
use super::pattern::automaton;

/// Deepest nesting of a schema with its references unfolded, in subschemas.
const DEEPEST: usize = 48;
/// Most JSON values in one schema with its references unfolded.
const MOST_NODES: usize = 8 << 10;

/// What one look of a schema at a value comes to, for each value in there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// JSON values of the schema that are held against it.
    pub(super) nodes: usize,
    /// Bytes of the automata of patterns: each byte of a text may visit them.
    pub(super) automata: usize,
    /// Lists that are looked through for what is there twice.
    pub(super) unique: usize,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            automata: self.automata.saturating_add(other.automata),
            unique: self.unique.saturating_add(other.unique),
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What a schema comes to with its references unfolded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// To say whether a value fits. An `unevaluatedProperties` or `unevaluatedItems` makes each schema at its place be
    /// asked once more, and so on below: one above the other doubles it. Compiling does the same.
    pub(super) fits: Cost,
    /// To find what of a value a schema has evaluated, for such a keyword above it.
    evaluates: Cost,
    /// To say where a value falls short: each branch of an `anyOf` or `oneOf` is asked before it is gone into.
    pub(super) tells: Cost,
    /// Levels of subschemas.
    depth: usize,
    /// Patterns.
    pub(super) patterns: usize,
}

/// The keywords that ask what other schemas at their place have evaluated.
const UNEVALUATED: [&str; 2] = ["unevaluatedItems", "unevaluatedProperties"];
/// Keywords whose schemas look at the very value that they are in the schema of.
const IN_PLACE: [&str; 8] = ["allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if", "oneOf", "then"];
/// Keywords of which each schema is asked first and then gone into, when it is told where a value falls short.
const ALTERNATIVES: [&str; 2] = ["anyOf", "oneOf"];
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
        let Value::Object(keywords) = schema else { return Ok(Size::leaf()) };
        let mut size = Size::own(keywords)?;
        for (keyword, inner) in subschemas(keywords) {
            let inner = self.size(inner)?;
            size.patterns += inner.patterns;
            if !DEFINITIONS.contains(&keyword) {
                size.takes(keyword, inner);
            }
        }
        if let Some(reference) = keywords.get("$ref") {
            let target = self.target(reference)?;
            size.takes("$ref", target);
        }
        for _ in UNEVALUATED.iter().filter(|keyword| keywords.contains_key(**keyword)) {
            size.fits += size.evaluates;
            size.tells += size.evaluates;
        }
        size.depth += 1;
        if size.fits.nodes > MOST_NODES {
            return Err(format!(
                "it has more than {MOST_NODES} values when its references are unfolded, what is below an \
                 `unevaluatedProperties` or `unevaluatedItems` counted again for each"
            ));
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

impl Size {
    /// Of a schema that is `true` or `false`.
    fn leaf() -> Self {
        let one = Cost { nodes: 1, ..Cost::default() };
        Self { fits: one, evaluates: one, tells: one, depth: 1, patterns: 0 }
    }

    /// Of a schema without those within it. Words people read cost nothing; lists of names and of values are gone through.
    fn own(keywords: &Map<String, Value>) -> Result<Self, String> {
        let named = keywords.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let patterns = named.map(String::as_str).chain(keywords.get("pattern").and_then(Value::as_str));
        let automata = patterns.map(automaton).collect::<Result<Vec<_>, _>>()?;
        let own = Cost {
            nodes: 1 + keywords.values().map(plain_weight).sum::<usize>(),
            automata: automata.iter().sum(),
            unique: usize::from(keywords.get("uniqueItems") == Some(&Value::Bool(true))),
        };
        Ok(Self { fits: own, evaluates: own, tells: own, depth: 0, patterns: automata.len() })
    }

    /// Counts what is within it by `keyword`.
    fn takes(&mut self, keyword: &str, inner: Self) {
        self.fits += inner.fits;
        self.evaluates += if keyword == "$ref" { inner.evaluates } else { inner.fits };
        if IN_PLACE.contains(&keyword) {
            self.evaluates += inner.evaluates;
        }
        self.tells += inner.tells;
        if ALTERNATIVES.contains(&keyword) {
            self.tells += inner.fits;
        }
        self.depth = self.depth.max(inner.depth);
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

/// The schemas right within a schema, each with the keyword it is there by.
fn subschemas(keywords: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    keywords.iter().flat_map(|(keyword, value)| {
        let keyword = keyword.as_str();
        let mut found: Vec<(&str, &Value)> = Vec::new();
        match value {
            Value::Array(items) if LIST.contains(&keyword) => found.extend(items.iter().map(|item| (keyword, item))),
            Value::Object(members) if NAMED.contains(&keyword) || DEFINITIONS.contains(&keyword) => {
                found.extend(members.values().map(|it| (keyword, it)));
            }
            Value::Object(_) if ONE.contains(&keyword) => found.push((keyword, value)),
            _ => {}
        }
        found
    })
}
