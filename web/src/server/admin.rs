//! The admin's pages, and the token that opens them.
//!
//! The token is kept in an HttpOnly cookie, which only this server reads: it becomes the `Authorization` of requests to
//! the API's admin routes.

use axum::{Form, extract::Path, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use openclaw_api_types::List;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    api::Failure,
    reader::{Reader, cookie},
};
use crate::{
    Page,
    document::{AdminPage, AdminSignInPage},
};

/// Its name.
const COOKIE: &str = "openclaw_admin";
/// Where the admin's own name is kept.
const NAME: &str = "openclaw_admin_name";
/// The header that tells the API.
pub(super) const NAME_HEADER: &str = "openclaw-admin";
/// Longest name that the API takes, in characters.
const LONGEST_NAME: usize = 80;
/// How long they are kept, in seconds.
const KEPT: u32 = 12 * 3_600;

/// The authorization for an admin route of the API, when the reader is an admin.
pub(super) fn authorization(path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    if !path.starts_with("/v1/admin/") && !path.starts_with("/internal/") {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("Bearer {}", cookie(headers, COOKIE)?)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `/{locale}/admin`.
pub(super) async fn first(reader: Reader) -> Response {
    reader.go("/admin/agents", Vec::new())
}

/// `/{locale}/admin/{section}`.
pub(super) async fn section(reader: Reader, Path((_, section)): Path<(String, String)>) -> Response {
    let page = match section.as_str() {
        "customers" => rows(&reader, &section).await.map(AdminPage::Customers),
        "agents" => rows(&reader, &section).await.map(AdminPage::Agents),
        "jobs" => rows(&reader, &section).await.map(AdminPage::Jobs),
        _ => return reader.not_found(),
    };
    match page {
        Ok(page) => self::page(&reader, StatusCode::OK, page).await,
        Err(failure) => failed(&reader, failure),
    }
}

/// An admin's page as the answer.
pub(super) async fn page(reader: &Reader, status: StatusCode, page: AdminPage) -> Response {
    let customer = reader.customer().await.unwrap_or_default();
    reader.page(status, Page::Admin(Some(Box::new(page))), customer)
}

/// What went wrong; who is no admin is asked for the token.
pub(super) fn failed(reader: &Reader, failure: Failure) -> Response {
    if failure.is(StatusCode::UNAUTHORIZED) || failure.is(StatusCode::FORBIDDEN) {
        let refused = cookie(&reader.headers, COOKIE).is_some();
        let page = AdminPage::SignIn(AdminSignInPage { refused });
        return reader.page(StatusCode::UNAUTHORIZED, Page::Admin(Some(Box::new(page))), None);
    }
    reader.failed(failure)
}

async fn rows<T: DeserializeOwned>(reader: &Reader, section: &str) -> Result<Vec<T>, Failure> {
    let list: List<T> = reader.call().get(&format!("/v1/admin/{section}")).await?;
    Ok(list.items)
}

/// The name that the audit trail is to know the reader by, as the API takes it.
pub(super) fn name(path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    if !path.starts_with("/v1/admin/") {
        return None;
    }
    let (name, _) = url::form_urlencoded::parse(cookie(headers, NAME)?.as_bytes()).next()?;
    HeaderValue::from_bytes(name.as_bytes()).ok()
}

#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
    #[serde(default)]
    name: String,
}

/// Keeps the token and the name; whether the token is good shows the page that it opens.
pub(super) async fn sign_in(reader: Reader, Form(Token { token, name }): Form<Token>) -> Response {
    let token = token.trim();
    let good = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte));
    let secure = if reader.web.is_https() { "; Secure" } else { "" };
    let value = if good { token } else { "refused" };
    let line = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={KEPT}{secure}");
    let token = HeaderValue::try_from(line).map(|mut line| {
        line.set_sensitive(true);
        line
    });
    let name = name.trim();
    // The platform's own names are nobody's; without one the trail says `admin`.
    let takes = (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && !["rule", "platform"].contains(&name);
    let (name, kept) = if takes { (name, KEPT) } else { ("", 0) };
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let name =
        HeaderValue::try_from(format!("{NAME}={name}; Path=/; HttpOnly; SameSite=Strict; Max-Age={kept}{secure}"));
    reader.go("/admin/agents", token.into_iter().chain(name).collect())
}

/// Tries a failed job again.
pub(super) async fn retry(reader: Reader, Path((_, job)): Path<(String, String)>) -> Response {
    let mut call = reader.call();
    match call.act(Method::POST, &format!("/internal/jobs/{job}/retry"), None::<&()>).await {
        Ok(()) => reader.go("/admin/jobs", call.cookies),
        Err(failure) => reader.failed(failure),
    }
}
