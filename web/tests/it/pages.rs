//! Pages as the server renders them: what they say without any script.

use http::StatusCode;

use crate::fixture::{TestWeb, location};

const AGENT: &str = "018f0000-0000-7000-8000-0000000000a1";

#[tokio::test]
async fn the_root_leads_to_portuguese() {
    let web = TestWeb::start().await;
    assert_eq!(location(&web.get("/").await), "/pt");
    assert_eq!(location(&web.get("/en/").await), "/en");
}

#[tokio::test]
async fn the_marketplace_reads_without_scripts_in_both_languages() {
    let web = TestWeb::start().await;
    let pt = web.get("/pt").await.text().await.unwrap();
    let en = web.get("/en").await.text().await.unwrap();
    for (html, words) in [
        (&pt, ["Farmácia", "Jurídico", "Imobiliário", "Contabilidade", "US$\u{a0}19", "Verificar interações"]),
        (&en, ["Pharmacy", "Legal", "Real estate", "Accounting", "US$19", "Check interactions"]),
    ] {
        for word in words {
            assert!(html.contains(word), "{word} is missing");
        }
        assert_eq!(html.matches("data-test=\"niche-card\"").count(), 4);
    }
    assert!(pt.contains("lang=\"pt-BR\"") && en.contains("lang=\"en\""));
}

