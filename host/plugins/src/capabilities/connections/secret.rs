//! Finds a credential in an answer, as it is and in the ways servers usually write it: percent-encoded, escaped in JSON
//! or HTML, base64, hexadecimal. An answer that holds it is withheld as a whole: nothing is lost that the niche may see,
//! and no cut can be undone.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::yield_now;

use super::request::Response;
use crate::credentials::Credential;

/// Bytes that are looked through before others have a turn: a fraction of a millisecond.
const AT_ONCE: usize = 256 << 10;

/// Shorter values are no secrets: they would be found everywhere.
const SHORTEST: usize = 6;

/// What must not be seen of one credential, in every way it is looked for.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(credential: &Credential) -> Self {
        let values = credential.headers.iter().flat_map(|(_, value)| parts(value.expose_secret()));
        let mut written: Vec<String> = values.flat_map(|value| writings(&value)).collect();
        written.sort_unstable();
        written.dedup();
        Self(written.into_iter().map(SecretString::from).collect())
    }

    /// Whether any of it is anywhere in `response`. Gives others a turn while it looks through a long one.
    pub(super) async fn are_in(&self, response: &Response) -> bool {
        let headers = response.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        for bytes in headers.chain([response.body.as_slice()]) {
            if self.are_within(bytes).await {
                return true;
            }
        }
        false
    }

    async fn are_within(&self, bytes: &[u8]) -> bool {
        if self.are_plainly_within(bytes).await {
            return true;
        }
        let plain = unescaped(bytes).await;
        plain != bytes && self.are_plainly_within(&plain).await
    }

    async fn are_plainly_within(&self, bytes: &[u8]) -> bool {
        for secret in &self.0 {
            let secret = secret.expose_secret().as_bytes();
            // The pieces overlap by what a secret cut in two would need.
            let mut from = 0;
            while from < bytes.len() {
                let to = bytes.len().min(from + AT_ONCE + secret.len());
                if memchr::memmem::find(&bytes[from..to], secret).is_some() {
                    return true;
                }
                from += AT_ONCE;
                if from < bytes.len() {
                    yield_now().await;
                }
            }
        }
        false
    }
}

/// The secrets within a header's value: all of it, what follows the scheme, and of `Basic` name and password.
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    if let Some((scheme, token)) = value.split_once(' ') {
        let token = token.trim();
        parts.push(token.to_owned());
        if scheme.eq_ignore_ascii_case("basic")
            && let Some(pair) = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        {
            parts.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
            parts.push(pair);
        }
    }
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

/// The ways in which `secret` is looked for. In base64 its letters depend on where in a group of three bytes it begins:
/// the letters that it alone decides are looked for, for each of the three.
fn writings(secret: &str) -> Vec<String> {
    let mut writings = vec![secret.to_owned(), hex::encode(secret), hex::encode_upper(secret)];
    for before in 0..3 {
        let bytes = [&b"\0\0"[..before], secret.as_bytes()].concat();
        // Letters that bytes before or after the secret have a part in are left out.
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [&STANDARD, &URL_SAFE] {
            writings.extend(engine.encode(&bytes).get(from..to).map(str::to_owned));
        }
    }
    writings
}

/// `bytes` without the escapes of URLs, JSON and HTML.
async fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at + 1..];
        let (letter, length) = match byte {
            b'%' => number(rest.get(..2), 16).map_or((byte, 0), |letter| (letter, 2)),
            b'\\' => match rest.first() {
                Some(b'u') => number(rest.get(1..5), 16).map_or((byte, 0), |letter| (letter, 5)),
                Some(b'x') => number(rest.get(1..3), 16).map_or((byte, 0), |letter| (letter, 3)),
                Some(escaped @ (b'/' | b'\\' | b'"')) => (*escaped, 1),
                _ => (byte, 0),
            },
            b'&' => reference(rest).unwrap_or((byte, 0)),
            _ => (byte, 0),
        };
        plain.push(letter);
        at += 1 + length;
        if plain.len().is_multiple_of(AT_ONCE) {
            yield_now().await;
        }
    }
    plain
}

