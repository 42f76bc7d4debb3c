//! The few pictures, drawn as strokes in the text's colour.

use super::prelude::*;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Arrow,
    Back,
    Check,
    Cross,
    #[cfg(not(target_arch = "wasm32"))]
    Globe,
    #[cfg(not(target_arch = "wasm32"))]
    Link,
    Lock,
    Send,
    #[cfg(not(target_arch = "wasm32"))]
    Store,
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
            #[cfg(not(target_arch = "wasm32"))]
            Self::Globe => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM3.500 12h17M12 3.500c5 5.500 5 11.500 0 17-5-5.500-5-11.500 0-17z"
            }
            #[cfg(not(target_arch = "wasm32"))]
            Self::Link => {
                "M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1"
            }
            Self::Lock => "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
            Self::Send => "M12 19V5M6 11l6-6 6 6",
            #[cfg(not(target_arch = "wasm32"))]
            Self::Store => {
                "M5 6.500c0-3.300 14-3.300 14 0v11c0 3.300-14 3.300-14 0zM5 6.500c0 3.300 14 3.300 14 0M5 12c0 3.300 14 3.300 14 0"
            }
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