#[tokio::test]
async fn a_niche_reads_without_scripts() {
    let web = TestWeb::start().await;
    let html = web.get("/pt/niches/pharmacy").await.text().await.unwrap();
    for words in [
        "varfarina",
        "ONC High-Priority",
        "Não diagnostica nem receita",
        "Dar entrada no estoque",
        "Lê de prices.example.com",
        "Envia dados para orders.example.com e lê as respostas",
        "data-test=\"start\"",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
    let soon = web.get("/pt/niches/legal").await.text().await.unwrap();
    assert!(!soon.contains("data-test=\"start\""));
}

#[tokio::test]
async fn an_interview_goes_forward_back_and_to_its_summary_by_plain_forms() {
    let web = TestWeb::start().await;
    let begun = web.post("/pt/start/pharmacy", &[]).await;
    assert_eq!((begun.status(), location(&begun)), (StatusCode::SEE_OTHER, "/pt/onboarding/i1"));
    assert_eq!(begun.headers()["set-cookie"], "interview=i1; Path=/; HttpOnly");

    let answers = [
        ("name", "Farmácia São João"),
        ("cnpj", "11222333000181"),
        ("system", "none"),
        ("alone", "yes"),
        ("telegram-user", ""),
        ("telegram-token", "web-chat"),
    ];
    for (question, value) in answers {
        let html = web.get("/pt/onboarding/i1").await.text().await.unwrap();
        assert!(html.contains(&format!("data-question=\"{question}\"")), "{question} is not asked");
        let answered = web.post("/pt/onboarding/i1", &[("question", question), ("value", value)]).await;
        assert_eq!(answered.status(), StatusCode::SEE_OTHER);
    }
    let summary = web.get("/pt/onboarding/i1").await.text().await.unwrap();
    assert!(summary.contains("data-test=\"summary\"") && summary.contains("11222333000181"));
    let earlier = web.get("/pt/onboarding/i1?at=cnpj").await.text().await.unwrap();
    assert!(earlier.contains("value=\"11222333000181\""));
}

#[tokio::test]
async fn a_refused_answer_is_shown_with_the_reason_and_what_was_typed() {
    let web = TestWeb::start().await;
    web.post("/pt/start/pharmacy", &[]).await;
    web.post("/pt/onboarding/i1", &[("question", "name"), ("value", "Farmácia São João")]).await;
    let refused = web.post("/pt/onboarding/i1", &[("question", "cnpj"), ("value", "123")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = refused.text().await.unwrap();
    assert!(html.contains("Um CNPJ tem 14 caracteres") && html.contains("value=\"123\""));
}

#[tokio::test]
async fn choosing_a_tier_signs_in_first_and_pays_then() {
    let web = TestWeb::start().await;
    web.post("/pt/start/pharmacy", &[]).await;
    for question in ["name", "cnpj", "system", "alone", "telegram-user", "telegram-token"] {
        web.post("/pt/onboarding/i1", &[("question", question), ("value", "11222333000181")]).await;
    }
    let stranger = web.post("/pt/onboarding/i1/plan", &[("tier", "pro")]).await;
    assert_eq!(location(&stranger), "/pt/onboarding/i1/plan?tier=pro");
    let html = web.get("/pt/onboarding/i1/plan?tier=pro").await.text().await.unwrap();
    assert!(html.contains("data-test=\"email-input\"") && html.contains("value=\"/pt/onboarding/i1/plan?tier=pro\""));

    let mailed =
        web.post("/pt/sign-in", &[("email", "ana@example.com"), ("next", "/pt/onboarding/i1/plan?tier=pro")]).await;
    assert!(mailed.text().await.unwrap().contains("data-test=\"mailed\""));
    assert!(web.get("/pt/outbox").await.text().await.unwrap().contains("/pt/sign-in?token=once"));
    let signed_in = web.post("/pt/session", &[("token", "once")]).await;
    assert_eq!(location(&signed_in), "/pt/onboarding/i1/plan?tier=pro");
    assert!(signed_in.headers()["set-cookie"].to_str().unwrap().starts_with("session=good"));

    let customer = web.post_as_customer("/pt/onboarding/i1/plan", &[("tier", "pro")]).await;
    assert_eq!(location(&customer), "/pt/demo-checkout/k1");
    let paid = web.post_as_customer("/pt/demo-checkout/k1", &[]).await;
    assert_eq!(location(&paid), "/pt/progress/k1");
    let progress = web.get_as_customer("/pt/progress/k1").await.text().await.unwrap();
    assert!(
        progress.contains("data-test=\"progress-step-payment\"") && progress.contains("Preparar o espaço do agente")
    );
}

#[tokio::test]
async fn opening_a_link_uses_nothing_up() {
    let web = TestWeb::start().await;
    let html = web.get("/pt/sign-in?token=once").await.text().await.unwrap();
    assert!(html.contains("Entrar nesta conta"), "nobody asked for it here");
    assert!(html.contains("name=\"token\"") && html.contains("value=\"once\""));
    let old = web.post("/pt/session", &[("token", "old")]).await;
    assert_eq!(old.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(old.text().await.unwrap().contains("Este link já foi usado ou venceu"));
}

#[tokio::test]
async fn a_link_goes_on_by_itself_only_where_it_was_asked_for() {
    let web = TestWeb::start().await;
    let asked = web.post("/pt/sign-in", &[("email", "ana@example.com")]).await;
    let cookie = asked.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("openclaw_signing_in=1; ") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let open = web.client().get(web.url("/pt/sign-in?token=once")).header("cookie", cookie).send().await.unwrap();
    let html = open.text().await.unwrap();
    assert!(html.contains("estamos confirmando o seu link") && !html.contains("Entrar nesta conta"));
    let used = web.post("/pt/session", &[("token", "once")]).await;
    let gone = used.headers().get_all("set-cookie").iter().any(|c| c.to_str().unwrap().contains("Max-Age=0"));
    assert!(gone, "{:?}", used.headers());
}

#[tokio::test]
async fn an_agent_is_shown_with_chat_use_answers_and_bill() {
    let web = TestWeb::start().await;
    let html = web.get_as_customer(&format!("/pt/agents/{AGENT}")).await.text().await.unwrap();
    for words in [
        "data-author=\"agent\"",
        "data-test=\"tool-card\"",
        "data-test=\"usage-used\"",
        "Farmácia São João",
        "11.222.333/0001-81",
        "data-test=\"cancel\"",
        "demonstração",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_sign_in_and_back() {
    let web = TestWeb::start().await;
    let answer = web.get("/pt/agents").await;
    assert_eq!(location(&answer), "/pt/sign-in?next=%2Fpt%2Fagents");
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_of_its_own() {
    let web = TestWeb::start().await;
    for path in ["/pt/nowhere", "/pt/niches/unknown", "/nowhere", "/de"] {
        let answer = web.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().await.unwrap().contains("Esta página não existe"), "{path}");
    }
}

#[tokio::test]
async fn without_the_api_the_page_says_so_and_when_to_come_back() {
    let web = TestWeb::without_api().await;
    let answer = web.get("/pt").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(answer.text().await.unwrap().contains("Voltamos já"));
}

#[tokio::test]
async fn the_language_toggle_keeps_the_page() {
    let web = TestWeb::start().await;
    let html = web.get("/pt/niches/pharmacy").await.text().await.unwrap();
    assert!(html.contains("href=\"/en/niches/pharmacy\""));
}

#[tokio::test]
async fn every_admin_section_and_the_design_page_render() {
    let web = TestWeb::start().await;
    for path in ["customers", "agents", "jobs", "releases"] {
        assert_eq!(web.get(&format!("/pt/admin/{path}")).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(web.get("/en/design").await.status(), StatusCode::OK);
}
