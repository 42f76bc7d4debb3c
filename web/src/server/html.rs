//! The HTML around a page.

use std::any::Any;

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::{accent, assets::Assets, security};
use crate::{
    Document, Locale, Page,
    app::{DATA, ROOT, app},
    document::{MessageKind, MessagePage},
};

/// A page as an answer.
pub(super) fn page(assets: &Assets, status: StatusCode, document: Document, theme: Option<&str>) -> Response {
    let nonce = security::nonce();
    let html = render(assets, document, theme, &nonce);
    let mut answer = (status, Html(html)).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, security::policy(&nonce));
    answer
}

fn render(assets: &Assets, document: Document, theme: Option<&str>, nonce: &str) -> String {
    let locale = document.locale;
    let other = locale.other();
    let title = escape(&document.page.title(locale));
    let description = document
        .page
        .description(locale)
        .map(|text| format!("<meta name=\"description\" content=\"{}\">", escape(&text)))
        .unwrap_or_default();
    let indexed = matches!(document.page, Page::Landing(_) | Page::Niche(_));
    let robots = if indexed { "" } else { "<meta name=\"robots\" content=\"noindex\">" };
    let mut rules: Vec<String> = document.page.accents().into_iter().filter_map(accent::rule).collect();
    rules.sort();
    rules.dedup();
    let rules = rules.concat();
    // `<` alone could close the element that the data stands in.
    let data = serde_json::to_string(&document).unwrap_or_default().replace('<', "\\u003c");
    let path = escape(&document.path);
    let theme = theme.map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
    let head = assets.head(nonce);
    let body = sycamore::render_to_string(move || app(document));
    format!(
        "<!doctype html>\
         <html lang=\"{lang}\"{theme}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title>{description}{robots}\
         <link rel=\"alternate\" hreflang=\"{here}\" href=\"/{here}{path}\">\
         <link rel=\"alternate\" hreflang=\"{there}\" href=\"/{there}{path}\">\
         {head}<style nonce=\"{nonce}\">{rules}</style></head>\
         <body><div id=\"{ROOT}\">{body}</div>\
         <script type=\"application/json\" id=\"{DATA}\">{data}</script></body></html>",
        lang = locale.tag(),
        here = locale.code(),
        there = other.code(),
    )
}

/// What is shown when a page could not be rendered: rendered by nothing that could fail the same way.
pub(super) fn broken(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = what.unwrap_or("unknown"), "a request panicked");
    let page = MessagePage { kind: MessageKind::Broken, problem: None };
    let words = |l: Locale| {
        format!(
            "<h1 lang=\"{0}\">{1}</h1><p lang=\"{0}\">{2}</p>",
            l.tag(),
            escape(&l.t(page.kind.title_key())),
            escape(&l.t(page.kind.text_key()))
        )
    };
    let html = format!(
        "<!doctype html><html lang=\"pt-BR\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>500</title>\
         <body><main>{}<hr>{}</main></body></html>",
        words(Locale::Pt),
        words(Locale::En)
    );
    (StatusCode::INTERNAL_SERVER_ERROR, Html(html)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
