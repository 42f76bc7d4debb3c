//! Recordings: a run of tool calls with everything the host answered them, as a file that runs again against another
//! build. A replay answers the guest from the file alone: it reaches no network, no storage and no clock.
//!
//! What is kept is what the *guest* saw: a recorded call knows nothing of transactions, connections or grants, only
//! which question was answered how. So a niche that is refused something is refused it again, whatever is granted now.
//!
//! What is left out: the values of headers and query parameters that carry credentials by their name
//! ([`secrets`]), in answers also for the guest while it is recorded, so that its result holds none either. Bot tokens
//! in the profile are `provided`, as a niche always sees them, and the credential of a connection is added after what is
//! recorded here and never comes back to it. All else is kept as it was, the customer's data above all: arguments,
//! profile, what was stored, what was sent and what came.

pub(crate) mod bytes;
mod carried;
mod difference;
pub(crate) mod questions;
mod run;
mod secrets;
mod step;
pub(crate) mod tape;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub(crate) use self::bytes::Blob;
pub use self::carried::{SECTION, carried, carry};
pub use self::difference::{Deviation, Difference};
pub(crate) use self::secrets::{header, without_secrets};
pub(crate) use self::step::Said;
use self::step::Step;
use crate::{Answer, CallError, Content, ContractVersion, Digest, Output, PluginError, ToolError};

/// The format of the files that this host writes, and the only one that it reads.
pub const FORMAT: u64 = 1;
/// The most bytes of a recording as a file.
pub const LARGEST: usize = 4 << 20;
/// The most characters of a recording's name.
const NAME: usize = 120;
/// The most characters of a tool's name, which may be that of a tool that is not there.
const TOOL: usize = 64;

/// A run of tool calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`FORMAT`]. The first field of the file, and what tells it from other files.
    #[serde(rename = "openclaw-recording")]
    format: u64,
    /// What it shows, in a few words.
    pub name: String,
    /// The niche's id.
    pub niche: String,
    /// The version that the release called itself.
    pub version: String,
    /// The release that was recorded.
    pub release: Digest,
    /// The version of the contract it spoke.
    pub contract: ContractVersion,
    /// The calls in order.
    pub calls: Vec<RecordedCall>,
}

/// One call of a tool: what it was given, what it asked of the host, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCall {
    /// The tool's name.
    pub tool: String,
    /// The arguments: in the file the JSON itself, or a string of what is none.
    #[serde(with = "arguments")]
    pub arguments: String,
    /// The language of the agent's customer.
    pub locale: String,
    /// The customer's answers, as the niche saw them.
    pub profile: Vec<Answer>,
    /// When it was, in seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
    /// What it asked of the host, in order, with the answers.
    pub(crate) steps: Vec<Step>,
    /// How it ended.
    pub ending: Ending,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// With a result.
    Gave {
        /// For the model.
        content: Vec<Part>,
        /// The same as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        structured: Option<Map<String, Value>>,
    },
    /// The tool said no.
    Refused(ToolError),
    /// The call broke off: a trap, a limit, an answer that is none.
    Broke {
        /// [`PluginError::code`].
        code: String,
        /// The same in words, which are not compared.
        message: String,
    },
}

/// A part of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture.
    Image {
        /// Such as `image/png`.
        media_type: String,
        /// The bytes.
        #[serde(with = "bytes")]
        data: Vec<u8>,
    },
}

/// Why a recording cannot be made, read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// The file is none.
    #[error("this is no recording: {0}")]
    NotARecording(String),
    /// It is one, and cut or damaged.
    #[error("the recording is cut or damaged: {0}")]
    Damaged(String),
    /// It is of another format.
    #[error("the recording has format {0}; this host reads format {FORMAT}")]
    OtherFormat(u64),
    /// It is too large.
    #[error("a recording has {limit} bytes at most, and this {bytes}: record fewer calls at a time", limit = LARGEST)]
    TooLarge {
        /// What it has, as far as that was counted.
        bytes: usize,
    },
    /// It is of another niche.
    #[error("this is a recording of the niche `{of}`, and the component is `{is}`")]
    OtherNiche {
        /// Whose it is.
        of: String,
        /// What the component calls itself.
        is: String,
    },
    /// A component carries more than it may.
    #[error("{0}")]
    CarriesTooMuch(String),
    /// What happened was the moment's fault, not the component's: it would not happen again.
    #[error("the call of `{tool}` cannot be recorded: {error}")]
    Unrepeatable {
        /// The tool.
        tool: String,
        /// What happened.
        error: Box<PluginError>,
    },
}

impl Recording {
    /// Reads a file.
    pub fn parse(file: &[u8]) -> Result<Self, RecordingError> {
        /// What tells a recording from other files.
        #[derive(Deserialize)]
        struct Head {
            #[serde(rename = "openclaw-recording")]
            format: Option<u64>,
        }

        if file.len() > LARGEST {
            return Err(RecordingError::TooLarge { bytes: file.len() });
        }
        let head: Head = serde_json::from_slice(file).map_err(|error| match is_begun(file) {
            true => RecordingError::Damaged(error.to_string()),
            false => RecordingError::NotARecording(format!("it is not JSON with `{MARK}` in it ({error})")),
        })?;
        match head.format {
            None => return Err(RecordingError::NotARecording(format!("it has no `{MARK}`"))),
            Some(FORMAT) => {}
            Some(other) => return Err(RecordingError::OtherFormat(other)),
        }
        let recording: Self =
            serde_json::from_slice(file).map_err(|error| RecordingError::Damaged(error.to_string()))?;
        recording.named()?;
        Ok(recording)
    }

