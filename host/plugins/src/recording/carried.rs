//! Recordings that a component carries: custom sections at its top level, which run with its self-test when it is
//! uploaded.

use super::{LARGEST, Recording, RecordingError};

/// The name of the sections.
pub const SECTION: &str = "openclaw:recording";

/// The most recordings that a component carries.
const MOST: usize = 32;
/// The most calls in all of them.
const MOST_CALLS: usize = 200;
/// The most bytes of all of them.
const MOST_BYTES: usize = 2 * LARGEST;

/// Bytes before the first section: the magic number and the version.
const PREAMBLE: usize = 8;
/// The id of custom sections.
const CUSTOM: u8 = 0;

/// The recordings that `component` carries, in order.
pub fn carried(component: &[u8]) -> Result<Vec<Recording>, RecordingError> {
    let files = sections(component);
    let too_much = |what: String| Err(RecordingError::CarriesTooMuch(what));
    if files.len() > MOST {
        return too_much(format!("the component carries {} recordings; at most {MOST}", files.len()));
    }
    let bytes = files.iter().map(|file| file.len()).sum::<usize>();
    if bytes > MOST_BYTES {
        return too_much(format!("the component carries {bytes} bytes of recordings; at most {MOST_BYTES}"));
    }
    let recordings = files.into_iter().map(Recording::parse).collect::<Result<Vec<_>, _>>()?;
    let calls = recordings.iter().map(|recording| recording.calls.len()).sum::<usize>();
    if calls > MOST_CALLS {
        return too_much(format!("the component carries recordings of {calls} calls; at most {MOST_CALLS}"));
    }
    Ok(recordings)
}

/// `component`, which carries `recording` behind those it carries already.
pub fn carry(component: &[u8], recording: &Recording) -> Result<Vec<u8>, RecordingError> {
    let file = recording.to_file()?;
    let mut carrier = component.to_vec();
    let mut content = Vec::with_capacity(file.len() + SECTION.len() + 1);
    write_number(&mut content, SECTION.len());
    content.extend(SECTION.as_bytes());
    content.extend(file);
    carrier.push(CUSTOM);
    write_number(&mut carrier, content.len());
    carrier.extend(content);
    carried(&carrier)?;
    Ok(carrier)
}

/// The contents of the component's own sections of that name; those of components within it are theirs. Where the bytes
/// are no component it finds nothing: others say so.
fn sections(component: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = component.get(PREAMBLE..).unwrap_or_default();
    while let Some((id, content, after)) = section(rest) {
        if id == CUSTOM
            && let Some((name, content)) = counted(content)
            && name == SECTION.as_bytes()
        {
            found.push(content);
        }
        rest = after;
    }
    found
}

/// The first section: its id and content, and what follows it.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (content, rest) = counted(rest)?;
    Some((*id, content, rest))
}

/// As many bytes as the number before them says, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = read_number(bytes)?;
    rest.split_at_checked(length)
}

/// An unsigned LEB128 of at most 32 bits.
fn read_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(number).ok()? as usize, &bytes[at + 1..]));
        }
    }
    None
}

fn write_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A recording of so many calls whose arguments have so many letters.
    fn recording(calls: usize, letters: usize) -> Recording {
        let call = json!({
            "tool": "sell", "arguments": { "what": "x".repeat(letters) }, "locale": "en", "profile": [], "now": 0,
            "steps": [], "ending": { "gave": { "content": [] } },
        });
        let file = json!({
            "openclaw-recording": 1, "name": "a sale", "niche": "shop", "version": "1.0.0", "release": format!("sha256:{}", "0".repeat(64)),
            "contract": "0.2", "calls": vec![call; calls],
        });
        serde_json::from_value(file).unwrap()
    }

    #[test]
    fn a_component_carries_so_much_and_no_more() {
        let carrying = |recording: &Recording, times: usize| {
            let component = b"\0asm\x0d\0\x01\0".to_vec();
            (0..times).try_fold(component, |carrier, _| carry(&carrier, recording))
        };
        let refused = |recording: &Recording, times: usize| carrying(recording, times).unwrap_err().to_string();
        assert_eq!(carried(&carrying(&recording(1, 0), MOST).unwrap()).unwrap().len(), MOST);
        assert!(refused(&recording(1, 0), MOST + 1).contains("33 recordings; at most 32"));
        carrying(&recording(100, 0), 2).unwrap();
        assert!(refused(&recording(67, 0), 3).contains("201 calls; at most 200"));
        let large = recording(1, LARGEST / 2);
        carrying(&large, 3).unwrap();
        assert!(refused(&large, 4).contains("bytes of recordings; at most"));
    }

    proptest! {
        #[test]
        fn numbers_read_back(number in 0usize..=u32::MAX as usize, more: Vec<u8>) {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            bytes.extend(&more);
            prop_assert_eq!(read_number(&bytes), Some((number, more.as_slice())));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            let begun = [&b"\0asm\x0d\0\x01\0"[..], &bytes].concat();
            let _ = (carried(&bytes), carried(&begun));
        }
    }
}
