//! What `check_interactions` answers as data.

use openclaw_niche::prelude::*;

use crate::tables::Level;

/// What the lists hold, worst first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// Interactions found, the worst first.
    pub(super) findings: Vec<Found>,
    /// What each known name was taken for.
    pub(super) understood: Vec<Understood>,
    /// Names that are in no table.
    pub(super) unknown: Vec<UnknownName>,
    /// Pairs of known medicines about which the sources say nothing. That does not mean safe.
    pub(super) without_entry: Vec<[String; 2]>,
    /// What this answer is not.
    pub(super) disclaimer: String,
}

/// One interaction.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The strictest severity of its sources.
    pub(super) severity: Severity,
    /// The two as the person wrote them.
    pub(super) medicines: [String; 2],
    /// The substances or classes that interact.
    pub(super) substances: [String; 2],
    /// What each source says.
    pub(super) statements: Vec<Statement>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Must not be combined.
    Contraindicated,
    /// Avoid.
    Major,
    /// Take precautions.
    Moderate,
}

/// What one source says.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Statement {
    /// This source's severity.
    pub(super) severity: Severity,
    /// What may happen.
    pub(super) effect: String,
    /// When it holds, if not always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<String>,
    /// What is to be done.
    pub(super) management: String,
    /// The list, with its year.
    pub(super) source: String,
    /// The row of our tables.
    pub(super) entry: String,
}

/// A known name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Understood {
    /// As the person wrote it.
    pub(super) written: String,
    /// The substances inside; for a class its members.
    pub(super) substances: Vec<String>,
    /// A remark on the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// A name that is in no table.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UnknownName {
    /// As the person wrote it.
    pub(super) written: String,
    /// Names spelt nearly so, to ask about.
    pub(super) did_you_mean: Vec<String>,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Contraindicated => Self::Contraindicated,
            Level::Major => Self::Major,
            Level::Moderate => Self::Moderate,
        }
    }
}

impl Severity {
    /// How people say it.
    pub(super) fn word(self, locale: Locale) -> &'static str {
        let word = match self {
            Self::Contraindicated => text("contraindicada", "contraindicated"),
            Self::Major => text("grave (evitar)", "major (avoid)"),
            Self::Moderate => text("moderada (precaução)", "moderate (precaution)"),
        };
        word.in_(locale)
    }
}
