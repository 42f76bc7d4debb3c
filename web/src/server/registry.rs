//! The registry's pages and forms: the API's registry, in an admin's name.

mod upload;

pub(super) use upload::upload;

use std::collections::HashMap;

use axum::{
    Form,
    extract::{Path, Query},
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use openclaw_api_types::{
    Approve, AuditRow, List, MaybeReason, Publisher, Reason, RegisterPublisher, RegistryNiche, RegistryNichePage,
    RegistrySettings, ReleasePage, ReleaseState, ReleaseSummary, Rights, RollOutFigures, StartRollOut, Want,
};
use serde_json::Value;

use super::{admin, api::Failure, reader::Reader};
use crate::{
    components::prelude::still,
    document::{AdminPage, AdminRelease, AuditPage, Outcome, PublishersPage, Refused, RegistryHome, RevokePage},
    pages::admin::{right_name, side_by_side},
};

/// Rows of the audit trail that come at once.
const AUDIT_ROWS: usize = 100;

type Words = Query<HashMap<String, String>>;
type Fields = Form<Vec<(String, String)>>;
type Id = Path<(String, String)>;

/// What was done before this page, if the address says so.
fn done(words: &HashMap<String, String>) -> Outcome {
    words.get("done").map_or(Outcome::None, |step| Outcome::Done(step.clone()))
}

/// A refused step: the page again with why and what was typed, or what is worse.
fn refused(failure: Failure, step: &str, typed: Vec<(String, String)>) -> Result<(StatusCode, Outcome), Failure> {
    match failure {
        Failure::Problem(problem) if !matches!(problem.status, 401 | 403 | 404) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            Ok((status, Outcome::Refused(Box::new(Refused { step: step.to_owned(), problem, typed }))))
        }
        failure => Err(failure),
    }
}

/// A page, or why there is none.
async fn answer(reader: &Reader, status: StatusCode, page: Result<AdminPage, Failure>) -> Response {
    match page {
        Ok(page) => admin::page(reader, status, page).await,
        Err(failure) => admin::failed(reader, failure),
    }
}

/// `/{locale}/admin/releases`.
pub(super) async fn home(reader: Reader, Query(words): Words) -> Response {
    let page = home_page(&reader, done(&words)).await;
    answer(&reader, StatusCode::OK, page).await
}

async fn home_page(reader: &Reader, outcome: Outcome) -> Result<AdminPage, Failure> {
    let call = reader.call();
    let (niches, releases, settings) = futures::try_join!(
        niches(reader),
        call.get::<List<ReleaseSummary>>("/v1/admin/releases"),
        call.get::<RegistrySettings>("/v1/admin/registry-settings"),
    )?;
    let pending = releases.items.into_iter().filter(|release| release.state == ReleaseState::Pending).collect();
    Ok(AdminPage::Registry(RegistryHome { niches, pending, settings, outcome }))
}

async fn niches(reader: &Reader) -> Result<Vec<RegistryNiche>, Failure> {
    let list: List<RegistryNiche> = reader.call().get("/v1/admin/registry").await?;
    Ok(list.items)
}

/// `/{locale}/admin/niches/{niche}`.
pub(super) async fn niche(reader: Reader, Path((_, niche)): Id) -> Response {
    let page = reader.call().get::<RegistryNichePage>(&format!("/v1/admin/registry/{niche}")).await;
    answer(&reader, StatusCode::OK, page.map(|page| AdminPage::Niche(Box::new(page)))).await
}

/// `/{locale}/admin/releases/{digest}`: the digits alone, without `sha256:`.
pub(super) async fn release(reader: Reader, Path((_, digest)): Id, Query(words): Words) -> Response {
    let page = release_page(&reader, &digest, done(&words)).await;
    answer(&reader, StatusCode::OK, page).await
}

async fn release_page(reader: &Reader, digest: &str, outcome: Outcome) -> Result<AdminPage, Failure> {
    let call = reader.call();
    let (path, trail) = (api_path(digest, ""), format!("/v1/admin/audit?digest=sha256:{digest}"));
    let (page, audit) = futures::try_join!(call.get::<ReleasePage>(&path), call.get::<List<AuditRow>>(&trail))?;
    let niche = format!("/v1/admin/registry/{}", page.release.niche);
    let figures = async {
        match page.roll_out {
            Some(_) => call.get::<RollOutFigures>(&api_path(digest, "/figures")).await.map(Some),
            None => Ok(None),
        }
    };
    let (niche, figures) = futures::try_join!(call.get::<RegistryNiche>(&niche), figures)?;
    Ok(AdminPage::Release(Box::new(AdminRelease { page, niche, figures, audit: audit.items, outcome })))
}

