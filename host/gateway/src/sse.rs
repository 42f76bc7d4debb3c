//! Server-sent events, as much of them as OpenAI's streams use: `data:` lines.

/// A line longer than this is no event of an LLM.
const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// Takes bytes as they come and gives whole `data:` payloads.
#[derive(Default)]
pub(crate) struct Events {
    rest: Vec<u8>,
}

/// The stream is not server-sent events.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Events {
    /// The payloads that `bytes` completes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Malformed> {
        self.rest.extend_from_slice(bytes);
        let mut payloads = Vec::new();
        let mut start = 0;
        while let Some(length) = self.rest[start..].iter().position(|byte| *byte == b'\n') {
            let line = &self.rest[start..start + length];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(data) = line.strip_prefix(b"data:") {
                let text = std::str::from_utf8(data).map_err(|_| Malformed)?;
                payloads.push(text.trim().to_owned());
            }
            start += length + 1;
        }
        self.rest.drain(..start);
        if self.rest.len() > LONGEST_LINE { Err(Malformed) } else { Ok(payloads) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_cut_anywhere_come_out_whole() {
        let stream = ": hello\r\ndata: {\"é\":1}\r\n\r\nevent: x\ndata:[DONE]\n\n".as_bytes();
        for cut in 0..stream.len() {
            let mut events = Events::default();
            let mut got = events.push(&stream[..cut]).unwrap();
            got.extend(events.push(&stream[cut..]).unwrap());
            assert_eq!(got, ["{\"é\":1}", "[DONE]"], "cut at {cut}");
        }
    }
}
