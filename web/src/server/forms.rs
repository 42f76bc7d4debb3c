//! What the pages' forms do. Each ends by looking at another page, so that reloading repeats nothing.

use axum::{Form, extract::Path, response::Response};
use http::{HeaderValue, Method, StatusCode};
use openclaw_api_types::{
    BeginCheckout, BeginOnboarding, CheckoutStarted, GiveAnswer, Onboarding, Say, SignIn, SignedIn, UseLink,
};
use serde::Deserialize;

use super::{
    reader::{Reader, cookie, with_cookies},
    routes, see_other,
};
use crate::{
    Page,
    document::{MailedPage, SignInPage},
};

type Id = Path<(String, String)>;

/// Begins an interview.
pub(super) async fn start(reader: Reader, Path((_, niche)): Id) -> Response {
    let mut call = reader.call();
    let begin = BeginOnboarding { niche, locale: reader.locale.code().into() };
    match call.post::<Onboarding>("/v1/onboarding", &begin).await {
        Ok(onboarding) => reader.go(&format!("/onboarding/{}", onboarding.id), call.cookies),
        Err(failure) => reader.failed(failure),
    }
}

#[derive(Deserialize)]
pub(super) struct Answer {
    question: String,
    #[serde(default)]
    value: String,
    /// A bot's token, beside the choice to use one.
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    skip: Option<String>,
}

impl Answer {
    /// What is to be answered.
    fn value(&self) -> String {
        if self.skip.is_some() {
            return String::new();
        }
        match &self.token {
            Some(token) if self.value == "token" => token.trim().to_owned(),
            _ => self.value.trim().to_owned(),
        }
    }
}

/// Answers a question.
pub(super) async fn answer(reader: Reader, Path((_, id)): Id, Form(answer): Form<Answer>) -> Response {
    let value = answer.value();
    let give = GiveAnswer { question: answer.question.clone(), value: value.clone() };
    let mut call = reader.call();
    let path = format!("/v1/onboarding/{id}/answers?locale={}", reader.locale.code());
    match call.post::<Onboarding>(&path, &give).await {
        Ok(_) => reader.go(&format!("/onboarding/{id}"), call.cookies),
        Err(failure) if failure.is(StatusCode::UNPROCESSABLE_ENTITY) => match failure.problem() {
            Ok(problem) => {
                // A secret is not sent back into the page.
                let shown = if answer.token.is_some() { String::new() } else { value };
                routes::refused(&reader, &id, &answer.question, shown, &problem).await
            }
            Err(failure) => reader.failed(failure),
        },
        Err(failure) => reader.failed(failure),
    }
}

#[derive(Deserialize)]
pub(super) struct Choice {
    tier: String,
}

/// Chooses a tier: on to the payment, or to signing in first.
pub(super) async fn choose(reader: Reader, Path((_, id)): Id, Form(Choice { tier }): Form<Choice>) -> Response {
    let mut call = reader.call();
    let begin = BeginCheckout { onboarding: id.clone(), tier: tier.clone() };
    match call.post::<CheckoutStarted>("/v1/checkout", &begin).await {
        Ok(started) => with_cookies(see_other(&started.url), call.cookies),
        Err(failure) if failure.is(StatusCode::UNAUTHORIZED) => {
            let query: String =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("tier", &tier).finish();
            reader.go(&format!("/onboarding/{id}/plan?{query}"), Vec::new())
        }
        Err(failure) => match failure.problem() {
            Ok(problem) => routes::plan_with(&reader, &id, Some(tier), Some(problem)).await,
            Err(failure) => reader.failed(failure),
        },
    }
}

#[derive(Deserialize)]
pub(super) struct Ask {
    email: String,
    #[serde(default)]
    next: Option<String>,
}

/// Remembers that this browser asked for a link. Its answer is a link that goes on by itself here, and nowhere else.
const SIGNING_IN: &str = "openclaw_signing_in";
/// How long it does, in seconds: about as long as a link is good for.
const SIGNING_IN_FOR: u32 = 30 * 60;

/// Whether this browser asked for a link of late.
pub(super) fn asked_here(reader: &Reader) -> bool {
    cookie(&reader.headers, SIGNING_IN).is_some()
}

