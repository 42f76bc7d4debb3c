//! The parameters of a call: from the query, a form or JSON, as Telegram takes them.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::answer::ApiError;

/// A call's parameters by name. Values from a query or a form are texts, which may hold JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    /// Those of `query` and `body`; what the body names goes before the query.
    pub(crate) fn read(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let mut params = Map::new();
        let mut pairs = |text: &[u8]| {
            for (name, value) in url::form_urlencoded::parse(text) {
                params.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        };
        pairs(query.unwrap_or_default().as_bytes());
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            _ if body.is_empty() => {}
            "application/x-www-form-urlencoded" => pairs(body),
            "multipart/form-data" => return Err(ApiError::bad("files are not relayed")),
            _ => match serde_json::from_slice(body) {
                Ok(Value::Object(fields)) => params.extend(fields),
                _ => return Err(ApiError::bad("can't parse parameters JSON object")),
            },
        }
        params.retain(|_, value| !value.is_null());
        Ok(Self(params))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.into(), value);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }

    /// An array or object, also when it came as a text of JSON.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        match self.0.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        }
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, header::HeaderValue::from_static(kind))])
    }

    #[test]
    fn the_same_call_reads_the_same_from_query_form_and_json() {
        let form = b"chat_id=-12&text=ol%C3%A1+a&allowed_updates=%5B%22message%22%5D&x=true";
        let json = r#"{"chat_id":-12,"text":"olá a","allowed_updates":["message"],"x":true,"y":null}"#;
        let ways = [
            Params::read(std::str::from_utf8(form).ok(), &HeaderMap::new(), b""),
            Params::read(None, &headers("application/x-www-form-urlencoded"), form),
            Params::read(None, &headers("application/json; charset=utf-8"), json.as_bytes()),
        ];
        for params in ways.map(Result::unwrap) {
            assert_eq!(params.integer("chat_id"), Some(-12));
            assert_eq!(params.text("text"), Some("olá a"));
            assert_eq!(params.json("allowed_updates"), Some(serde_json::json!(["message"])));
            assert!(params.flag("x") && !params.flag("z") && !params.has("y"));
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert_eq!(Params::read(None, &headers("application/json"), b"[1]").unwrap_err().code, 400);
    }
}
