//! The JSON Schemas of tools: compiled once a release, and held against what goes in and what comes out.
//!
//! A schema is a stranger's program that runs on the host. So nothing is fetched for it, its patterns run in linear
//! time, and its references are unfolded and counted before it is compiled: what checking a value can cost at most is
//! known beforehand.

mod measure;
mod pattern;
mod unfolding;

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::{Map, Value};

use self::measure::measure;
use self::unfolding::{Cost, Unfolding};

/// Largest schema, in bytes of its text.
pub(crate) const LARGEST: usize = 64 << 10;
/// Most JSON values in all schemas of a release together, their references unfolded.
const MOST_NODES_OF_ALL: usize = 64 << 10;
/// Most patterns in all schemas of a release together.
const MOST_PATTERNS: usize = 128;
/// Most bytes of their automata, of which the engine keeps a few forms.
const MOST_AUTOMATA: usize = 1 << 20;
/// Bytes that the engine remembers of how one pattern was matched, in each thread.
const MATCHING_BYTES: usize = 64 << 10;
/// Most steps that checking one value may take, of some ten nanoseconds each.
const MOST_STEPS: usize = 4_000_000;
/// A check of more steps than this does not hold up a thread that others wait for: a millisecond or two.
const QUICK_STEPS: usize = 100_000;
/// Checks of more steps than this tell one shortcoming: the library gathers them all before it gives the first.
const TELLING_STEPS: usize = 20_000;
/// Languages whose schemas are kept.
const LANGUAGES: usize = 8;
/// Shortcomings of a value that are told at once.
const TOLD: usize = 5;
/// Longest telling of one, in characters.
const LONGEST: usize = 300;

/// The schemas of a release's tools, by the tool's name.
pub(crate) type Schemas = HashMap<String, ToolSchemas>;

/// What a tool takes and gives.
#[derive(Debug)]
pub(crate) struct ToolSchemas {
    pub(crate) input: Schema,
    pub(crate) output: Option<Schema>,
}

/// The schemas that are compiled, by language: a niche may list its tools differently in each.
#[derive(Default)]
pub(crate) struct Compiled(RwLock<HashMap<String, Arc<Schemas>>>);

impl Compiled {
    pub(crate) fn get(&self, locale: &str) -> Option<Arc<Schemas>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(locale).cloned()
    }

    pub(crate) fn put(&self, locale: &str, schemas: Schemas) -> Arc<Schemas> {
        let schemas = Arc::new(schemas);
        let mut compiled = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= LANGUAGES {
            compiled.clear();
        }
        compiled.insert(locale.to_owned(), Arc::clone(&schemas));
        schemas
    }
}

/// A schema, ready to check values. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Schema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Value,
    validator: Validator,
    /// To check one value and to say where it falls short.
    cost: Cost,
    /// Whether one shortcoming cannot be told without gathering others.
    alternatives: bool,
}

/// Compiles the schemas of one release within what they may cost together.
pub(crate) struct Compiler {
    nodes_left: usize,
    patterns_left: usize,
    automata_left: usize,
}

impl Compiler {
    pub(crate) fn new() -> Self {
        Self { nodes_left: MOST_NODES_OF_ALL, patterns_left: MOST_PATTERNS, automata_left: MOST_AUTOMATA }
    }

