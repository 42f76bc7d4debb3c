//! Who reads a page: the language of the address, the cookies, the theme.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OriginalUri, Path, RawPathParams},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use openclaw_api_types::Customer;
use serde::Deserialize;

use super::{
    Web,
    api::{Call, Failure},
    html, see_other,
};
use crate::{
    Document, Locale, Page,
    components::prelude::THEME,
    document::{MessageKind, MessagePage},
};

/// A reader, taken from a request.
pub(super) struct Reader {
    pub(super) web: Arc<Web>,
    pub(super) headers: HeaderMap,
    pub(super) locale: Locale,
    /// The address behind the language, with the query.
    pub(super) path: String,
    known: bool,
}

#[derive(Deserialize)]
struct InLocale {
    locale: String,
}

impl FromRequestParts<Arc<Web>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let reader = Self::of(parts, web).await;
        // They become parts of the API's addresses, where `/`, `..` and `?` would lead elsewhere.
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let captured = RawPathParams::from_request_parts(parts, &()).await;
        let good = captured.is_ok_and(|captured| captured.iter().all(|(_, value)| plain(value)));
        if reader.known && good { Ok(reader) } else { Err(reader.not_found()) }
    }
}

impl Reader {
    /// Also for addresses in no language.
    pub(super) async fn of(parts: &mut Parts, web: &Arc<Web>) -> Self {
        let wanted = Path::<InLocale>::from_request_parts(parts, &()).await.ok();
        let named = wanted.and_then(|Path(wanted)| Locale::parse(&wanted.locale));
        let OriginalUri(uri) = match OriginalUri::from_request_parts(parts, &()).await {
            Ok(uri) => uri,
            Err(never) => match never {},
        };
        let first = uri.path().split('/').nth(1).and_then(Locale::parse);
        let locale = named.or(first);
        let path = match (locale, uri.path_and_query()) {
            (Some(locale), Some(path)) => path.as_str().strip_prefix(&locale.path("")).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        Self {
            web: Arc::clone(web),
            headers: parts.headers.clone(),
            locale: locale.unwrap_or(Locale::Pt),
            path,
            known: locale.is_some(),
        }
    }

    /// A request to the API in the reader's name.
    pub(super) fn call(&self) -> Call<'_> {
        self.web.api.call(&self.headers)
    }

    /// Who is signed in. Without cookies nobody is, and the API need not be asked.
    pub(super) async fn customer(&self) -> Result<Option<Customer>, Failure> {
        if !self.headers.contains_key(header::COOKIE) {
            return Ok(None);
        }
        match self.call().get::<Customer>("/v1/session").await {
            Ok(customer) => Ok(Some(customer)),
            Err(failure) if failure.is(StatusCode::UNAUTHORIZED) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A page as the answer.
    pub(super) fn page(&self, status: StatusCode, page: Page, customer: Option<Customer>) -> Response {
        let document =
            Document { locale: self.locale, path: self.path.clone(), customer, dev: self.web.dev, now: now(), page };
        html::page(&self.web.assets, status, document, self.theme())
    }

    /// What went wrong, as a page; who must sign in is sent to do so.
    pub(super) fn failed(&self, failure: Failure) -> Response {
        let (status, kind, problem) = match failure {
            Failure::Problem(problem) if problem.status == 401 => {
                return see_other(&self.to_sign_in());
            }
            Failure::Problem(problem) if problem.status == 404 => (StatusCode::NOT_FOUND, MessageKind::NotFound, None),
            Failure::Problem(problem) => {
                let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
                (status, MessageKind::Problem, Some(problem))
            }
            Failure::Away => (StatusCode::SERVICE_UNAVAILABLE, MessageKind::Away, None),
        };
        let mut answer = self.page(status, Page::Message(MessagePage { kind, problem }), None);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }

    /// There is no such page.
    pub(super) fn not_found(&self) -> Response {
        let page = MessagePage { kind: MessageKind::NotFound, problem: None };
        self.page(StatusCode::NOT_FOUND, Page::Message(page), None)
    }

    /// Where signing in leads back to this page.
    fn to_sign_in(&self) -> String {
        let next = self.locale.path(&self.path);
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        format!("{}?{query}", self.locale.path("/sign-in"))
    }

    /// Looks at another page of this language, with the API's cookies.
    pub(super) fn go(&self, path: &str, cookies: Vec<HeaderValue>) -> Response {
        with_cookies(see_other(&self.locale.path(path)), cookies)
    }

    fn theme(&self) -> Option<&'static str> {
        match cookie(&self.headers, THEME)? {
            "dark" => Some("dark"),
            "light" => Some("light"),
            _ => None,
        }
    }
}

/// Adds what the API wants kept.
pub(super) fn with_cookies(answer: Response, cookies: Vec<HeaderValue>) -> Response {
    let mut answer = answer.into_response();
    for cookie in cookies {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|time| i64::try_from(time.as_millis()).ok())
        .unwrap_or_default()
}
