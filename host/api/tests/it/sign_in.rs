//! Signing in by a link.

use openclaw_platform::accounts;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpListener,
};

use crate::app::{Reply, TestApp};

async fn ask(app: &TestApp, email: &str) -> Reply {
    app.post("/v1/sign-in", json!({ "email": email, "locale": "en", "next": "/en/agents" })).send().await
}

/// The token in the newest mail.
async fn token(app: &TestApp) -> String {
    let outbox = app.get("/dev/outbox").send().await.ok();
    let text = outbox["items"][0]["text"].as_str().unwrap().to_owned();
    let link = text.split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned();
    assert!(link.starts_with("http://localhost:3000/en/sign-in?token="), "{link}");
    link.split_once("token=").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_link_signs_in_once_and_signing_out_ends_the_session() {
    let app = TestApp::start().await;
    let asked = ask(&app, "Ana@Example.com").await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let token = token(&app).await;

    let opened = app.post("/v1/session", json!({ "token": token })).send().await;
    let cookie = opened.set_cookie("openclaw_session");
    assert!(opened.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let signed_in = opened.ok();
    assert_eq!(
        (signed_in["customer"]["email"].as_str(), signed_in["next"].as_str()),
        (Some("ana@example.com"), Some("/en/agents"))
    );
    assert_eq!(app.get("/v1/session").cookie(&cookie).send().await.ok(), signed_in["customer"]);

    let again = app.post("/v1/session", json!({ "token": token })).send().await;
    insta::assert_json_snapshot!(again.body, @r#"
    {
      "detail": "This link was used before or is too old: ask for another.",
      "field": "token",
      "status": 422,
      "title": "A field will not do",
      "type": "https://openclaw.cloud/problems/invalid-link"
    }
    "#);

    let out =
        app.request(reqwest::Method::DELETE, "/v1/session").cookie(&cookie).header("origin", "http://localhost:3000");
    assert_eq!(out.send().await.status, 204);
    assert_eq!(app.get("/v1/session").cookie(&cookie).send().await.problem(), (401, "not-signed-in", None));
}

#[tokio::test]
async fn an_old_link_opens_nothing() {
    let app = TestApp::start().await;
    ask(&app, "ana@example.com").await.ok();
    let token = token(&app).await;
    sqlx::query("UPDATE sign_in_links SET expires_at = now() - interval '1 second'").execute(&app.db).await.unwrap();
    let late = app.post("/v1/session", json!({ "token": token })).send().await;
    assert_eq!(late.problem(), (422, "invalid-link", Some("token")));
}

#[tokio::test]
async fn one_address_is_sent_few_links_and_others_are_not_held_up() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        assert_eq!(ask(&app, "ana@example.com").await.status, 202);
    }
    let sixth = ask(&app, "ANA@example.com").await;
    assert_eq!(sixth.problem(), (429, "too-many-requests", None));
    assert_eq!(sixth.header("retry-after"), "900");
    assert_eq!(ask(&app, "bia@example.com").await.status, 202);
}

#[tokio::test]
async fn one_client_asks_only_so_often_whatever_the_address_and_others_are_not_held_up() {
    let app = TestApp::start().await;
    let ask = |n: usize, client: &str| {
        let wanted = json!({ "email": format!("c{n}@example.com"), "locale": "pt" });
        app.post("/v1/sign-in", wanted).header("x-forwarded-for", client).send()
    };
    let mut sent = 0;
    let refused = loop {
        let answer = ask(sent, "192.0.2.1").await;
        if answer.status != 202 {
            break answer;
        }
        sent += 1;
    };
    // Some more while the bucket fills again.
    assert!((20..60).contains(&sent), "{sent}");
    assert_eq!(refused.problem(), (429, "too-many-requests", None));
    assert!((1..=4).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(ask(1_000, "192.0.2.2").await.status, 202);
    let begin = || {
        let wanted = json!({ "niche": "nothing", "locale": "pt" });
        app.post("/v1/onboarding", wanted).header("x-forwarded-for", "192.0.2.1").send()
    };
    let mut begun = 0;
    let refused = loop {
        let answer = begin().await;
        if answer.status != 422 {
            break answer;
        }
        begun += 1;
    };
    assert!((60..180).contains(&begun), "{begun}");
    assert_eq!(refused.problem(), (429, "too-many-requests", None));
}

#[tokio::test]
async fn what_is_over_is_forgotten_but_links_that_count_are_kept() {
    let app = TestApp::start().await;
    app.customer("ana@example.com").await;
    ask(&app, "bia@example.com").await;
    assert_eq!(accounts::forget_expired(&app.db).await.unwrap(), 0);
    sqlx::query("UPDATE sessions SET expires_at = now() - interval '1 second'").execute(&app.db).await.unwrap();
    sqlx::query("UPDATE sign_in_links SET expires_at = now()").execute(&app.db).await.unwrap();
    assert_eq!(accounts::forget_expired(&app.db).await.unwrap(), 1, "links still count for their address");
    sqlx::query("UPDATE sign_in_links SET created_at = now() - interval '1 day'").execute(&app.db).await.unwrap();
    assert_eq!(accounts::forget_expired(&app.db).await.unwrap(), 2);
}

#[tokio::test]
async fn what_cannot_be_an_address_or_a_path_of_ours_is_named() {
    let app = TestApp::start().await;
    assert_eq!(ask(&app, "ana").await.problem(), (422, "invalid-email", Some("email")));
    let elsewhere = json!({ "email": "ana@example.com", "locale": "pt", "next": "//evil.example" });
    assert_eq!(app.post("/v1/sign-in", elsewhere).send().await.problem(), (422, "invalid-next", Some("next")));
    let misspelt = json!({ "email": "ana@example.com", "locale": "pt", "nxt": "/" });
    assert_eq!(app.post("/v1/sign-in", misspelt).send().await.problem(), (422, "unknown-field", Some("nxt")));
}

#[tokio::test]
async fn another_site_cannot_act_in_a_customers_name() {
    let app = TestApp::start().await;
    let ana = app.customer("ana@example.com").await;
    let out = || app.request(reqwest::Method::DELETE, "/v1/session").as_customer(&ana);
    assert_eq!(out().header("origin", "https://evil.example").send().await.problem(), (403, "foreign-origin", None));
    assert_eq!(out().send().await.problem(), (403, "foreign-origin", None));
    app.get("/v1/session").as_customer(&ana).send().await.ok();
}

#[tokio::test]
async fn with_a_mail_server_the_link_goes_out_by_smtp() {
    let (url, mail) = smtp_server().await;
    let app = TestApp::with(&[("smtp_url", &url)]).await;
    assert_eq!(ask(&app, "ana@example.com").await.status, 202);
    let mail = mail.await.unwrap();
    assert!(mail.contains("To: ana@example.com") && mail.contains("Subject: Your sign-in link"), "{mail}");
    assert!(mail.contains("sign-in?token=3D") || mail.contains("sign-in?token="), "{mail}");
    assert_eq!(app.get("/dev/outbox").send().await.ok(), json!({ "items": [] }));
}

/// A mail server (RFC 5321) that takes one mail and hands it over.
async fn smtp_server() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = BufStream::new(socket);
        let (mut mail, mut in_data, mut line) = (String::new(), false, String::new());
        stream.write_all(b"220 test ESMTP\r\n").await.unwrap();
        loop {
            stream.flush().await.unwrap();
            line.clear();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return mail;
            }
            let answer: &[u8] = match line.trim_end() {
                "." if in_data => {
                    stream.write_all(b"250 taken\r\n").await.unwrap();
                    stream.flush().await.unwrap();
                    return mail;
                }
                text if in_data => {
                    mail.push_str(text);
                    mail.push('\n');
                    continue;
                }
                "DATA" => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                _ => b"250 fine\r\n",
            };
            stream.write_all(answer).await.unwrap();
        }
    });
    (url, serving)
}

#[tokio::test]
async fn outside_dev_there_is_no_outbox() {
    let app = TestApp::with(&[
        ("environment", "production"),
        ("smtp_url", "smtp://127.0.0.1:1"),
        ("stripe_secret_key", "sk_test_1"),
    ])
    .await;
    assert_eq!(app.get("/dev/outbox").send().await.problem(), (404, "no-such-route", None));
    // The mail server is away: the customer is told, not left waiting for a mail.
    assert_eq!(ask(&app, "ana@example.com").await.problem(), (503, "mail-away", None));
}
