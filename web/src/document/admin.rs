//! What an admin's pages show. The server alone renders them: nothing of this is sent to a browser.

use openclaw_api_types::{
    AgentRow, AuditRow, CustomerRow, JobView, Problem, Publisher, RegistryNiche, RegistryNichePage, RegistrySettings,
    ReleasePage, ReleaseSummary, RollOutFigures,
};

/// An admin's page.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is named for its address and documented at its type")]
pub enum AdminPage {
    SignIn(AdminSignInPage),
    Customers(Vec<CustomerRow>),
    Agents(Vec<AgentRow>),
    Jobs(Vec<JobView>),
    Registry(RegistryHome),
    Niche(Box<RegistryNichePage>),
    Release(Box<AdminRelease>),
    Publishers(PublishersPage),
    Revoke(RevokePage),
    Audit(AuditPage),
}

/// The admin's token is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminSignInPage {
    /// Whether one was given and refused.
    pub refused: bool,
}

/// What came of the step that led to a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// There was none.
    #[default]
    None,
    /// It was done: its name, such as `approve`.
    Done(String),
    /// It was refused.
    Refused(Box<Refused>),
}

/// A step that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Its name.
    pub step: String,
    /// Why.
    pub problem: Problem,
    /// What was typed, by field, so that nobody types it twice.
    pub typed: Vec<(String, String)>,
}

/// The registry's first page.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryHome {
    /// By id.
    pub niches: Vec<RegistryNiche>,
    /// The releases that wait for an admin, the newest first.
    pub pending: Vec<ReleaseSummary>,
    /// What is decided without one.
    pub settings: RegistrySettings,
    /// What came of the step before.
    pub outcome: Outcome,
}

/// A release with what stands around it.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRelease {
    /// It.
    pub page: ReleasePage,
    /// Its niche.
    pub niche: RegistryNiche,
    /// The figures of its roll-out, when it had one.
    pub figures: Option<RollOutFigures>,
    /// What was done with it, the newest first.
    pub audit: Vec<AuditRow>,
    /// What came of the step before.
    pub outcome: Outcome,
}

/// The publishers.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishersPage {
    /// By name.
    pub publishers: Vec<Publisher>,
    /// What came of the step before.
    pub outcome: Outcome,
}

/// Asks before a publisher is revoked, which cannot be undone.
#[derive(Debug, Clone, PartialEq)]
pub struct RevokePage {
    /// Whose signatures are to count no more.
    pub publisher: Publisher,
    /// What came of trying.
    pub outcome: Outcome,
}

/// The audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// A page of it, the newest first.
    pub rows: Vec<AuditRow>,
    /// The niche that it is about; all without one.
    pub niche: Option<String>,
    /// The niches to choose from.
    pub niches: Vec<RegistryNiche>,
    /// Where the next page begins, if there may be one.
    pub older: Option<i64>,
    /// Whether this is the first page.
    pub newest: bool,
}