    /// Compiles `schema`, or says in words what is wrong with it.
    pub(crate) fn compile(&mut self, schema: &Map<String, Value>) -> Result<Schema, String> {
        let source = Value::Object(schema.clone());
        let draft = draft(schema)?;
        let unfolded = Unfolding::of(&source)?;
        self.nodes_left = (self.nodes_left.checked_sub(unfolded.size.fits.nodes))
            .ok_or_else(|| format!("the tools' schemas have more than {MOST_NODES_OF_ALL} values together"))?;
        self.patterns_left = (self.patterns_left.checked_sub(unfolded.patterns))
            .ok_or_else(|| format!("the tools' schemas have more than {MOST_PATTERNS} patterns together"))?;
        self.automata_left = (self.automata_left.checked_sub(unfolded.automata))
            .ok_or_else(|| format!("the tools' schemas have patterns of more than {MOST_AUTOMATA} bytes together"))?;
        let validator = jsonschema::options()
            .with_draft(draft)
            .with_retriever(Nowhere)
            .with_pattern_options(PatternOptions::regex().size_limit(pattern::LARGEST).dfa_size_limit(MATCHING_BYTES))
            // A note, as it is in the newest draft: some formats cost more to check than a value's length tells.
            .should_validate_formats(false)
            .build(&source)
            .map_err(|error| {
                let place = place(error.instance_path().as_str());
                format!("at `{place}`: {}", cut(error.to_string()))
            })?;
        let cost = unfolded.size.fits + unfolded.size.tells;
        Ok(Schema(Arc::new(Inner { source, validator, cost, alternatives: unfolded.alternatives })))
    }
}

/// Where schemas are fetched from.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("nothing is fetched or read for a schema, and so not {uri}").into())
    }
}

impl Schema {
    /// Holds `value` against the schema; else says where it falls short, what is wrong there and what is allowed. Adds the
    /// time it took to `spent`.
    pub(crate) async fn check(&self, value: Value, spent: &mut Duration) -> Result<Value, String> {
        let steps = measure(&value).steps(self.0.cost);
        if steps > MOST_STEPS {
            return Err("it is too large for its schema to be checked".into());
        }
        let timed = move |schema: &Self| {
            let began = Instant::now();
            let told = schema.told(&value, steps);
            (told.map(|()| value), began.elapsed())
        };
        let checked = if steps <= QUICK_STEPS {
            timed(self)
        } else {
            let schema = self.clone();
            let checked = tokio::task::spawn_blocking(move || timed(&schema)).await;
            checked.map_err(|_| "it could not be checked".to_owned())?
        };
        *spent += checked.1;
        checked.0
    }

    fn told(&self, value: &Value, steps: usize) -> Result<(), String> {
        if self.0.validator.is_valid(value) {
            return Ok(());
        }
        if steps <= TELLING_STEPS {
            let mut errors = self.0.validator.iter_errors(value);
            let told: Vec<String> = errors.by_ref().take(TOLD).map(|error| self.placed(&error)).collect();
            let more = if errors.next().is_some() { "; and more" } else { "" };
            return Err(format!("{}{more}", told.join("; ")));
        }
        if self.0.alternatives {
            return Err("it does not fit, and is too large for more to be said".into());
        }
        self.0.validator.validate(value).map_err(|error| self.placed(&error))
    }

    /// Where it is wrong, and what.
    fn placed(&self, error: &jsonschema::ValidationError<'_>) -> String {
        format!("at `{}`: {}", place(error.instance_path().as_str()), self.sentence(error))
    }

    /// What is wrong, without repeating the value: the model knows what it sent.
    fn sentence(&self, error: &jsonschema::ValidationError<'_>) -> String {
        use jsonschema::error::ValidationErrorKind as Kind;
        let mut said = error.masked_with("it").to_string();
        if let Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } = error.kind() {
            let path = error.schema_path().as_str();
            let known = path.rsplit_once('/').and_then(|(parent, _)| self.0.source.pointer(parent)?.get("properties"));
            let known = known.and_then(Value::as_object).map(|properties| properties.keys().cloned());
            let known = known.map(|keys| keys.collect::<Vec<_>>().join(", ")).unwrap_or_default();
            if !known.is_empty() {
                let _ = write!(said, "; allowed are: {known}");
            }
        }
        cut(said)
    }
}

/// The place in the value, as a JSON pointer; the value as a whole is `/`.
fn place(pointer: &str) -> String {
    if pointer.is_empty() { "/".into() } else { cut(pointer.to_owned()) }
}