fn signing_in(reader: &Reader, seconds: u32) -> Option<HeaderValue> {
    let secure = if reader.web.is_https() { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{SIGNING_IN}=1; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")).ok()
}

/// Sends a link.
pub(super) async fn sign_in(reader: Reader, Form(Ask { email, next }): Form<Ask>) -> Response {
    let next = next.filter(|next| is_ours(next)).or_else(|| Some(reader.locale.path("/agents")));
    let ask = SignIn { email: email.trim().to_owned(), locale: reader.locale.code().into(), next: next.clone() };
    let mut call = reader.call();
    match call.act(Method::POST, "/v1/sign-in", Some(&ask)).await {
        Ok(()) => {
            let answer = reader.page(StatusCode::OK, Page::Mailed(MailedPage { email: ask.email }), None);
            call.cookies.extend(signing_in(&reader, SIGNING_IN_FOR));
            with_cookies(answer, call.cookies)
        }
        Err(failure) => sign_in_again(&reader, failure, next),
    }
}

fn sign_in_again(reader: &Reader, failure: super::api::Failure, next: Option<String>) -> Response {
    match failure.problem() {
        Ok(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            reader.page(status, Page::SignIn(SignInPage { next, problem: Some(problem) }), None)
        }
        Err(failure) => reader.failed(failure),
    }
}

/// Uses a link.
pub(super) async fn use_link(reader: Reader, Form(link): Form<UseLink>) -> Response {
    let mut call = reader.call();
    match call.post::<SignedIn>("/v1/session", &link).await {
        Ok(signed_in) => {
            call.cookies.extend(signing_in(&reader, 0));
            let next = Some(signed_in.next).filter(|next| is_ours(next));
            let next = next.unwrap_or_else(|| reader.locale.path("/agents"));
            with_cookies(see_other(&next), call.cookies)
        }
        Err(failure) => sign_in_again(&reader, failure, None),
    }
}

/// Whether it is an address of ours, and no way to another site: browsers drop tabs and take `\` for `/`.
fn is_ours(next: &str) -> bool {
    next.starts_with('/') && !next.starts_with("//") && !next.contains(|c: char| c == '\\' || c.is_control())
}

/// Ends the session.
pub(super) async fn sign_out(reader: Reader) -> Response {
    let mut call = reader.call();
    match call.act(Method::DELETE, "/v1/session", None::<&()>).await {
        Ok(()) => reader.go("", call.cookies),
        Err(failure) if failure.is(StatusCode::UNAUTHORIZED) => reader.go("", call.cookies),
        Err(failure) => reader.failed(failure),
    }
}

/// Pays at the demo checkout.
pub(super) async fn demo_pay(reader: Reader, Path((_, id)): Id) -> Response {
    let mut call = reader.call();
    match call.act(Method::POST, &format!("/v1/checkout/{id}/demo-pay"), None::<&()>).await {
        Ok(()) => reader.go(&format!("/progress/{id}"), call.cookies),
        Err(failure) => reader.failed(failure),
    }
}

/// Says something to an agent, where the browser runs no scripts.
pub(super) async fn say(reader: Reader, Path((_, id)): Id, Form(say): Form<Say>) -> Response {
    act_on_agent(reader, &id, "chat", Some(&say)).await
}

/// Cancels an agent's subscription.
pub(super) async fn cancel(reader: Reader, Path((_, id)): Id) -> Response {
    act_on_agent(reader, &id, "cancel", None).await
}

async fn act_on_agent(reader: Reader, id: &str, what: &str, body: Option<&Say>) -> Response {
    let mut call = reader.call();
    match call.act(Method::POST, &format!("/v1/agents/{id}/{what}"), body).await {
        Ok(()) => reader.go(&format!("/agents/{id}"), call.cookies),
        Err(failure) => reader.failed(failure),
    }
}

#[derive(Deserialize)]
struct Portal {
    url: String,
}

/// On to the pages where cards and receipts are.
pub(super) async fn portal(reader: Reader) -> Response {
    let mut call = reader.call();
    match call.post::<Portal>("/v1/portal", &serde_json::json!({"locale": reader.locale.code()})).await {
        Ok(portal) => with_cookies(see_other(&portal.url), call.cookies),
        Err(failure) => reader.failed(failure),
    }
}
