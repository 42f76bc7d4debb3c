//! The registry of niches: releases and what they ask, approvals, roll-outs, publishers, the audit trail. All behind
//! the admin token.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `GET /v1/admin/registry` | | [`List`] of [`RegistryNiche`], by id |
//! | `GET /v1/admin/registry/{niche}` | | [`RegistryNichePage`] |
//! | `GET /v1/admin/releases` | | [`List`] of [`ReleaseSummary`], the newest first; `?niche=` for one niche's |
//! | `POST /v1/admin/releases` | the component (`application/wasm`) or [`PullRelease`] (`application/json`) | [`ReleasePage`], 201 when it is new, 200 when it was there |
//! | `GET /v1/admin/releases/{digest}` | | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/approve` | [`Approve`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/reject` | [`Reason`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/retire` | [`Reason`] | [`ReleasePage`] |
//! | `POST /v1/admin/releases/{digest}/roll-out` | [`StartRollOut`] | [`RollOut`]; begins one, or changes the share of the one that runs |
//! | `POST /v1/admin/releases/{digest}/complete` | [`MaybeReason`] | [`RollOut`]; everybody gets it, and it becomes the active release |
//! | `POST /v1/admin/releases/{digest}/roll-back` | [`Reason`] | [`RollOut`]; everybody returns to the release before, also after `complete` |
//! | `GET /v1/admin/releases/{digest}/figures` | | [`RollOutFigures`]; cheap enough to ask every few seconds |
//! | `GET /v1/admin/audit` | | [`List`] of [`AuditRow`], the newest first; `?niche=`, `?digest=`, `?before={id}`, 100 at a time |
//! | `GET /v1/admin/publishers` | | [`List`] of [`Publisher`], by name |
//! | `POST /v1/admin/publishers` | [`RegisterPublisher`] | [`Publisher`], 201 |
//! | `POST /v1/admin/publishers/{id}/revoke` | [`Reason`] | [`Publisher`] |
//! | `GET`, `PUT /v1/admin/registry-settings` | [`RegistrySettings`] | [`RegistrySettings`] |
//!
//! An upload may carry its publisher's signature in the header `openclaw-signature`: the Ed25519 public key (64
//! hexadecimal digits), a colon, and the signature over the 32 bytes of the component's digest (128 hexadecimal
//! digits). A signature file holds the same line.
//!
//! `{digest}` is `sha256:` and 64 hexadecimal digits. A step that the release's state does not allow is 409 with the
//! problem `wrong-state`; one that another admin's step overtook is the same.
//!
//! Every step is written into the audit trail in the name of `admin`, or of the name in the header `openclaw-admin`
//! (1 to 80 printable characters), and every step may be told why.

mod audit;
mod publishers;
mod releases;
mod rights;
mod roll_outs;

use std::collections::BTreeMap;

pub use self::{audit::*, publishers::*, releases::*, rights::*, roll_outs::*};
use super::*;

/// A text in each language: `pt`, `en`.
pub type Texts = BTreeMap<String, String>;

/// A niche as the registry lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistryNiche {
    /// Its id.
    pub id: String,
    /// Its name for people in each language; from the active release, or from the newest when none is active.
    pub name: Texts,
    /// One emoji.
    pub icon: String,
    /// `#rrggbb`.
    pub accent: String,
    /// What customers are offered; absent when no release of it is active.
    pub active: Option<ReleaseSummary>,
    /// The roll-out that runs.
    pub roll_out: Option<RollOut>,
    /// How many of its releases are in which state.
    pub counts: ReleaseCounts,
    /// Its agents that are not gone.
    pub agents: i64,
}

/// How many releases are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseCounts {
    /// Waiting for an admin.
    pub pending: i64,
    /// Refused by an admin.
    pub rejected: i64,
    /// Approved, and not the one that everybody gets.
    pub approved: i64,
    /// The one that everybody gets: 0 or 1.
    pub active: i64,
    /// Offered no more.
    pub retired: i64,
}

/// A niche's page in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistryNichePage {
    /// What the list shows.
    #[serde(flatten)]
    pub niche: RegistryNiche,
    /// Its releases, the newest first.
    pub releases: Vec<ReleaseSummary>,
    /// Its roll-outs, the newest first, the one that runs among them; the last 20.
    pub roll_outs: Vec<RollOut>,
    /// The last 50 rows of its audit trail, the newest first.
    pub audit: Vec<AuditRow>,
}

/// What the registry decides by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrySettings {
    /// Whether a release that asks the same as the active one was approved for, or fewer, is approved at once.
    pub auto_approve_same_or_fewer: bool,
}

/// Why something is done, in 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    /// Why.
    pub reason: String,
}

/// Why something is done, for those who want to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaybeReason {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}