/// An HTML character reference: its letter and how many bytes it takes behind the `&`.
fn reference(rest: &[u8]) -> Option<(u8, usize)> {
    let end = rest.iter().take(8).position(|byte| *byte == b';')?;
    let letter = match &rest[..end] {
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"quot" => b'"',
        b"apos" => b'\'',
        [b'#', b'x' | b'X', digits @ ..] => number(Some(digits), 16)?,
        [b'#', digits @ ..] => number(Some(digits), 10)?,
        _ => return None,
    };
    Some((letter, end + 1))
}

/// A letter by its number; a credential has only ASCII.
fn number(digits: Option<&[u8]>, radix: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits?).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, radix).ok().and_then(|number| u8::try_from(number).ok()).filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    fn secrets(header: &str) -> Secrets {
        Secrets::of(&Credential {
            base_url: "https://api.example.com".into(),
            headers: vec![("authorization".into(), header.to_owned().into())],
            hosts: vec![],
        })
    }

    #[test]
    fn a_credential_is_found_however_it_is_written() {
        let secrets = secrets("Bearer s3cr3t/Token+1234");
        for text in [
            "you sent s3cr3t/Token+1234!",
            "Bearer s3cr3t/Token+1234",
            r#"{"token":"s3cr3t\/Token+1234"}"#,
            r#"{"token":"s3cr3t\u002FToken\u002b1234"}"#,
            "token=s3cr3t%2FToken%2b1234&x",
            "<b>s3cr3t&#47;Token&#x2B;1234</b>",
            "%73%33%63%72%33%74%2F%54%6F%6B%65%6E%2B%31%32%33%34",
            &hex::encode("x s3cr3t/Token+1234"),
        ] {
            assert!(block_on(secrets.are_within(text.as_bytes())), "{text}");
        }
        for text in ["", "s3cr3t/Token", "100% of nothing & \\ more", "%zz%", "&#;&#x;&amp"] {
            assert!(!block_on(secrets.are_within(text.as_bytes())), "{text}");
        }
    }

    #[test]
    fn a_credential_is_found_where_pieces_of_a_long_answer_meet() {
        let secrets = secrets("Bearer s3cr3t/Token+1234");
        for written in ["s3cr3t/Token+1234", "s3cr3t%2FToken%2b1234"] {
            for before in (AT_ONCE - 30..AT_ONCE + 2).chain([2 * AT_ONCE - 5]) {
                let text = [&vec![b'x'; before], written.as_bytes(), b"x"].concat();
                assert!(block_on(secrets.are_within(&text)), "{written} behind {before} bytes");
            }
        }
        assert!(!block_on(secrets.are_within(&vec![b'%'; 3 * AT_ONCE])));
    }

    #[test]
    fn a_password_is_found_outside_of_its_pair() {
        let secrets = secrets(&format!("Basic {}", STANDARD.encode("ana:hunter22")));
        for found in ["your password is hunter22", "ana:hunter22"] {
            assert!(block_on(secrets.are_within(found.as_bytes())), "{found}");
        }
        assert!(!block_on(secrets.are_within(b"ana")));
    }

    proptest! {
        #[test]
        fn base64_hides_it_nowhere(before in "[ -~]{0,8}", after in "[ -~]{0,8}", url_safe: bool) {
            let text = format!("{before}s3cr3t/Token+1234{after}");
            let written = if url_safe { URL_SAFE.encode(text) } else { STANDARD.encode(text) };
            prop_assert!(block_on(secrets("Bearer s3cr3t/Token+1234").are_within(written.as_bytes())));
        }

        #[test]
        fn unescaping_takes_any_bytes(bytes: Vec<u8>) {
            prop_assert!(block_on(unescaped(&bytes)).len() <= bytes.len());
        }
    }
}