fn api_path(digest: &str, rest: &str) -> String {
    format!("/v1/admin/releases/sha256:{digest}{rest}")
}

/// `/{locale}/admin/releases/{digest}/figures`: the part of the page that moves, rendered anew.
pub(super) async fn figures(reader: Reader, Path((_, digest)): Id) -> Response {
    let l = reader.locale;
    match reader.call().get::<RollOutFigures>(&api_path(&digest, "/figures")).await {
        Ok(figures) => {
            let part = sycamore::render_to_string(move || still(move || side_by_side(l, &figures)));
            ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Html(part)).into_response()
        }
        Err(Failure::Problem(problem)) => {
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY).into_response()
        }
        Err(Failure::Away) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.trim()).unwrap_or_default()
}

fn reason(fields: &[(String, String)]) -> Option<String> {
    Some(field(fields, "reason").to_owned()).filter(|reason| !reason.is_empty())
}

/// What a step's form comes to, as the API's body; nothing for what is no step.
fn body(step: &str, fields: &[(String, String)], asked: Option<Rights>) -> Option<Value> {
    let required = || Reason { reason: field(fields, "reason").to_owned() };
    let body = match step {
        "approve" => {
            serde_json::to_value(Approve { reason: reason(fields), rights: asked.map(|asked| part(asked, fields)) })
        }
        "reject" | "retire" | "roll-back" => serde_json::to_value(required()),
        "complete" => serde_json::to_value(MaybeReason { reason: reason(fields) }),
        "roll-out" => {
            let share = match field(fields, "share") {
                "other" => field(fields, "other"),
                share => share,
            };
            // What is no share is the API's to refuse, in its own words.
            let share = share.parse().unwrap_or_default();
            serde_json::to_value(StartRollOut { share, reason: reason(fields) })
        }
        _ => return None,
    };
    body.ok()
}

/// Of what is asked, what stayed ticked.
fn part(mut asked: Rights, fields: &[(String, String)]) -> Rights {
    let ticked = |want: Want| {
        let name = right_name(&want);
        fields.iter().any(|(field, value)| field == "right" && *value == name)
    };
    asked.hosts.retain(|host, _| ticked(Want::Host { host: host.clone(), methods: None }));
    match &mut asked.connections {
        Some(providers) => {
            providers.retain(|provider| ticked(Want::Connection { provider: Some(provider.clone()) }));
        }
        any => {
            if !ticked(Want::Connection { provider: None }) {
                *any = Some(Vec::new());
            }
        }
    }
    if !ticked(Want::Storage { more: 0, total: 0 }) {
        asked.storage_bytes = 0;
    }
    asked
}

/// Takes a step with a release.
pub(super) async fn step(
    reader: Reader,
    Path((_, digest, step)): Path<(String, String, String)>,
    Form(fields): Fields,
) -> Response {
    let mut call = reader.call();
    // Only a form that shows the parts leaves some out.
    let asked = if step == "approve" && !field(&fields, "parts").is_empty() {
        match call.get::<ReleasePage>(&api_path(&digest, "")).await {
            Ok(page) => Some(page.asked.rights),
            Err(failure) => return admin::failed(&reader, failure),
        }
    } else {
        None
    };
    let Some(body) = body(&step, &fields, asked) else { return reader.not_found() };
    match call.act(Method::POST, &api_path(&digest, &format!("/{step}")), Some(&body)).await {
        Ok(()) => reader.go(&format!("/admin/releases/{digest}?done={step}"), call.cookies),
        Err(failure) => match refused(failure, &step, fields) {
            Ok((status, outcome)) => {
                let page = release_page(&reader, &digest, outcome).await;
                answer(&reader, status, page).await
            }
            Err(failure) => admin::failed(&reader, failure),
        },
    }
}

/// Turns what is decided by rule on or off.
pub(super) async fn settings(reader: Reader, Form(fields): Fields) -> Response {
    let settings = RegistrySettings { auto_approve_same_or_fewer: field(&fields, "auto") == "yes" };
    let mut call = reader.call();
    match call.act(Method::PUT, "/v1/admin/registry-settings", Some(&settings)).await {
        Ok(()) => reader.go("/admin/releases?done=settings", call.cookies),
        Err(failure) => admin::failed(&reader, failure),
    }
}

/// `/{locale}/admin/publishers`.
pub(super) async fn publishers(reader: Reader, Query(words): Words) -> Response {
    let page = publishers_page(&reader, done(&words)).await;
    answer(&reader, StatusCode::OK, page).await
}

