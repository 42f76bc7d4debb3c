//! The few pictures, drawn as strokes in the text's colour.

use super::prelude::*;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Arrow,
    Back,
    Check,
    Cross,
    Lock,
    Send,
    Theme,
    Tool,
    Warning,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Arrow => "M5 12h14M13 6l6 6-6 6",
            Self::Back => "M19 12H5M11 6l-6 6 6 6",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Lock => "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
            Self::Send => "M12 19V5M6 11l6-6 6 6",
            Self::Theme => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M15 5.5v13M18 8v8",
            Self::Tool => {
                "M14.5 6.5a4 4 0 0 0-5.2 5.2L4 17v3h3l5.300-5.300a4 4 0 0 0 5.200-5.200l-2.600 2.600-2.400-.6-.6-2.400z"
            }
            Self::Warning => "M12 4l9 16H3zM12 10v4.500M12 17.200v.1",
        }
    }
}

/// Draws one. It says nothing by itself: what it means stands beside it.
pub(crate) fn icon(icon: Icon) -> View {
    svg()
        .class("icon")
        .attr("viewBox", "0 0 24 24")
        .attr("aria-hidden", "true")
        .children(path().attr("d", icon.path()))
        .into()
}
