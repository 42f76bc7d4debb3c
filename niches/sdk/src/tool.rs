//! A tool is the struct of its arguments: its doc comment is the description, its fields are the schema.

use std::any::TypeId;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::bindings::types as wit;
use crate::{Locale, Profile, ToolError};

/// Something the agent can do.
pub trait Tool: DeserializeOwned + JsonSchema {
    /// Its name for the model: lower-case letters, digits and underscores.
    const NAME: &'static str;

    /// What calling it does to the customer's data.
    const EFFECT: Effect;

    /// Whether it reaches beyond the customer's own data, such as over HTTP.
    const OPEN_WORLD: bool = false;

    /// The result as data: a struct, or `()` for text alone.
    type Data: Serialize + JsonSchema + 'static;

    /// What it is called in `locale`. What is left empty is taken from the name and the doc comments.
    fn wording(_locale: Locale) -> Wording {
        Wording::default()
    }

    /// Does it. Every call runs in a fresh sandbox: nothing but storage outlives it.
    fn call(self, context: &Context) -> Result<Answer<Self::Data>, ToolError>;
}

/// What calling a tool does to the customer's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// Adds to it; calling again adds again.
    Adds,
    /// Sets it; calling again with the same arguments changes nothing more.
    Sets,
    /// May overwrite or take away, each time it is called.
    Takes,
}

/// A tool in one language.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wording {
    /// Its name for people.
    pub title: &'static str,
    /// What it does and when to use it, for the model.
    pub description: &'static str,
    /// Descriptions of arguments by name, for the model.
    pub arguments: &'static [(&'static str, &'static str)],
    /// Names of arguments for people, by name: what a tool's card shows.
    pub labels: &'static [(&'static str, &'static str)],
}

/// What a tool found or did.
#[derive(Debug, Clone)]
pub struct Answer<D = ()> {
    /// For the model.
    pub text: String,
    /// The same as data.
    pub data: D,
}

impl Answer {
    /// Text without data.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), data: () }
    }
}

/// Who calls, and when.
#[derive(Debug, Clone)]
pub struct Context {
    /// The language of the agent's customer.
    pub locale: Locale,
    /// The customer's answers.
    pub profile: Profile,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
}

impl From<wit::CallContext> for Context {
    fn from(context: wit::CallContext) -> Self {
        Self { locale: Locale::of(&context.locale), profile: context.profile.into(), now: context.now }
    }
}

/// The tool as the contract lists it.
pub fn listing<T: Tool>(locale: Locale) -> wit::Tool {
    let wording = T::wording(locale);
    let mut schema = schema::<T>();
    let documented = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(object) = schema.as_object_mut() {
        object.remove("description");
    }
    for (key, words) in [("description", wording.arguments), ("title", wording.labels)] {
        for (name, text) in words {
            if let Some(Value::Object(property)) = schema.get_mut("properties").and_then(|all| all.get_mut(*name)) {
                property.insert(key.to_owned(), Value::from(*text));
            }
        }
    }
    let or = |given: &str, otherwise: String| {
        if given.is_empty() { otherwise } else { given.to_owned() }
    };
    wit::Tool {
        name: T::NAME.to_owned(),
        title: or(wording.title, T::NAME.replace('_', " ")),
        description: or(wording.description, documented),
        input_schema: schema.to_string(),
        output_schema: has_data::<T>().then(|| self::schema::<T::Data>().to_string()),
        read_only: T::EFFECT == Effect::Reads,
        destructive: T::EFFECT == Effect::Takes,
        idempotent: matches!(T::EFFECT, Effect::Reads | Effect::Sets),
        open_world: T::OPEN_WORLD,
    }
}

