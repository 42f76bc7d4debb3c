//! Installs a release: what must hold before customers are offered a component.

use std::sync::Arc;

use openclaw_api_types::{CaseOutcome, ReleaseRow};
use openclaw_platform::{
    Digest,
    config::Settings,
    releases::{self, NewRelease},
};
use openclaw_plugins::{
    Exports, PluginError, Release,
    grant::{Grant, Rights},
};

use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
    views,
};

/// What an installation came to.
pub(crate) struct Installed {
    /// The release.
    pub(crate) row: ReleaseRow,
    /// Whether anything changed: not when it was the active release of its niche before.
    pub(crate) changed: bool,
}

/// Makes `component` the release that its niche offers, in the name of `by`, if it loads, describes itself in every
/// language and passes its self-test. Agents keep the release they have.
pub(crate) async fn install(state: &AppState, component: &[u8], by: &str) -> Result<Installed> {
    let digest = Digest::of(component);
    let was_loaded = state.niches.host().get(&digest.0.into()).is_some();
    let installed = try_install(state, component, digest, by).await;
    if installed.is_err() && !was_loaded {
        state.niches.host().unload(&digest.0.into());
    }
    installed
}

async fn try_install(state: &AppState, component: &[u8], digest: Digest, by: &str) -> Result<Installed> {
    let release = state.niches.host().load(component).await.map_err(refused)?;
    let (niche, version) = identity(&release).await?;
    let asked = release.asked().await.map_err(refused)?;
    let ceiling = ceiling(&state.settings);
    let storage_bytes = i64::try_from(asked.storage_bytes.min(ceiling.storage_bytes)).unwrap_or(i64::MAX);
    // Only storage is approved, and as soon as it is asked for.
    let approved = Rights { storage_bytes: asked.storage_bytes, ..Rights::default() };
    let self_test = self_test(&release, Arc::new(Grant::new(asked, approved, ceiling))).await?;
    let changed = releases::install(
        &state.db,
        NewRelease {
            component,
            niche: &niche,
            version: &version,
            exports: &exports(release.exports()),
            imports: release.imports(),
            self_test: &self_test,
            storage_bytes,
            by,
        },
    )
    .await?;
    state.niches.look().await?;
    tracing::info!(niche, version, %digest, by, changed, "a release is installed");
    Ok(Installed { row: views::release(releases::get(&state.db, digest).await?), changed })
}

/// The most that this platform gives to any niche.
pub(crate) fn ceiling(settings: &Settings) -> Rights {
    Rights::everything(u64::from(settings.plugin_storage_mib) << 20)
}

/// What the component is to blame for is a reason to refuse it; anything else may pass.
fn refused(error: PluginError) -> ApiError {
    if error.is_components_fault() { ApiError::BadRelease(error) } else { ApiError::Plugin(error) }
}

/// The niche and version that the component says it is, the same in every language.
async fn identity(release: &Release) -> Result<(String, String)> {
    let mut identity = None;
    for locale in Locale::ALL {
        let entry = release.describe(locale.as_str()).await.map_err(refused)?;
        release.list_tools(locale.as_str()).await.map_err(refused)?;
        let this = (entry.id, entry.version);
        match &identity {
            Some(other) if *other != this => {
                let detail = format!("the component is {other:?} in one language and {this:?} in another");
                return Err(ApiError::field("changing-identity", "component", detail));
            }
            _ => identity = Some(this),
        }
    }
    let (niche, version) = identity.ok_or_else(|| ApiError::field("invalid-output", "component", "no entry"))?;
    if niche.starts_with('-') {
        let detail = format!("the id {niche:?} does not begin with a letter or a digit");
        return Err(ApiError::field("invalid-output", "component", detail));
    }
    Ok((niche, version))
}

async fn self_test(release: &Release, grant: Arc<Grant>) -> Result<Vec<releases::CaseOutcome>> {
    let cases = release.self_test(grant).await.map_err(refused)?;
    if cases.iter().any(|case| !case.passed()) {
        let told = cases.into_iter().map(|c| CaseOutcome { name: c.name, error: c.failure });
        return Err(ApiError::SelfTest(told.collect()));
    }
    Ok(cases.into_iter().map(|c| releases::CaseOutcome { name: c.name, error: c.failure }).collect())
}

fn exports(exports: Exports) -> Vec<String> {
    [("tools", exports.tools), ("onboarding", exports.onboarding), ("self-test", exports.self_test)]
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name.to_owned())
        .collect()
}
