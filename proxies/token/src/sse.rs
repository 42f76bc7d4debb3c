//! Server-sent events: cut from bytes as they come, passed on as they were.

/// Longest event that is taken, in bytes.
const EVENT_LIMIT: usize = 1 << 20;

/// An event, with the blank line that ends it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event(String);

impl Event {
    /// As it came.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// Its `data` lines together; none if it is a comment.
    pub(crate) fn data(&self) -> Option<String> {
        let lines: Vec<_> =
            self.0.lines().filter_map(|l| l.strip_prefix("data:")).map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// An event is longer than any provider's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Bytes in, events out.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
    /// Where the line that is not complete yet begins.
    line: usize,
}

impl Reader {
    /// The events that `bytes` complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        let mut from = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        while let Some(end) = self.buffer[from..].iter().position(|b| *b == b'\n').map(|i| from + i + 1) {
            let blank = matches!(&self.buffer[self.line..end], b"\n" | b"\r\n");
            (self.line, from) = (end, end);
            if blank {
                let event: Vec<u8> = self.buffer.drain(..end).collect();
                (self.line, from) = (0, 0);
                if event.iter().any(|b| !b.is_ascii_whitespace()) {
                    events.push(Event(String::from_utf8_lossy(&event).into_owned()));
                }
            }
        }
        if self.buffer.len() > EVENT_LIMIT { Err(TooLong) } else { Ok(events) }
    }

    /// What was left when the bytes ended, if that is an event.
    pub(crate) fn rest(&mut self) -> Option<Event> {
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).trim().to_owned();
        self.line = 0;
        rest.starts_with("data:").then(|| Event(rest + "\n\n"))
    }
}

/// `data` as an event.
pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let stream = "data: {\"a\":\"ã\"}\n\n: keep alive\n\ndata: 1\r\ndata: 2\r\n\r\ndata: [DONE]\n\n";
        for size in 1..stream.len() {
            let mut reader = Reader::default();
            let events: Vec<Event> = stream.as_bytes().chunks(size).flat_map(|c| reader.push(c).unwrap()).collect();
            let data: Vec<_> = events.iter().map(|e| e.data()).collect();
            assert_eq!(data, [Some("{\"a\":\"ã\"}".into()), None, Some("1\n2".into()), Some("[DONE]".into())]);
            assert_eq!(events.into_iter().map(Event::into_text).collect::<String>(), stream);
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut reader = Reader::default();
        assert_eq!(reader.push(&vec![b'x'; EVENT_LIMIT + 1]), Err(TooLong));
    }

    #[test]
    fn a_last_event_without_its_blank_line_is_not_lost() {
        let mut reader = Reader::default();
        assert!(reader.push(b"data: [DONE]").unwrap().is_empty());
        assert_eq!(reader.rest().and_then(|e| e.data()).as_deref(), Some("[DONE]"));
    }
}
