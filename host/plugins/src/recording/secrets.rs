//! What is left out of a recording: values that are credentials by the name they stand under.

use std::borrow::Cow;

use super::questions::Header;

/// What stands in place of a value that is left out.
const LEFT_OUT: &str = "(left out)";

/// Parts of a name that tell a credential.
const TELLING: [&str; 11] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "passw",
    "apikey",
    "accesskey",
    "signature",
    "credential",
    "session",
    "bearer",
];
/// Whole names that do.
const NAMES: [&str; 5] = ["key", "sig", "auth", "pwd", "code"];

/// A header as it is kept.
pub(crate) fn header(name: &str, value: &str) -> Header {
    let value = if is_secret(name) { LEFT_OUT } else { value };
    Header { name: name.to_ascii_lowercase(), value: value.to_owned() }
}

/// Whether a value under `name`, of a header or a query parameter, is a credential.
fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.contains(&name.as_str()) || TELLING.iter().any(|part| name.contains(part))
}

/// An address without the credentials in its query.
pub(crate) fn without_secrets(address: &str) -> Cow<'_, str> {
    let Some((path, query)) = address.split_once('?') else { return Cow::Borrowed(address) };
    let (query, fragment) = query.split_once('#').map_or((query, None), |(query, rest)| (query, Some(rest)));
    if !query.split('&').any(|pair| pair.split_once('=').is_some_and(|(name, _)| is_secret(name))) {
        return Cow::Borrowed(address);
    }
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={LEFT_OUT}"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    let fragment = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
    Cow::Owned(format!("{path}?{}{fragment}", query.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_by_their_names() {
        for name in ["Authorization", "set-cookie", "x-api-key", "X-Access-Token", "client_secret", "key", "api_key"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["content-type", "accept", "x-note", "keyword", "etag", "location"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn an_address_keeps_what_is_no_secret() {
        assert_eq!(without_secrets("https://a.test/b?c=d"), "https://a.test/b?c=d");
        assert_eq!(without_secrets("/b?q=1&api_key=abc&x#y"), "/b?q=1&api_key=(left out)&x#y");
    }
}
