//! The interview of a real niche, to its end.

use openclaw_platform::{OnboardingId, onboarding, vault::Vault};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::app::{Reply, TestApp};

struct Interview<'a> {
    app: &'a TestApp,
    id: String,
    cookie: String,
}

impl<'a> Interview<'a> {
    async fn begin(app: &'a TestApp) -> Self {
        let begun = app.post("/v1/onboarding", json!({ "niche": "pharmacy", "locale": "pt" })).send().await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        let id = begun.body["id"].as_str().unwrap().to_owned();
        assert!(begun.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{}", begun.header("set-cookie"));
        Self { app, cookie: begun.set_cookie("openclaw_onboarding"), id }
    }

    async fn answer(&self, question: &str, value: &str) -> Reply {
        let path = format!("/v1/onboarding/{}/answers", self.id);
        self.app.post(&path, json!({ "question": question, "value": value })).cookie(&self.cookie).send().await
    }

    async fn show(&self) -> Value {
        self.app.get(&format!("/v1/onboarding/{}", self.id)).cookie(&self.cookie).send().await.ok()
    }

    async fn answer_all(&self, answers: &[(&str, &str)]) -> Value {
        let mut last = Value::Null;
        for (question, value) in answers {
            last = self.answer(question, value).await.ok();
        }
        last
    }
}

const BEGINNING: [(&str, &str); 5] = [
    ("pharmacy-name", "Farmácia Boa Viagem"),
    ("city", "Recife/PE"),
    ("cnpj", "12.ABC.345/01DE-35"),
    ("opening-hours", "Todo dia, 8h às 20h"),
    ("stock-system", "none"),
];
const BOT_TOKEN: &str = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1";

#[tokio::test]
async fn an_interview_goes_to_its_end_over_a_restart_and_a_wrong_number() {
    let mut app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    let first = interview.show().await;
    assert_eq!(first["step"]["question"]["id"], "pharmacy-name");
    interview.answer_all(&BEGINNING[..2]).await;

    let refused = interview.answer("cnpj", "12.ABC.345/01DE-36").await;
    assert_eq!(refused.problem(), (422, "invalid-answer", Some("cnpj")));
    insta::assert_json_snapshot!(refused.body["detail"], @r#""Os dígitos verificadores não conferem: há um caractere trocado.""#);
    let empty = interview.answer("cnpj", " ").await;
    assert_eq!(empty.body["detail"], "Esta resposta não pode ficar em branco.");

    let (id, cookie) = (interview.id, interview.cookie);
    app.restart().await;
    let interview = Interview { app: &app, id, cookie };
    assert_eq!(interview.show().await["step"]["question"]["id"], "cnpj", "nothing was lost");
    interview.answer_all(&BEGINNING[2..]).await;
    let done = interview.answer("telegram-token", "web-chat").await.ok();
    insta::assert_json_snapshot!(done["step"], @r#"
    {
      "kind": "done",
      "summary": [
        {
          "label": "Farmácia",
          "question": "pharmacy-name",
          "value": "Farmácia Boa Viagem"
        },
        {
          "label": "Cidade",
          "question": "city",
          "value": "Recife/PE"
        },
        {
          "label": "CNPJ",
          "question": "cnpj",
          "value": "12.ABC.345/01DE-35"
        },
        {
          "label": "Horário",
          "question": "opening-hours",
          "value": "Todo dia, 8h às 20h"
        },
        {
          "label": "Controle de estoque",
          "question": "stock-system",
          "value": "Nenhum, ou papel"
        },
        {
          "label": "Bot do Telegram",
          "question": "telegram-token",
          "value": "Só pelo chat do site"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn an_answer_of_several_lines_is_taken_as_browsers_send_it() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    interview.answer_all(&BEGINNING[..3]).await;
    let taken = interview.answer("opening-hours", "Segunda a sexta, 8h às 20h\r\nSábado, 8h às 13h").await.ok();
    let answered = taken["answered"].as_array().unwrap().last().unwrap();
    assert_eq!(answered["value"], "Segunda a sexta, 8h às 20h\nSábado, 8h às 13h");
}

#[tokio::test]
async fn an_earlier_answer_given_anew_keeps_what_came_after_and_back_takes_one() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    interview.answer_all(&BEGINNING[..3]).await;
    let anew = interview.answer("city", "Olinda/PE").await.ok();
    assert_eq!(anew["step"]["question"]["id"], "opening-hours");
    let values: Vec<_> = anew["answered"].as_array().unwrap().iter().map(|a| a["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["Farmácia Boa Viagem", "Olinda/PE", "12.ABC.345/01DE-35"]);
    let path = format!("/v1/onboarding/{}/back", interview.id);
    let back = app.post(&path, json!({})).cookie(&interview.cookie).send().await.ok();
    assert_eq!(back["step"]["question"]["id"], "cnpj");
    let ahead = interview.answer("opening-hours", "8h às 20h").await;
    assert_eq!(ahead.problem(), (422, "unknown-question", Some("question")));
}

#[tokio::test]
async fn an_earlier_answer_given_anew_keeps_the_bot_token_and_the_end() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    interview.answer_all(&BEGINNING).await;
    interview.answer_all(&[("telegram-token", BOT_TOKEN), ("telegram-user", "123456789")]).await;
    let refused = interview.answer("pharmacy-name", " ").await;
    assert_eq!(refused.problem(), (422, "invalid-answer", Some("pharmacy-name")));
    let anew = interview.answer("city", "Olinda/PE").await.ok();
    assert_eq!(anew["step"]["kind"], "done");
    let vault = Vault::new(&app.settings.platform_key).unwrap();
    let finished = onboarding::finished(&app.db, &vault, OnboardingId(interview.id.parse().unwrap())).await.unwrap();
    assert_eq!(finished.bot_token.unwrap().expose_secret(), BOT_TOKEN);
    assert_eq!(finished.telegram_user, Some(123_456_789));
    assert_eq!(finished.answers[1].value, "Olinda/PE");
}

#[tokio::test]
async fn a_bot_token_is_kept_encrypted_and_never_sent_back() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    interview.answer_all(&BEGINNING).await;
    let refused = interview.answer("telegram-token", "123").await;
    assert_eq!(refused.problem(), (422, "invalid-answer", Some("telegram-token")));

    let told = interview.answer("telegram-token", BOT_TOKEN).await.ok();
    assert!(!told.to_string().contains(BOT_TOKEN));
    assert_eq!(told["answered"][5]["value"], "provided");
    let vault = Vault::new(&app.settings.platform_key).unwrap();
    let id = OnboardingId(interview.id.parse().unwrap());
    let unfinished = onboarding::finished(&app.db, &vault, id).await;
    assert!(matches!(unfinished, Err(openclaw_platform::Error::Conflict(_))));

    interview.answer("telegram-user", "123456789").await.ok();
    let finished = onboarding::finished(&app.db, &vault, id).await.unwrap();
    assert_eq!(finished.bot_token.unwrap().expose_secret(), BOT_TOKEN);
    assert_eq!(finished.telegram_user, Some(123_456_789));
    let kept: String =
        sqlx::query_scalar("SELECT o::text FROM onboarding_sessions o").fetch_one(&app.db).await.unwrap();
    assert!(!kept.contains(BOT_TOKEN));

    // Changing one's mind forgets the token.
    interview.answer("telegram-token", "web-chat").await.ok();
    let finished = onboarding::finished(&app.db, &vault, id).await.unwrap();
    assert!(finished.bot_token.is_none() && finished.telegram_user.is_none());
}

#[tokio::test]
async fn telegram_has_its_say_about_a_bot_token_when_it_can_be_asked() {
    let telegram = axum::Router::new().fallback(async || (axum::http::StatusCode::UNAUTHORIZED, "{}"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async { axum::serve(listener, telegram).await.unwrap() });
    let app = TestApp::with(&[("telegram_api_url", &url)]).await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    interview.answer_all(&BEGINNING).await;
    let refused = interview.answer("telegram-token", BOT_TOKEN).await;
    assert_eq!(refused.problem(), (422, "invalid-answer", Some("telegram-token")));
    assert!(refused.body["detail"].as_str().unwrap().starts_with("O Telegram não reconhece"), "{}", refused.body);
    serving.abort();
}

#[tokio::test]
async fn only_who_holds_the_cookie_continues_and_a_customer_makes_it_theirs() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let interview = Interview::begin(&app).await;
    let path = format!("/v1/onboarding/{}", interview.id);
    assert_eq!(app.get(&path).send().await.problem(), (404, "not-found", None));

    let owner = app.customer("owner@example.com").await;
    let stranger = app.customer("stranger@example.com").await;
    app.get(&path).cookie(&format!("{}; {}", owner.cookie, interview.cookie)).send().await.ok();
    // From now on it is the owner's, with the cookie or without.
    app.get(&path).as_customer(&owner).send().await.ok();
    let both = format!("{}; {}", stranger.cookie, interview.cookie);
    for other in [stranger.cookie.as_str(), interview.cookie.as_str(), both.as_str()] {
        assert_eq!(app.get(&path).cookie(other).send().await.problem(), (404, "not-found", None));
    }
}

#[tokio::test]
async fn what_is_not_for_sale_or_not_there_has_no_interview() {
    let app = TestApp::start().await;
    app.install("legal").await;
    let begin = async |niche: &str| app.post("/v1/onboarding", json!({ "niche": niche, "locale": "pt" })).send().await;
    assert_eq!(begin("legal").await.problem(), (409, "niche-coming-soon", None));
    assert_eq!(begin("nothing").await.problem(), (422, "unknown-niche", Some("niche")));
}

#[tokio::test]
async fn an_interview_asks_its_niche_so_often_a_minute_and_holds_up_no_other() {
    let app = TestApp::start().await;
    app.install("pharmacy").await;
    let (eager, other) = (Interview::begin(&app).await, Interview::begin(&app).await);
    let mut refused = None;
    for _ in 0..130 {
        let answer = app.get(&format!("/v1/onboarding/{}", eager.id)).cookie(&eager.cookie).send().await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("it was asked for too often");
    assert_eq!(refused.problem(), (429, "too-many-requests", None));
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(other.show().await["step"]["question"]["id"], "pharmacy-name");
}