async fn publishers_page(reader: &Reader, outcome: Outcome) -> Result<AdminPage, Failure> {
    let list: List<Publisher> = reader.call().get("/v1/admin/publishers").await?;
    Ok(AdminPage::Publishers(PublishersPage { publishers: list.items, outcome }))
}

/// Registers a publisher.
pub(super) async fn register(reader: Reader, Form(fields): Fields) -> Response {
    let niches = field(&fields, "niches").split([',', ' ']).filter(|niche| !niche.is_empty());
    let register = RegisterPublisher {
        name: field(&fields, "name").to_owned(),
        key: field(&fields, "key").to_ascii_lowercase(),
        niches: niches.map(str::to_owned).collect(),
    };
    let mut call = reader.call();
    match call.act(Method::POST, "/v1/admin/publishers", Some(&register)).await {
        Ok(()) => reader.go("/admin/publishers?done=register", call.cookies),
        Err(failure) => match refused(failure, "register", fields) {
            Ok((status, outcome)) => {
                let page = publishers_page(&reader, outcome).await;
                answer(&reader, status, page).await
            }
            Err(failure) => admin::failed(&reader, failure),
        },
    }
}

/// `/{locale}/admin/publishers/{id}/revoke`: asks first.
pub(super) async fn ask_to_revoke(reader: Reader, Path((_, id)): Id) -> Response {
    revoke_page(&reader, StatusCode::OK, &id, Outcome::None).await
}

async fn revoke_page(reader: &Reader, status: StatusCode, id: &str, outcome: Outcome) -> Response {
    let list = reader.call().get::<List<Publisher>>("/v1/admin/publishers").await;
    match list.map(|list| list.items.into_iter().find(|publisher| publisher.id == id)) {
        Ok(Some(publisher)) => admin::page(reader, status, AdminPage::Revoke(RevokePage { publisher, outcome })).await,
        Ok(None) => reader.not_found(),
        Err(failure) => admin::failed(reader, failure),
    }
}

/// Revokes a publisher.
pub(super) async fn revoke(reader: Reader, Path((_, id)): Id, Form(fields): Fields) -> Response {
    let mut call = reader.call();
    let why = Reason { reason: field(&fields, "reason").to_owned() };
    match call.act(Method::POST, &format!("/v1/admin/publishers/{id}/revoke"), Some(&why)).await {
        Ok(()) => reader.go("/admin/publishers?done=revoke", call.cookies),
        Err(failure) => match refused(failure, "revoke", fields) {
            Ok((status, outcome)) => revoke_page(&reader, status, &id, outcome).await,
            Err(failure) => admin::failed(&reader, failure),
        },
    }
}

/// `/{locale}/admin/audit`; `?niche=` for one niche's, `?before=` for what is older.
pub(super) async fn audit(reader: Reader, Query(words): Words) -> Response {
    let plain = |text: &&String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let niche = words.get("niche").filter(plain).cloned();
    let before = words.get("before").and_then(|before| before.parse::<i64>().ok());
    let path = audit_path(niche.as_deref(), before);
    let page = async {
        let call = reader.call();
        let (rows, niches) = futures::try_join!(call.get::<List<AuditRow>>(&path), niches(&reader))?;
        let rows = rows.items;
        let older = if rows.len() < AUDIT_ROWS { None } else { rows.last().map(|row| row.id) };
        Ok(AdminPage::Audit(AuditPage { rows, niche: niche.clone(), niches, older, newest: before.is_none() }))
    };
    let page = page.await;
    answer(&reader, StatusCode::OK, page).await
}

fn audit_path(niche: Option<&str>, before: Option<i64>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(niche.map(|niche| ("niche", niche)));
    query.extend_pairs(before.map(|before| ("before", before.to_string())));
    format!("/v1/admin/audit?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_ticked_is_approved() {
        let asked = Rights {
            hosts: [("a.test".to_owned(), None), ("b.test".to_owned(), Some(vec!["GET".to_owned()]))].into(),
            connections: Some(vec!["google".to_owned(), "slack".to_owned()]),
            storage_bytes: 5_000_000,
        };
        let ticked =
            [Want::Host { host: "b.test".into(), methods: None }, Want::Connection { provider: Some("google".into()) }];
        let fields: Vec<_> = ticked.iter().map(|want| ("right".to_owned(), right_name(want))).collect();
        let part = part(asked, &fields);
        assert_eq!(part.hosts.keys().collect::<Vec<_>>(), ["b.test"]);
        assert_eq!((part.connections, part.storage_bytes), (Some(vec!["google".to_owned()]), 0));
    }
}