/// The beginning of a text of anyone's.
fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The dialect: the newest unless the schema names another that is known.
fn draft(schema: &Map<String, Value>) -> Result<Draft, String> {
    let named = match schema.get("$schema") {
        None => return Ok(Draft::Draft202012),
        Some(Value::String(named)) => named.trim_end_matches('#'),
        Some(_) => return Err("`$schema` is no text".into()),
    };
    match named {
        "https://json-schema.org/draft/2020-12/schema" => Ok(Draft::Draft202012),
        "https://json-schema.org/draft/2019-09/schema" => Ok(Draft::Draft201909),
        "http://json-schema.org/draft-07/schema" | "https://json-schema.org/draft-07/schema" => Ok(Draft::Draft7),
        other => Err(format!("`$schema` is {:?}; known are drafts 2020-12, 2019-09 and 7", cut(other.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compile(schema: Value) -> Result<Schema, String> {
        let Value::Object(schema) = schema else { panic!("a schema is an object") };
        Compiler::new().compile(&schema)
    }

    /// What is said about `value`; nothing when it fits.
    async fn told(schema: &Value, value: Value) -> String {
        let mut spent = Duration::ZERO;
        let told = compile(schema.clone()).unwrap().check(value, &mut spent).await.err().unwrap_or_default();
        assert!(spent > Duration::ZERO || told.contains("too large"), "the time it takes is counted");
        told
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_with_its_place_and_with_what_is_allowed() {
        let schema = json!({
            "type": "object",
            "properties": {
                "medicines": { "type": "array", "items": { "type": "string" }, "minItems": 2 },
                "unit": { "enum": ["box", "pill"] },
                "batch": { "type": "string", "pattern": "^L\\d+$" },
            },
            "required": ["medicines"],
            "additionalProperties": false,
        });
        assert_eq!(told(&schema, json!({ "medicines": ["a", "b"], "unit": "box", "batch": "L7" })).await, "");
        for (value, expected) in [
            (json!({}), "at `/`: \"medicines\" is a required property"),
            (json!({ "medicines": "a" }), "at `/medicines`: it is not of type \"array\""),
            (json!({ "medicines": ["a", 1] }), "at `/medicines/1`: it is not of type \"string\""),
            (json!({ "medicines": ["a"] }), "at `/medicines`: it has less than 2 items"),
            (json!({ "medicines": ["a", "b"], "unit": "x" }), "at `/unit`: it is not one of \"box\" or \"pill\""),
            (json!({ "medicines": ["a", "b"], "batch": "x" }), "at `/batch`: it does not match \"^L\\d+$\""),
            (
                json!({ "medicines": ["a", "b"], "drug": 1 }),
                "at `/`: Additional properties are not allowed ('drug' was unexpected); allowed are: batch, medicines, unit",
            ),
        ] {
            assert_eq!(told(&schema, value).await, expected);
        }
        let several = told(&schema, json!({ "medicines": [1, 2, 3, 4, 5, 6] })).await;
        assert_eq!(several.matches("is not of type").count(), TOLD, "{several}");
        assert!(several.ends_with("; and more"), "{several}");
        let secret = "s".repeat(10_000);
        assert!(!told(&schema, json!({ "medicines": secret })).await.contains("sss"), "the value is not repeated");
    }

    #[test]
    fn what_authors_write_compiles() {
        for schema in [
            json!({ "type": "object", "properties": { "a": { "items": { "enum": (0..7_000).collect::<Vec<_>>() } } } }),
            json!({ "type": "object" }),
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "https://example.com/tool",
                "type": "object",
                "$defs": { "address": { "$anchor": "address", "type": "object", "properties": { "$ref": { "const": "$ref" } } } },
                "properties": { "a": { "$ref": "#/$defs/address" }, "b": { "$ref": "#address" } },
                "allOf": [{ "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] }],
                "if": { "properties": { "a": { "const": { "$ref": "https://example.com" } } } },
                "then": { "required": ["b"] },
                "else": true,
            }),
            json!({
                "$schema": "http://json-schema.org/draft-07/schema#",
                "type": "object",
                "definitions": { "x": { "type": "string", "format": "date" } },
                "properties": { "x": { "$ref": "#/definitions/x" } },
            }),
        ] {
            compile(schema).unwrap();
        }
    }

    #[test]
    fn a_schema_that_would_cost_the_host_something_is_refused_in_words() {
        let mut deep = json!({ "type": "string" });
        for _ in 0..60 {
            deep = json!({ "type": "object", "properties": { "a": deep } });
        }
        // Each level refers to the next twice: 2^16 schemas once unfolded.
        let mut doubling: Map<String, Value> = (0..16)
            .map(|n| {
                let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
                (format!("d{n}"), json!({ "allOf": [next, next] }))
            })
            .collect();
        doubling.insert("d16".into(), json!({ "type": "string" }));
        // A line of references, one frame each.
        let mut line: Map<String, Value> =
            (0..2_000).map(|n| (format!("d{n}"), json!({ "$ref": format!("#/$defs/d{}", n + 1) }))).collect();
        line.insert("d2000".into(), json!({ "type": "string" }));
        // Each level is checked again for the one above it: 2.6^45 checks.
        let mut again = json!({ "type": "object" });
        for _ in 0..45 {
            again = json!({ "allOf": [again], "unevaluatedProperties": {} });
        }
        let mut items = json!({ "type": "array" });
        for level in 0..20 {
            items = json!({ "if": items, "then": {}, "$defs": { format!("d{level}"): {} }, "unevaluatedItems": {} });
        }
        let mut referred: Map<String, Value> = (0..20)
            .map(|n| {
                let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
                (format!("d{n}"), json!({ "anyOf": [next], "unevaluatedProperties": false }))
            })
            .collect();
        referred.insert("d20".into(), json!({ "properties": { "a": {} } }));
        let patterns: Vec<Value> = (0..200).map(|n| json!({ "pattern": format!("^{n}$") })).collect();
        for (schema, expected) in [
            (json!({ "type": "thing" }), "at `/type`"),
            (json!({ "properties": 1 }), "at `/properties`"),
            (json!({ "$ref": "https://example.com/schema.json" }), "leads out of the schema"),
            (json!({ "$ref": "file:///etc/passwd" }), "leads out of the schema"),
            (json!({ "properties": { "a": { "$ref": "other.json" } } }), "leads out of the schema"),
            (json!({ "$ref": "#/$defs/none" }), "leads nowhere"),
            (json!({ "$ref": 1 }), "is no text"),
            (json!({ "$ref": "#" }), "comes back to itself"),
            (json!({ "properties": { "child": { "$ref": "#" } } }), "comes back to itself"),
            (
                json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
                "comes back to itself",
            ),
            (
                json!({ "$defs": { "a": { "$anchor": "a", "items": { "$ref": "#a" } } }, "$ref": "#/$defs/a" }),
                "comes back to itself",
            ),
            (json!({ "$dynamicRef": "#a" }), "`$dynamicRef` is not supported"),
            (json!({ "$defs": { "a": { "$dynamicAnchor": "a" } } }), "`$dynamicAnchor` is not supported"),
            (json!({ "contentMediaType": "application/json" }), "`contentMediaType` is not supported"),
            // The library reads the first as `$defs`, and would find itself in there.
            (
                json!({ "%24defs": { "a": {} }, "$defs": { "a": { "items": { "$ref": "#/%24defs/a" } } }, "$ref": "#/%24defs/a" }),
                "leads nowhere",
            ),
            (json!({ "x": { "items": { "$dynamicRef": "#" } }, "$ref": "#/x" }), "leads to what is no schema"),
            (json!({ "const": { "a": { "$ref": "#/const" } }, "$ref": "#/const/a" }), "leads to what is no schema"),
            (
                json!({ "patternProperties": { "^(a|a)*b++$": {} }, "unevaluatedProperties": false }),
                "in one schema are not supported",
            ),
            (
                json!({ "items": { "dependentRequired": { "a": (0..9_000).map(|n| n.to_string()).collect::<Vec<_>>() } } }),
                "more than 8192 values",
            ),
            (
                json!({ "anyOf": (0..20).map(|n| json!({ "pattern": format!("x{n}[01]{{5000}}") })).collect::<Vec<_>>() }),
                "patterns of more than",
            ),
            (json!({ "properties": { "a": { "$id": "https://example.com/" } } }), "at the top alone"),
            (json!({ "$schema": "https://example.com/dialect" }), "known are drafts"),
            (deep, "nested deeper"),
            (json!({ "$ref": "#/$defs/d0", "$defs": doubling }), "more than 8192 values"),
            (json!({ "$ref": "#/$defs/d0", "$defs": line }), "nested deeper"),
            (again, "counted again for each"),
            (items, "counted again for each"),
            (json!({ "$ref": "#/$defs/d0", "$defs": referred }), "counted again for each"),
            (json!({ "enum": (0..9_000).collect::<Vec<_>>() }), "more than 8192 values"),
            (json!({ "anyOf": patterns }), "more than 128 patterns"),
            (json!({ "pattern": "(" }), "regex"),
            (json!({ "pattern": "^(?!a)b$" }), "regex"),
            (json!({ "pattern": "(((((x{99}){99}){99}){99}){99})" }), "regex"),
        ] {
            let why = compile(schema.clone()).unwrap_err();
            assert!(why.contains(expected), "{why}: {schema}");
            assert!(why.chars().count() < 600, "{why}");
        }
    }

    /// Lists that a hash by parts cannot tell from each other: the same leaves in other brackets.
    fn bracketings(leaves: usize) -> Vec<Value> {
        if leaves == 1 {
            return vec![json!(0)];
        }
        let mut found = vec![];
        for left in 1..leaves {
            for a in bracketings(left) {
                found.extend(bracketings(leaves - left).into_iter().map(|b| json!([a, b])));
            }
        }
        found
    }

    #[tokio::test]
    async fn no_pattern_and_no_value_takes_long_to_check() {
        let catastrophic = json!({ "type": "object", "properties": { "a": { "pattern": "^(a+)+$" } } });
        let began = Instant::now();
        let text = format!("{}b", "a".repeat(200_000));
        assert!(told(&catastrophic, json!({ "a": text })).await.contains("does not match"));
        let rules: Vec<Value> = (0..1_000).map(|n| json!({ "not": { "const": n } })).collect();
        let costly = json!({ "type": "object", "additionalProperties": { "items": { "allOf": rules } } });
        let value = json!({ "a": vec![-1; 100_000] });
        assert!(told(&costly, value).await.contains("too large for its schema"));
        // Each byte of the text may visit all of the pattern's thousand states.
        let wide = json!({ "type": "object", "properties": { "a": { "pattern": "^[01]*1[01]{1000}$" } } });
        assert!(told(&wide, json!({ "a": "01".repeat(100_000) })).await.contains("too large for its schema"));
        let unique = json!({ "type": "object", "properties": { "a": { "uniqueItems": true } } });
        assert!(told(&unique, json!({ "a": bracketings(11) })).await.contains("too large for its schema"));
        let divided = json!({ "type": "object", "additionalProperties": { "items": { "multipleOf": 1e-300 } } });
        assert!(told(&divided, json!({ "a": vec![0.1; 10_000] })).await.contains("too large for its schema"));
        assert_eq!(told(&unique, json!({ "a": (0..1_000).collect::<Vec<_>>() })).await, "");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn of_a_large_value_one_shortcoming_is_told_or_none() {
        let items = json!({ "type": "object", "properties": { "a": { "items": { "type": "string" } } } });
        let many = json!({ "a": vec![1; 100_000] });
        assert_eq!(told(&items, many.clone()).await, "at `/a/0`: it is not of type \"string\"");
        let either =
            json!({ "type": "object", "properties": { "a": { "anyOf": [{ "items": { "type": "string" } }] } } });
        assert!(told(&either, many).await.contains("too large for more to be said"));
    }

    #[test]
    fn the_schemas_of_a_release_share_what_they_may_cost() {
        let mut compiler = Compiler::new();
        let schema = json!({ "enum": (0..7_000).collect::<Vec<_>>() });
        let compiled = (0..20).map(|_| compiler.compile(schema.as_object().unwrap()));
        assert!(compiled.last().unwrap().unwrap_err().contains("together"));
    }
}
