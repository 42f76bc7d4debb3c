//! `/api`: the API at the web's own origin.

use std::time::Duration;

use futures::StreamExt;
use http::StatusCode;
use openclaw_api_types::Problem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fixture::TestWeb;

#[tokio::test]
async fn events_come_through_one_by_one() {
    let web = TestWeb::start().await;
    let api = web.api.as_ref().unwrap();
    let answer = web.get("/api/v1/agents/x/chat/events").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.bytes_stream();
    for words in ["first", "second"] {
        while api.listeners() == 0 {
            tokio::task::yield_now().await;
        }
        api.say(words);
        let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("it waits in a buffer");
        let event = event.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&event).contains(words));
    }
}

#[tokio::test]
async fn bodies_cookies_and_nothing_of_the_connection_pass() {
    let web = TestWeb::start().await;
    let answer = web
        .client()
        .post(web.url("/api/echo"))
        .header("connection", "x-secret")
        .header("x-secret", "1")
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["set-cookie"], "a=b; Path=/");
    assert_eq!(answer.headers()["x-connection"], "");
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn what_is_for_those_who_run_it_is_not_for_the_internet() {
    let web = TestWeb::start().await;
    let fixture = web.api.as_ref().unwrap().url();
    assert_eq!(web.client().get(format!("{fixture}/metrics")).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(web.get("/api/v1/tiers").await.status(), StatusCode::OK);
    for path in ["metrics", "metrics?x", "internal/jobs/1", "/metrics", "v1%2f..%2fmetrics", "%6detrics"] {
        assert_eq!(web.get(&format!("/api/{path}")).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    // A client would drop the dots before it sends them.
    for path in ["/api/v1/../metrics", "/api/v1/%2e%2e/internal/jobs/1", "/api/../metrics"] {
        assert!(raw(&web, path).await.starts_with("HTTP/1.1 404"), "{path}");
    }
    assert_eq!(web.get("/metrics").await.status(), StatusCode::OK);
    let proxied = web.client().get(web.url("/metrics")).header("x-forwarded-for", "192.0.2.1").send().await.unwrap();
    assert_eq!(proxied.status(), StatusCode::NOT_FOUND);
}

async fn raw(web: &TestWeb, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(web.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_api_is_told_one_address_for_pages_and_for_what_passes() {
    let web = TestWeb::start().await;
    let told = async |from: Option<&str>| {
        let request = web.client().post(web.url("/api/echo")).body("x");
        let request = from.into_iter().fold(request, |request, from| request.header("x-forwarded-for", from));
        request.send().await.unwrap().headers()["x-told"].to_str().unwrap().to_owned()
    };
    assert_eq!(told(None).await, "127.0.0.1");
    assert_eq!(told(Some("192.0.2.9, 192.0.2.1")).await, "192.0.2.1", "a proxy on this machine is ours");
}

#[tokio::test]
async fn an_api_that_is_away_is_a_problem_with_a_time_to_try_again() {
    let web = TestWeb::without_api().await;
    let answer = web.get("/api/v1/niches").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Problem = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(problem.code(), "unavailable");
}

#[tokio::test]
async fn an_admins_token_is_kept_in_a_cookie_and_sent_as_authorization() {
    let web = TestWeb::start().await;
    let signed_in = web.post("/pt/admin/sign-in", &[("token", "wrong")]).await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let page = |token: &'static str| {
        let cookie = format!("openclaw_admin={token}");
        web.client().get(web.url("/pt/admin/agents")).header("cookie", cookie).send()
    };
    assert_eq!(page("wrong").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(page("good").await.unwrap().status(), StatusCode::OK);
}
