//! The body of a request as one of the API's types. What is wrong with it names the field.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::{HeaderMap, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::ApiError;

/// Largest body of a route that takes JSON, in bytes.
pub(crate) const LARGEST_JSON: usize = 64 << 10;

/// A JSON body, with no field that the type does not know.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + Serialize, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::NotSaidToBeJson);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|e| too_large(&e, LARGEST_JSON))?;
        parse(&bytes).map(Self)
    }
}

/// Whether the body is said to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// What became of reading a body that may have `limit` bytes.
pub(crate) fn too_large(rejection: &BytesRejection, limit: usize) -> ApiError {
    match rejection {
        BytesRejection::FailedToBufferBody(e) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::TooLarge(limit)
        }
        other => ApiError::NotJson(other.body_text()),
    }
}

fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, ApiError> {
    let given: Value = serde_json::from_slice(bytes).map_err(|error| ApiError::NotJson(error.to_string()))?;
    let parsed: T = serde_path_to_error::deserialize(&given).map_err(|error| wrong(&error))?;
    let known = serde_json::to_value(&parsed).map_err(|error| ApiError::NotJson(error.to_string()))?;
    match unknown(&given, &known) {
        Some(field) => {
            let detail = format!("the field {field} is not known here: is it misspelt?");
            Err(ApiError::field("unknown-field", field, detail))
        }
        None => Ok(parsed),
    }
}

fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let (path, why) = (error.path().to_string(), error.inner().to_string());
    if let Some(name) = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return ApiError::field("missing-field", field.clone(), format!("the field {field} is missing"));
    }
    ApiError::field("invalid-field", path, why)
}

/// The first field of `given` that the type did not take over. Every type of a request writes all its fields.
fn unknown(given: &Value, known: &Value) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(name, value)| match known.get(name) {
            None => Some(name.clone()),
            Some(inner) => unknown(value, inner).map(|field| format!("{name}.{field}")),
        }),
        (Value::Array(given), Value::Array(known)) => given
            .iter()
            .zip(known)
            .enumerate()
            .find_map(|(i, (given, known))| unknown(given, known).map(|field| format!("[{i}].{field}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use openclaw_api_types::Provision;

    use super::*;

    fn blamed(json: &str) -> (&'static str, String) {
        match parse::<Provision>(json.as_bytes()).unwrap_err() {
            ApiError::Field { code, field, .. } => (code, field),
            ApiError::NotJson(_) => ("invalid-json", String::new()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_names_the_field() {
        assert_eq!(blamed("{"), ("invalid-json", String::new()));
        assert_eq!(blamed(r#"{"customer_email":"a@b.c","niche":"x"}"#), ("missing-field", "tier".into()));
        assert_eq!(blamed(r#"{"customer_email":"a@b.c","tier":1,"niche":"x"}"#), ("invalid-field", "tier".into()));
        assert_eq!(
            blamed(r#"{"customer_email":"a@b.c","tier":"pro","niche":"x","nich":"y"}"#),
            ("unknown-field", "nich".into())
        );
        assert_eq!(
            blamed(r#"{"customer_email":"a@b.c","tier":"pro","niche":"x","profile":[{"question":"q"}]}"#),
            ("missing-field", "profile[0].value".into())
        );
    }
}
