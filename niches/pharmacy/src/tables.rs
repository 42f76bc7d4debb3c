//! The tables of `data/`, as constants that `build.rs` made.

use openclaw_niche::{Text, text};

/// How bad an interaction is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Contraindicated,
    Major,
    Moderate,
}

/// A class of substances.
pub(crate) struct Class {
    pub(crate) label: Text,
    /// Numbers of substances, rising.
    pub(crate) members: &'static [u16],
}

/// Each of `a` interacts with each of `b`. Both are numbers of substances, rising.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) a: &'static [u16],
    pub(crate) b: &'static [u16],
    pub(crate) level: Level,
    pub(crate) when: Option<Text>,
    pub(crate) effect: Text,
    pub(crate) management: Text,
    pub(crate) source: Text,
}

/// A name and what it stands for.
pub(crate) struct Name {
    /// See [`spelling::key`](crate::spelling::key); the table is sorted by it.
    pub(crate) key: &'static str,
    /// As people write it.
    pub(crate) written: &'static str,
    pub(crate) target: Target,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Substance(&'static [u16]),
    Brand {
        substances: &'static [u16],
        note: Option<Text>,
    },
    /// A number in [`CLASSES`]: any of its members may be meant.
    Class(usize),
}

/// Which rule on prescriptions holds for a substance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    A1,
    A2,
    A3,
    B1,
    B2,
    C1,
    C2,
    C3,
    C4,
    C5,
    D1,
    Antimicrobial,
    Glp1,
    NoRetention,
    Unsettled,
}

/// What an addendum puts in the place of what a list asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addendum {
    pub(crate) document: Text,
    pub(crate) colour: Text,
    pub(crate) kept: Text,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));