    /// Names are shown to people, in terminals and on pages: none is long or has control characters.
    fn named(&self) -> Result<(), RecordingError> {
        let tools = self.calls.iter().map(|call| ("a tool's name", call.tool.as_str(), TOOL));
        for (what, name, most) in [("its name", self.name.as_str(), NAME)].into_iter().chain(tools) {
            if name.chars().count() > most || name.chars().any(char::is_control) {
                let why = format!("{what} has more than {most} characters, or control characters");
                return Err(RecordingError::NotARecording(why));
            }
        }
        Ok(())
    }

    /// The file: JSON with line breaks, for people to read and compare.
    pub fn to_file(&self) -> Result<Vec<u8>, RecordingError> {
        self.named()?;
        let mut file = serde_json::to_vec_pretty(self).map_err(|error| RecordingError::Damaged(error.to_string()))?;
        file.push(b'\n');
        match file.len() {
            bytes if bytes > LARGEST => Err(RecordingError::TooLarge { bytes }),
            _ => Ok(file),
        }
    }
}

/// The name of the field that tells a recording.
const MARK: &str = "openclaw-recording";

/// Whether `file` begins like a recording, however it ends.
fn is_begun(file: &[u8]) -> bool {
    let begin = &file[..file.len().min(64)];
    begin.trim_ascii_start().starts_with(b"{") && memchr::memmem::find(begin, MARK.as_bytes()).is_some()
}

impl RecordedCall {
    /// How often it asked the host for something.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

impl Ending {
    /// How a call ended, in the words of the file.
    pub(crate) fn of(result: &Result<Output, CallError>) -> Self {
        match result {
            Ok(output) => Self::Gave {
                content: output.content.iter().map(Part::of).collect(),
                structured: output.structured.clone(),
            },
            Err(CallError::Tool(error)) => Self::Refused(error.clone()),
            Err(CallError::Plugin(error)) => Self::Broke { code: error.code().to_owned(), message: error.to_string() },
        }
    }
}

impl Part {
    fn of(content: &Content) -> Self {
        match content {
            Content::Text { text } => Self::Text(text.clone()),
            Content::Image { media_type, data } => Self::Image { media_type: media_type.clone(), data: data.clone() },
        }
    }
}

/// Arguments stand in the file as the JSON they are, to the letter.
mod arguments {
    use serde::{Deserializer, Serializer, de::Error as _};

    use super::{Deserialize, RawValue, Serialize};

    pub(super) fn serialize<S: Serializer>(arguments: &str, serializer: S) -> Result<S::Ok, S::Error> {
        // A string would be read back as the text of it.
        match RawValue::from_string(arguments.to_owned()) {
            Ok(json) if !json.get().starts_with('"') && json.get() == arguments => json.serialize(serializer),
            _ => serializer.serialize_str(arguments),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match json.get().starts_with('"') {
            true => serde_json::from_str(json.get()).map_err(D::Error::custom),
            false => Ok(json.get().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(arguments: &str) -> Recording {
        Recording {
            format: FORMAT,
            name: "a day".into(),
            niche: "some".into(),
            version: "1.0.0".into(),
            release: Digest::of(b""),
            contract: ContractVersion::V0_2,
            calls: vec![RecordedCall {
                tool: "look".into(),
                arguments: arguments.into(),
                locale: "pt".into(),
                profile: vec![],
                now: 1,
                steps: vec![],
                ending: Ending::Gave {
                    content: vec![
                        Part::Text("olá".into()),
                        Part::Image { media_type: "image/png".into(), data: vec![0, 0xff] },
                    ],
                    structured: None,
                },
            }],
        }
    }

    #[test]
    fn a_file_reads_back_to_the_letter() {
        for arguments in [r#"{"b": 1.50, "a":2}"#, "{}", "key", "", "\"a string\"", " {}", "null"] {
            let recording = recording(arguments);
            let file = recording.to_file().unwrap();
            assert_eq!(Recording::parse(&file).unwrap(), recording, "{}", String::from_utf8_lossy(&file));
        }
        let file = String::from_utf8(recording(r#"{"b": 1.50}"#).to_file().unwrap()).unwrap();
        assert!(file.contains(r#""arguments": {"b": 1.50},"#), "{file}");
    }

    #[test]
    fn what_is_none_another_or_cut_is_told_apart() {
        let file = recording("{}").to_file().unwrap();
        for foreign in [&b""[..], b"\0asm", b"{", b"[]", b"{}", br#"{"name": "x"}"#] {
            assert!(matches!(Recording::parse(foreign), Err(RecordingError::NotARecording(_))), "{foreign:?}");
        }
        for length in [60, file.len() / 2, file.len() - 3] {
            assert!(matches!(Recording::parse(&file[..length]), Err(RecordingError::Damaged(_))), "{length}");
        }
        let other = String::from_utf8(file.clone()).unwrap().replace(": 1,\n  \"name", ": 2,\n  \"name");
        assert_eq!(Recording::parse(other.as_bytes()), Err(RecordingError::OtherFormat(2)));
        let more = String::from_utf8(file).unwrap().replace("\"tool\"", "\"more\": 1, \"tool\"");
        assert!(matches!(Recording::parse(more.as_bytes()), Err(RecordingError::Damaged(_))));
        for name in ["x".repeat(NAME + 1), "a\x1b[31m".to_owned()] {
            let recording = Recording { name, ..recording("{}") };
            assert!(matches!(recording.to_file(), Err(RecordingError::NotARecording(_))));
        }
        let large = vec![b' '; LARGEST + 1];
        assert!(matches!(Recording::parse(&large), Err(RecordingError::TooLarge { .. })));
    }
}
