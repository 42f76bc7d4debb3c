//! Takes a release in: what must hold before an admin is asked about a component.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use openclaw_api_types::{ConnectionReason, TestCase, TestKind, Texts};
use openclaw_platform::{
    Digest,
    releases::{About, NewRelease, audit::Actor, life, publishers::Signature},
};
use openclaw_plugins::{
    CaseOutcome, Exports, PluginError, Release,
    grant::{Grant, Rights},
    recording::{self, Recording},
};
use tokio::time::timeout;

use super::rights;
use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
};

/// A component with what came along.
pub(crate) struct Upload<'a> {
    pub(crate) component: &'a [u8],
    /// Its publisher's signature, as the header or the annotation has it.
    pub(crate) signature: Option<&'a str>,
    /// Where it was pulled from.
    pub(crate) reference: Option<&'a str>,
}

/// What an upload came to.
pub(crate) struct Uploaded {
    pub(crate) digest: Digest,
    /// Whether anything changed: not when the release was there before.
    pub(crate) changed: bool,
}

/// Keeps the component as a release that waits for an admin, if it loads, is signed as it must be, describes itself in
/// every language, passes its self-test under the grant it would get, and does as the recordings say that it carries. What
/// is refused leaves nothing.
pub(crate) async fn upload(state: &AppState, upload: Upload<'_>, actor: Actor<'_>) -> Result<Uploaded> {
    let digest = Digest::of(upload.component);
    let was_loaded = state.niches.host().get(&digest.0.into()).is_some();
    let uploaded = take_in(state, upload, digest, actor).await;
    if !was_loaded {
        // What is on offer is loaded by whoever needs it; what only waits takes no memory. Its compiled code stays.
        state.niches.host().unload(&digest.0.into());
    }
    uploaded
}

async fn take_in(state: &AppState, upload: Upload<'_>, digest: Digest, actor: Actor<'_>) -> Result<Uploaded> {
    let signature = upload.signature.map(|line| signature(line, digest)).transpose()?;
    let release = state.niches.host().load(upload.component).await.map_err(refused)?;
    let recordings = recording::carried(upload.component).map_err(|error| refused(error.into()))?;
    let (niche, version, about) = introduction(&release).await?;
    let asked = release.asked().await.map_err(refused)?;
    // Each call has its own bound, and there may be hundreds.
    let seconds = state.settings.release_test_seconds;
    let testing = timeout(Duration::from_secs(seconds.into()), self_test(state, &release, &asked, &recordings));
    let self_test = testing.await.unwrap_or_else(|_| {
        let detail = format!("its self-test and recordings take longer than the {seconds} seconds they have");
        Err(ApiError::field("self-test-failed", "component", detail))
    })?;
    let asked = rights::shown(&asked);
    let new = NewRelease {
        component: upload.component,
        niche: &niche,
        version: &version,
        contract: release.contract().as_str(),
        exports: &exports(release.exports()),
        imports: release.imports(),
        self_test: &self_test,
        about: &about,
        asked: &asked,
        reference: upload.reference,
        signature: signature.as_ref(),
    };
    let asks_no_more = |had: &_| rights::beyond(&asked, had).is_ok_and(|more| more.is_empty());
    let changed = life::upload(&state.db, new, asks_no_more, actor).await?;
    tracing::info!(niche, version, %digest, by = actor.who, changed, "a release was uploaded");
    Ok(Uploaded { digest, changed })
}

/// What the component is to blame for is a reason to refuse it; anything else may pass.
fn refused(error: PluginError) -> ApiError {
    if error.is_components_fault() { ApiError::BadRelease(error) } else { ApiError::Plugin(error) }
}

fn signature(line: &str, digest: Digest) -> Result<Signature> {
    let wrong = |detail: String| ApiError::field("invalid-signature", "openclaw-signature", detail);
    let signature: Signature = line
        .parse()
        .map_err(|error: openclaw_platform::releases::publishers::InvalidSignature| wrong(error.to_string()))?;
    match signature.is_of(digest) {
        true => Ok(signature),
        false => Err(wrong(format!("the signature is not of {digest}: sign the bytes that are uploaded"))),
    }
}

/// The niche and version that the component says it is, the same in every language, and what it says of itself.
async fn introduction(release: &Release) -> Result<(String, String, About)> {
    let mut identity = None;
    let mut about = About::default();
    for locale in Locale::ALL {
        let name = locale.as_str();
        let entry = release.describe(name).await.map_err(refused)?;
        release.list_tools(name).await.map_err(refused)?;
        let this = (entry.id, entry.version);
        match &identity {
            Some(other) if *other != this => {
                let detail = format!("the component is {other:?} in one language and {this:?} in another");
                return Err(ApiError::field("changing-identity", "component", detail));
            }
            _ => identity = Some(this),
        }
        about.name.insert(name.to_owned(), entry.name);
        about.changes.insert(name.to_owned(), entry.changes);
        (about.icon, about.accent) = (entry.icon, entry.accent);
        let wishes = release.wants(name).await.map_err(refused)?;
        for wish in wishes.hosts {
            said(about.host_reasons.entry(wish.host).or_default(), locale, wish.reason);
        }
        for wish in wishes.connections {
            let known = about.connection_reasons.entry(wish.provider);
            let known = known.or_insert_with(|| ConnectionReason { required: wish.required, reason: BTreeMap::new() });
            said(&mut known.reason, locale, wish.reason);
        }
    }
    let (niche, version) = identity.ok_or_else(|| ApiError::field("invalid-output", "component", "no entry"))?;
    if niche.starts_with('-') {
        let detail = format!("the id {niche:?} does not begin with a letter or a digit");
        return Err(ApiError::field("invalid-output", "component", detail));
    }
    Ok((niche, version, about))
}

fn said(texts: &mut Texts, locale: Locale, text: String) {
    texts.insert(locale.as_str().to_owned(), text);
}

/// The most differences of one recording that are told.
const DIFFERENCES: usize = 5;

async fn self_test(
    state: &AppState,
    release: &Release,
    asked: &Rights,
    recordings: &[Recording],
) -> Result<Vec<TestCase>> {
    let grant = Arc::new(Grant::new(asked.clone(), asked.clone(), state.niches.ceiling().clone()));
    let cases = release.self_test(grant).await.map_err(refused)?;
    let case = |case: CaseOutcome| TestCase { name: case.name, kind: TestKind::Case, error: case.failure };
    let mut told: Vec<TestCase> = cases.into_iter().map(case).collect();
    for recording in recordings {
        let differences = release.replay(recording).await.map_err(refused)?;
        let words: Vec<String> = differences.iter().take(DIFFERENCES).map(ToString::to_string).collect();
        let error = (!words.is_empty()).then(|| words.join("; "));
        told.push(TestCase { name: recording.name.clone(), kind: TestKind::Recording, error });
    }
    if told.iter().any(|case| case.error.is_some()) { Err(ApiError::SelfTest(told)) } else { Ok(told) }
}

fn exports(exports: Exports) -> Vec<String> {
    [("tools", exports.tools), ("onboarding", exports.onboarding), ("self-test", exports.self_test)]
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name.to_owned())
        .collect()
}
