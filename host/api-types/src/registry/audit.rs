//! Who did what, and why.

use super::*;

/// A row of the audit trail. Rows are never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRow {
    /// Its number; later rows have greater ones. `?before=` takes it.
    pub id: i64,
    /// When.
    pub at: String,
    /// Who: `admin`, a name, `rule` for an approval by rule, `platform` for what the platform did by itself.
    pub who: String,
    /// What was done: `upload`, `approve`, `reject`, `retire`, `roll-out`, `share`, `complete`, `roll-back`, `cancel`,
    /// `register-publisher`, `revoke-publisher`, `settings`. Others may come.
    pub action: String,
    /// The niche, when it is about one.
    pub niche: Option<String>,
    /// The release, when it is about one.
    pub release: Option<ReleaseName>,
    /// Why, in words.
    pub reason: Option<String>,
    /// More about it as JSON, such as `{"share": 10, "agents": 3}`: for those who look closely.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: serde_json::Value,
}
