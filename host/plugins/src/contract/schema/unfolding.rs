//! What a schema comes to with its references unfolded: counted without unfolding them, and refused when it is more than
//! a host takes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::{Add, AddAssign};

use serde_json::{Map, Value};

use super::cut;
use super::pattern::automaton;

/// Deepest nesting of a schema with its references unfolded, in subschemas.
const DEEPEST: usize = 48;
/// Most JSON values in one schema with its references unfolded.
const MOST_NODES: usize = 8 << 10;
/// Most patterns in one schema.
const MOST_PATTERNS: usize = 128;
/// Longest name of a property or definition, longest pattern that names properties and longest `$id`, in bytes.
const LONGEST_NAME: usize = 1000;
/// Most bytes of the places of all schemas in there: the library keeps each of them, and writes it again for its keywords.
const MOST_PLACES: usize = 1 << 20;

/// What one look of a schema at a value comes to, for each value in there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// JSON values of the schema that are held against it.
    pub(super) nodes: usize,
    /// Bytes of the automata of patterns: each byte of a text may visit them.
    pub(super) automata: usize,
    /// Lists that are looked through for what is there twice.
    pub(super) unique: usize,
    /// Numbers that are divided by a fraction, which takes long arithmetic.
    pub(super) divided: usize,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            automata: self.automata.saturating_add(other.automata),
            unique: self.unique.saturating_add(other.unique),
            divided: self.divided.saturating_add(other.divided),
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
}

/// What a schema comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfolded {
    pub(super) size: Size,
    /// Patterns in it.
    pub(super) patterns: usize,
    /// Bytes of their automata, each counted once.
    pub(super) automata: usize,
    /// Whether it has alternatives, of which each one's shortcomings are gathered whoever asks for one alone.
    pub(super) alternatives: bool,
}

/// Keywords that would change the meaning of a reference underway.
const DYNAMIC: [&str; 5] = ["$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary"];
/// Keywords that decode or parse a text to check it.
const CONTENT: [&str; 2] = ["contentEncoding", "contentMediaType"];
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
    /// All schemas in there, by their places in memory: what else a reference leads to is no schema to us, and may be one
    /// to whoever follows it.
    schemas: HashSet<*const Value>,
    /// What a reference's target comes to; none while it is being looked at.
    targets: HashMap<&'a str, Option<Size>>,
    /// The bytes of each pattern's automaton.
    automata: HashMap<&'a str, usize>,
    /// Patterns seen.
    patterns: usize,
    /// How deep the walk is now: it must not use up the stack before it has counted.
    depth: usize,
    /// Bytes of the places of the schemas that were found.
    places: usize,
    /// Keywords seen in any schema.
    seen: HashSet<&'a str>,
}

impl<'a> Unfolding<'a> {
    /// What `root` comes to, or what is wrong with it in words.
    pub(super) fn of(root: &'a Value) -> Result<Unfolded, String> {
        let mut walk = Self {
            root,
            anchors: BTreeMap::new(),
            schemas: HashSet::new(),
            targets: HashMap::new(),
            automata: HashMap::new(),
            patterns: 0,
            depth: 0,
            places: 0,
            seen: HashSet::new(),
        };
        if root.get("$id").and_then(Value::as_str).is_some_and(|id| id.len() > LONGEST_NAME) {
            return Err(format!("the `$id` is longer than {LONGEST_NAME} bytes"));
        }
        walk.find(root, 0, 0)?;
        if walk.seen.contains("patternProperties") && walk.seen.contains("unevaluatedProperties") {
            // The library matches these patterns with an engine that backtracks.
            return Err("`patternProperties` and `unevaluatedProperties` in one schema are not supported".into());
        }
        walk.targets.insert("#", None);
        let size = walk.size(root)?;
        Ok(Unfolded {
            size,
            patterns: walk.patterns,
            automata: walk.automata.values().sum(),
            alternatives: ALTERNATIVES.iter().any(|keyword| walk.seen.contains(keyword)),
        })
    }

