//! Headers, and who may send a form.

use http::StatusCode;

use crate::fixture::TestWeb;

#[tokio::test]
async fn a_page_may_load_and_run_only_its_own() {
    let web = TestWeb::start().await;
    let answer = web.get("/pt").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'nonce-"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"));
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert!(!answer.headers().contains_key("strict-transport-security"));
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    let html = answer.text().await.unwrap();
    assert!(html.contains(&format!("<style nonce=\"{nonce}\">.accent-")));
    assert!(!html.contains(" style=\""), "an inline style would be refused");
}

#[tokio::test]
async fn https_is_asked_for_only_where_people_come_by_it() {
    let web = TestWeb::at("https://openclaw.example").await;
    assert!(web.get("/pt").await.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn another_sites_forms_are_refused() {
    let web = TestWeb::start().await;
    for (path, site, status) in [
        ("/pt/start/pharmacy", "cross-site", StatusCode::FORBIDDEN),
        ("/api/echo", "cross-site", StatusCode::FORBIDDEN),
        ("/pt/start/pharmacy", "same-origin", StatusCode::SEE_OTHER),
    ] {
        let answer = web.client().post(web.url(path)).header("sec-fetch-site", site).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path} from {site}");
    }
}

#[tokio::test]
async fn a_browser_that_names_only_an_origin_is_held_to_it() {
    let web = TestWeb::start().await;
    for (origin, status) in [
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
        ("http://localhost:3000", StatusCode::SEE_OTHER),
        (&web.url(""), StatusCode::SEE_OTHER),
    ] {
        let answer = web.client().post(web.url("/pt/start/pharmacy")).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn an_address_reaches_no_other_route_of_the_api_and_leads_to_no_other_site() {
    let web = TestWeb::start().await;
    for sideways in ["x%2F..%2Fpharmacy", "pharmacy%3Fx", "pharmacy%23"] {
        let answer = web.get(&format!("/pt/niches/{sideways}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{sideways}");
    }
    assert_eq!(web.get("//evil.example/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn files_named_by_their_content_are_kept_for_good() {
    let web = TestWeb::start().await;
    let html = web.get("/pt").await.text().await.unwrap();
    let style = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = web.get(style).await;
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(answer.headers()["content-type"], "text/css; charset=utf-8");
    assert_eq!(web.get("/assets/app.js").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_telegram_bots_become_codes() {
    let web = TestWeb::start().await;
    let code = web.get("/qr/telegram/saojoao_bot").await;
    assert_eq!(code.headers()["content-type"], "image/svg+xml");
    assert_eq!(web.get("/qr/telegram/a%2Fb%3Cscript").await.status(), StatusCode::NOT_FOUND);
}
