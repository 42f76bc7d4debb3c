//! A niche's accent colour as the class of whatever shows it.
//!
//! An accent comes from a component, so it is checked to be a colour at all before it gets near a style sheet.

/// The class of whatever shows the accent; its rule is in the page's head.
pub(crate) fn class(accent: &str) -> String {
    match parse(accent) {
        Some([r, g, b]) => format!("accent accent-{r:02x}{g:02x}{b:02x}"),
        None => "accent".to_owned(),
    }
}

/// Red, green and blue of `#rrggbb`.
pub(crate) fn parse(accent: &str) -> Option<[u8; 3]> {
    let digits = accent.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}