    /// Finds the schemas and what references may name, and refuses what would change their meaning underway.
    /// `place` is how long its place is.
    fn find(&mut self, schema: &'a Value, depth: usize, place: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        self.places += place;
        if self.places > MOST_PLACES {
            return Err(format!(
                "the places of its schemas have more than {MOST_PLACES} bytes together: shorten the names"
            ));
        }
        self.schemas.insert(schema);
        let Value::Object(keywords) = schema else { return Ok(()) };
        self.seen.extend(keywords.keys().map(String::as_str));
        for keyword in DYNAMIC.iter().chain(&CONTENT) {
            if keywords.contains_key(*keyword) {
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
        for (keyword, name, inner) in subschemas(keywords) {
            if name.len() > LONGEST_NAME {
                return Err(format!("a name below `{keyword}` is longer than {LONGEST_NAME} bytes"));
            }
            self.find(inner, depth + 1, place + keyword.len() + name.len() + 2)?;
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
        let mut size = self.own(keywords)?;
        for (keyword, _, inner) in subschemas(keywords) {
            let inner = self.size(inner)?;
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

    /// Of a schema without those within it. Words people read cost nothing; lists of names and of values are gone through.
    fn own(&mut self, keywords: &'a Map<String, Value>) -> Result<Size, String> {
        let named = keywords.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let mut automata = 0;
        for pattern in named.map(String::as_str).chain(keywords.get("pattern").and_then(Value::as_str)) {
            self.patterns += 1;
            if self.patterns > MOST_PATTERNS {
                return Err(format!("it has more than {MOST_PATTERNS} patterns"));
            }
            automata += match self.automata.get(pattern) {
                Some(bytes) => *bytes,
                None => *self.automata.entry(pattern).or_insert(automaton(pattern)?),
            };
        }
        let divisor = keywords.get("multipleOf").and_then(Value::as_f64);
        let own = Cost {
            nodes: 1 + keywords.iter().map(|(keyword, value)| plain_weight(keyword, value)).sum::<usize>(),
            automata,
            unique: usize::from(keywords.get("uniqueItems") == Some(&Value::Bool(true))),
            divided: usize::from(divisor.is_some_and(|divisor| divisor.fract() != 0.0)),
        };
        Ok(Size { fits: own, evaluates: own, tells: own, depth: 0 })
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
        // Each has one spelling: what the library decodes further, and a name written in several ways, is not followed.
        let target = target.filter(|_| !within.contains(['%', '~']));
        let target = target.ok_or_else(|| format!("`$ref` {:?} leads nowhere", shown()))?;
        if !self.schemas.contains(&std::ptr::from_ref(target)) {
            return Err(format!("`$ref` {:?} leads to what is no schema", shown()));
        }
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
        Self { fits: one, evaluates: one, tells: one, depth: 1 }
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

/// The values of a keyword, those of the schemas within it left out. What a value is held against is kept, and copied into
/// what is told of it.
fn plain_weight(keyword: &str, value: &Value) -> usize {
    let of_schemas =
        ONE.contains(&keyword) || LIST.contains(&keyword) || NAMED.contains(&keyword) || DEFINITIONS.contains(&keyword);
    match value {
        Value::Array(items) if of_schemas => items.len(),
        // Lists by name, such as those of `dependencies`, are none.
        Value::Object(members) if NAMED.contains(&keyword) => {
            members.len() + members.values().filter(|value| value.is_array()).map(weight).sum::<usize>()
        }
        Value::Object(members) if of_schemas => members.len(),
        Value::Array(_) | Value::Object(_) => weight(value),
        Value::String(text) if keyword == "const" => text.len() / 64,
        _ => 0,
    }
}

/// All values in `value`, and long texts by their length.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| 1 + name.len() / 64 + weight(value)).sum::<usize>()
        }
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

/// The schemas right within a schema, each with the keyword it is there by, and its name there if it has one.
fn subschemas(keywords: &Map<String, Value>) -> impl Iterator<Item = (&str, &str, &Value)> {
    keywords.iter().flat_map(|(keyword, value)| {
        let keyword = keyword.as_str();
        let mut found: Vec<(&str, &str, &Value)> = Vec::new();
        match value {
            Value::Array(items) if LIST.contains(&keyword) => {
                found.extend(items.iter().map(|item| (keyword, "", item)))
            }
            Value::Object(members) if NAMED.contains(&keyword) || DEFINITIONS.contains(&keyword) => {
                found.extend(members.iter().map(|(name, it)| (keyword, name.as_str(), it)));
            }
            Value::Object(_) if ONE.contains(&keyword) => found.push((keyword, "", value)),
            _ => {}
        }
        found
    })
}
