//! Signing in by a link sent to one's e-mail.

use axum::{Json, extract::State};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use http::StatusCode;
use openclaw_api_types::{Customer, SignIn, SignedIn as SignedInView, UseLink};
use openclaw_platform::{
    accounts::{self, LINK_WINDOW, SESSION_COOKIE},
    mail,
};
use secrecy::ExposeSecret as _;
use time::Duration;

use crate::{
    AppState,
    auth::SignedIn,
    body::Body,
    error::{ApiError, Result},
    limits::Client,
    locale::Locale,
    views,
};

/// The longest path to go on at, in bytes.
const LONGEST_NEXT: usize = 500;

/// Sends a link by e-mail, to whatever address is given.
#[utoipa::path(post, path = "/v1/sign-in", tag = "account", request_body = SignIn, responses((status = 202)))]
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    client: Client,
    Body(wanted): Body<SignIn>,
) -> Result<StatusCode> {
    state.limits.sign_in(client)?;
    let locale = Locale::named(&wanted.locale)?;
    let email = accounts::email(&wanted.email)
        .ok_or_else(|| ApiError::field("invalid-email", "email", "this is no e-mail address: is it misspelt?"))?;
    let next = wanted.next.unwrap_or_else(|| format!("/{}", locale.as_str()));
    if !is_own_path(&next) {
        let detail = "the path to go on at begins with one / and stays on this site";
        return Err(ApiError::field("invalid-next", "next", detail));
    }
    let minutes = state.settings.sign_in_minutes;
    let lifetime = Duration::minutes(i64::from(minutes));
    let Some(secret) = accounts::begin_sign_in(&state.db, &email, locale.as_str(), &next, lifetime).await? else {
        return Err(ApiError::TooMany {
            detail: "this address was sent several links already: use one of them, or wait some minutes".into(),
            retry_after: LINK_WINDOW.whole_seconds().unsigned_abs(),
        });
    };
    let link = format!("{}/{}/sign-in?token={}", state.settings.public_url, locale.as_str(), secret.expose_secret());
    state.mailer.send(&email, &mail::sign_in(locale.as_str(), &link.into(), minutes)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A path of this site: browsers take `//` and `/\` for another.
fn is_own_path(path: &str) -> bool {
    path.len() <= LONGEST_NEXT
        && path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && !path.chars().any(char::is_control)
}

/// Uses a link up and signs the browser in.
#[utoipa::path(
    post, path = "/v1/session", tag = "account", request_body = UseLink, responses((status = 200, body = SignedInView))
)]
pub(crate) async fn open(
    State(state): State<AppState>,
    cookies: CookieJar,
    Body(link): Body<UseLink>,
) -> Result<(CookieJar, Json<SignedInView>)> {
    let lifetime = Duration::days(i64::from(state.settings.session_days));
    let signed_in = accounts::sign_in(&state.db, &link.token, lifetime).await?.ok_or_else(|| {
        ApiError::field("invalid-link", "token", "this link was used before or is too old: ask for another")
    })?;
    let cookie = cookie(&state, signed_in.session.expose_secret().to_owned(), lifetime);
    let view = SignedInView { customer: views::customer(signed_in.customer), next: signed_in.next };
    Ok((cookies.add(cookie), Json(view)))
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/session", tag = "account", responses((status = 200, body = Customer)))]
pub(crate) async fn show(SignedIn(customer): SignedIn) -> Json<Customer> {
    Json(views::customer(customer))
}

/// Signs the browser out.
#[utoipa::path(delete, path = "/v1/session", tag = "account", responses((status = 204)))]
pub(crate) async fn close(State(state): State<AppState>, cookies: CookieJar) -> Result<(StatusCode, CookieJar)> {
    if let Some(session) = cookies.get(SESSION_COOKIE) {
        accounts::sign_out(&state.db, session.value()).await?;
    }
    let gone = cookie(&state, String::new(), Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, cookies.add(gone)))
}

fn cookie(state: &AppState, value: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build((SESSION_COOKIE, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_https())
        .max_age(lifetime)
        .build()
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn a_path_to_go_on_at_stays_on_this_site() {
        assert!(is_own_path("/") && is_own_path("/pt/agents?x=1"));
        for elsewhere in ["", "pt", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"] {
            assert!(!is_own_path(elsewhere), "{elsewhere}");
        }
    }
}