/// Calls the tool with arguments as JSON.
pub fn run<T: Tool>(arguments: &str, context: &Context) -> Result<wit::Output, ToolError> {
    let tool: T = serde_json::from_str(arguments)
        .map_err(|error| ToolError::InvalidArguments(format!("{}: {error}", T::NAME)))?;
    let answer = tool.call(context)?;
    let structured = if has_data::<T>() {
        Some(serde_json::to_string(&answer.data).map_err(|error| ToolError::Other(error.to_string()))?)
    } else {
        None
    };
    Ok(wit::Output { content: vec![wit::Content::Text(answer.text)], structured })
}

fn has_data<T: Tool>() -> bool {
    TypeId::of::<T::Data>() != TypeId::of::<()>()
}

/// The schema without references, as small models read it best.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        unwrap_descriptions(object);
        object.remove("$schema");
        object.remove("title");
        // A tool without arguments still takes an object.
        object.entry("type").or_insert_with(|| Value::from("object"));
    }
    schema
}

/// Joins the lines of doc comments: where a source line ends means nothing to a reader. Paragraphs stay.
fn unwrap_descriptions(object: &mut Map<String, Value>) {
    for (name, value) in object {
        match value {
            Value::String(said) if name == "description" => {
                let paragraphs: Vec<String> = said.split("\n\n").map(|p| p.replace('\n', " ")).collect();
                *said = paragraphs.join("\n\n");
            }
            Value::Object(inner) => unwrap_descriptions(inner),
            Value::Array(items) => {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(unwrap_descriptions);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Adds two numbers.
    #[derive(Deserialize, JsonSchema)]
    struct AddUp {
        /// The
        /// first.
        left: i64,
        /// The second.
        right: i64,
    }

    #[derive(Serialize, JsonSchema)]
    struct Sum {
        sum: i64,
    }

    impl Tool for AddUp {
        const NAME: &'static str = "add_up";
        const EFFECT: Effect = Effect::Reads;
        type Data = Sum;

        fn wording(locale: Locale) -> Wording {
            match locale {
                Locale::En => Wording::default(),
                Locale::Pt => Wording {
                    title: "Somar",
                    description: "Soma dois números.",
                    arguments: &[("left", "O primeiro.")],
                    labels: &[("left", "Primeiro")],
                },
            }
        }

        fn call(self, _: &Context) -> Result<Answer<Sum>, ToolError> {
            let sum = self.left.checked_add(self.right).ok_or(ToolError::Refused("too large".into()))?;
            Ok(Answer { text: sum.to_string(), data: Sum { sum } })
        }
    }

    fn context() -> Context {
        Context { locale: Locale::En, profile: Profile::default(), now: 0 }
    }

    #[test]
    fn doc_comments_describe_a_tool_unless_a_language_says_otherwise() {
        let english = listing::<AddUp>(Locale::En);
        assert_eq!((english.title.as_str(), english.description.as_str()), ("add up", "Adds two numbers."));
        assert!(english.input_schema.contains("The first."));
        assert!(english.read_only && english.idempotent && !english.destructive);

        let portuguese = listing::<AddUp>(Locale::Pt);
        assert_eq!((portuguese.title.as_str(), portuguese.description.as_str()), ("Somar", "Soma dois números."));
        let schema: Value = serde_json::from_str(&portuguese.input_schema).unwrap();
        assert_eq!(schema["properties"]["left"]["description"], "O primeiro.");
        assert_eq!(schema["properties"]["right"]["description"], "The second.");
        assert_eq!(schema["required"], serde_json::json!(["left", "right"]));
    }

    #[test]
    fn a_call_gives_text_and_data_or_says_what_was_wrong_with_its_arguments() {
        let output = run::<AddUp>(r#"{"left":2,"right":3}"#, &context()).unwrap();
        assert_eq!(output.structured.as_deref(), Some(r#"{"sum":5}"#));

        let wrong = run::<AddUp>(r#"{"left":2}"#, &context()).unwrap_err();
        assert!(matches!(wrong, ToolError::InvalidArguments(reason) if reason.contains("right")));
    }
}
