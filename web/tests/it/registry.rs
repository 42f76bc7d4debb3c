//! The registry's pages and forms, without any script.

use http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{
    ACTIVE, APPROVED, COMPLETE, FIRST, PENDING, REJECTED, RETIRED, RUNNING, TAKEN_BACK, TestWeb, location,
};

fn path(digest: &str, rest: &str) -> String {
    format!("/pt/admin/releases/{}{rest}", digest.trim_start_matches("sha256:"))
}

async fn html(web: &TestWeb, path: &str) -> String {
    let answer = web.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.text().await.unwrap()
}

/// A form with files, as browsers send it; whoever has a `cookie` sends that too.
async fn upload(web: &TestWeb, cookie: &str, fields: &[(&str, &[u8])]) -> reqwest::Response {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), value, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--edge--\r\n");
    let request = web.client().post(web.url("/pt/admin/releases")).header("cookie", cookie);
    request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap()
}

/// What the API was sent last.
fn sent(web: &TestWeb) -> (String, Value) {
    web.api.as_ref().unwrap().registry().lock().sent.last().cloned().expect("something was sent")
}

#[tokio::test]
async fn what_waits_for_a_person_comes_first_and_has_the_only_main_action() {
    let web = TestWeb::start().await;
    let page = html(&web, "/pt/admin/releases").await;
    assert_eq!(page.matches("data-test=\"pending\"").count(), 2);
    assert_eq!(page.matches("class=\"button primary\"").count(), 1);
    assert!(page.contains("Farmácia 0.4.0") && page.contains("Pede 5 coisas que ninguém aprovou."));
    assert!(page.contains("Primeira versão do ramo. Pede 2 coisas."));
    assert!(page.find("data-test=\"pending\"") < page.find("data-test=\"registry-niche\""));
    assert!(page.contains("0.3.0 para 25 % dos agentes"));
    assert!(html(&web, "/en/admin/releases").await.contains("2 releases wait for you"));
}

#[tokio::test]
async fn a_niche_lists_its_releases_roll_outs_and_trail() {
    let web = TestWeb::start().await;
    let page = html(&web, "/pt/admin/niches/real-estate").await;
    for words in
        ["0.1.0", "0.2.0", "voltou", "4,1\u{202f}% de 1.312 chamadas travaram", "/pt/admin/audit?niche=real-estate"]
    {
        assert!(page.contains(words), "{words} is missing");
    }
    assert_eq!(web.get("/pt/admin/niches/unknown").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_release_says_what_it_newly_asks_in_words_and_what_is_beyond_the_ceiling() {
    let web = TestWeb::start().await;
    let page = html(&web, &path(PENDING, "")).await;
    for words in [
        "O agente agora encomenda direto do distribuidor.",
        "enviar GET e POST para api.distribuidora.example",
        "Para consultar preços e fazer pedidos.",
        "enviar qualquer requisição para todo endereço abaixo de bulario.example",
        "usar a conexão Google do cliente",
        "guardar mais 95\u{a0}MB de dados por cliente, 100\u{a0}MB ao todo",
        "A plataforma não permite, mesmo que você aprove:",
        "usar a conexão Notion do cliente",
        "wasi:sockets/tcp#connect",
        "4 de 4 passaram",
        "gravação",
        "assinada por Farma Dados",
        PENDING,
        "registry.example.com/niches/pharmacy:0.4.0",
    ] {
        assert!(page.contains(words), "{words} is missing");
    }
    let en = html(&web, &path(PENDING, "").replace("/pt/", "/en/")).await;
    assert!(en.contains("send GET and POST to api.distribuidora.example") && en.contains("To look up prices"));
}

#[tokio::test]
async fn each_state_offers_its_own_steps_and_no_others() {
    let web = TestWeb::start().await;
    let steps = ["approve", "reject", "retire", "roll-out", "complete", "roll-back"];
    for (digest, offered) in [
        (PENDING, &["approve", "reject"][..]),
        (REJECTED, &[]),
        (APPROVED, &["retire", "roll-out", "complete"]),
        (RUNNING, &["roll-out", "complete", "roll-back"]),
        (ACTIVE, &[]),
        (COMPLETE, &["roll-back"]),
        (RETIRED, &["roll-out"]),
    ] {
        let page = html(&web, &path(digest, "")).await;
        for step in steps {
            let there = page.contains(&format!("action=\"{}\"", path(digest, &format!("/{step}"))));
            assert_eq!(there, offered.contains(&step), "{step} of {digest}");
        }
    }
}

#[tokio::test]
async fn approving_says_what_was_done_and_that_nobody_has_it_yet() {
    let web = TestWeb::start().await;
    let answer = web.post(&path(PENDING, "/approve"), &[("reason", " Conferi com a Marina. ")]).await;
    assert_eq!(location(&answer), path(PENDING, "?done=approve"));
    assert_eq!(sent(&web).1, json!({"reason": "Conferi com a Marina.", "rights": null}));
    let page = html(&web, location(&answer)).await;
    assert!(page.contains("data-test=\"done\"") && page.contains("até você começar a distribuição"));
}

#[tokio::test]
async fn approving_a_part_leaves_out_what_was_unticked() {
    let web = TestWeb::start().await;
    let ticked = [("parts", "yes"), ("right", "host:consultas.anvisa.gov.br"), ("right", "storage")];
    web.post(&path(PENDING, "/approve"), &ticked).await;
    let rights = json!({
        "hosts": {"consultas.anvisa.gov.br": ["GET"]}, "connections": [], "storage_bytes": 100_000_000
    });
    assert_eq!(sent(&web).1["rights"], rights);
    let page = html(&web, &path(PENDING, "")).await;
    assert!(page.contains("data-test=\"approved-part\""));
}

#[tokio::test]
async fn a_refused_step_shows_why_and_keeps_what_was_typed() {
    let web = TestWeb::start().await;
    let answer = web.post(&path(RUNNING, "/roll-out"), &[("share", "other"), ("other", "0"), ("reason", "Mais")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.unwrap();
    assert!(page.contains("data-test=\"refused\"") && page.contains("a share is from 1 to 100 percent"));
    assert!(page.contains(">Mais</textarea>"));

    let late = web.post(&path(ACTIVE, "/reject"), &[("reason", "Tarde")]).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(late.text().await.unwrap().contains("Este passo não é mais possível"));
}

#[tokio::test]
async fn rejecting_needs_a_reason_and_shows_it_afterwards() {
    let web = TestWeb::start().await;
    let without = web.post(&path(PENDING, "/reject"), &[("reason", "")]).await;
    assert_eq!(without.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = html(&web, &path(PENDING, "")).await;
    assert!(page.contains("name=\"reason\"") && page.contains("required"));
    let done = web.post(&path(PENDING, "/reject"), &[("reason", "Não precisa escrever lá.")]).await;
    let page = html(&web, location(&done)).await;
    assert!(page.contains("data-test=\"ended\"") && page.contains("Não precisa escrever lá."));
}

#[tokio::test]
async fn why_the_platform_took_a_release_back_is_read_in_the_readers_language() {
    let web = TestWeb::start().await;
    for (locale, why) in [
        ("pt", "4,1\u{202f}% de 1.312 chamadas travaram; antes, 0,3\u{202f}% de 2.040 (são tolerados 1,5 pontos"),
        ("en", "4.1\u{202f}% of 1,312 calls trapped; before, 0.3\u{202f}% of 2,040 (1.5 percentage points"),
    ] {
        let of = |path: String| path.replacen("/pt/", &format!("/{locale}/"), 1);
        for path in [path(TAKEN_BACK, ""), "/pt/admin/niches/real-estate".into(), "/pt/admin/audit".into()] {
            let page = html(&web, &of(path)).await;
            assert!(page.contains(why) && !page.contains("calls trapped, and"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_first_release_is_published_without_a_share() {
    let web = TestWeb::start().await;
    let approved = web.post(&path(FIRST, "/approve"), &[]).await;
    let page = html(&web, location(&approved)).await;
    assert!(page.contains("data-test=\"complete\"") && !page.contains("data-test=\"roll-out\""));
}

#[tokio::test]
async fn a_share_is_one_of_the_list_or_any_number() {
    let web = TestWeb::start().await;
    web.post(&path(APPROVED, "/roll-out"), &[("share", "5"), ("other", ""), ("reason", "")]).await;
    assert_eq!(sent(&web).1, json!({"share": 5, "reason": null}));
    web.post(&path(APPROVED, "/roll-out"), &[("share", "other"), ("other", "33")]).await;
    assert_eq!(sent(&web).1["share"], 33);
    let page = html(&web, &path(APPROVED, "")).await;
    assert!(page.contains("33 % dos agentes"));
}

#[tokio::test]
async fn a_running_roll_out_shows_both_releases_and_what_each_step_does_to_how_many_agents() {
    let web = TestWeb::start().await;
    let page = html(&web, &path(RUNNING, "")).await;
    for words in [
        "25 % dos agentes: 12 de 48 agentes já estão nela.",
        "Mais 36 agentes passam para a 0.3.0",
        "12 agentes nesta versão voltam para a 0.2.0",
        "≈ 24 agentes",
        "1.204",
        "A partir de 200 chamadas",
        "class=\"line-old\"",
        "class=\"line-new\"",
        "check_interactions",
    ] {
        assert!(page.contains(words), "{words} is missing");
    }
    assert!(page.contains(&format!("data-renew=\"{}\"", path(RUNNING, "/figures"))));
    let done = web.post(&path(RUNNING, "/complete"), &[]).await;
    let page = html(&web, location(&done)).await;
    assert!(page.contains("completa") && !page.contains("data-renew="));
    let back = web.post(&path(RUNNING, "/roll-back"), &[("reason", "Respostas lentas.")]).await;
    assert!(html(&web, location(&back)).await.contains("A distribuição voltou por decisão de admin."));
}

#[tokio::test]
async fn the_figures_are_a_part_of_their_own_that_moves() {
    let web = TestWeb::start().await;
    let first = web.get(&path(RUNNING, "/figures")).await;
    assert_eq!(first.headers()["cache-control"], "no-store");
    let first = first.text().await.unwrap();
    let second = html(&web, &path(RUNNING, "/figures")).await;
    assert!(first.contains("data-test=\"figures\"") && !first.contains("<html"));
    assert_ne!(first, second);
    assert_eq!(web.get(&path(PENDING, "/figures")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_step_does_to_one_agent_reads_as_one() {
    let web = TestWeb::start().await;
    let page = html(&web, &path(APPROVED, "")).await;
    assert!(page.contains("O único agente do ramo passa para a 1.2.0 em um segundo"));
    let page = html(&web, &path(COMPLETE, "").replace("/pt/", "/en/")).await;
    assert!(page.contains("1 agent on this release returns to 0.2.0 within a second."));
}

#[tokio::test]
async fn a_release_that_went_back_by_itself_says_so_and_why() {
    let web = TestWeb::start().await;
    let page = html(&web, &path(TAKEN_BACK, "")).await;
    assert!(
        page.contains("A distribuição voltou sozinha.") && page.contains("4,1\u{202f}% de 1.312 chamadas travaram")
    );
    assert!(page.contains("class=\"worse\"") && page.contains("(pior do que a margem permite)"));
}

#[tokio::test]
async fn a_file_is_uploaded_with_its_signature_by_a_plain_form() {
    let web = TestWeb::start().await;
    let send = async |component: &[u8], signature: &str, reference: &str| {
        let fields =
            [("component", component), ("signature", signature.as_bytes()), ("reference", reference.as_bytes())];
        upload(&web, "", &fields).await
    };
    let done = send(b"\0asm and more", "aa:bb\n", "").await;
    assert_eq!(location(&done), path(PENDING, "?done=upload"));
    assert_eq!(sent(&web).1, json!({"body": {"bytes": 13}, "signature": "aa:bb"}));

    let pulled = send(b"", "", "registry.example.com/niches/hello:1.2.0").await;
    assert_eq!(pulled.status(), StatusCode::SEE_OTHER);
    let body = json!({"reference": "registry.example.com/niches/hello:1.2.0"});
    assert_eq!(sent(&web).1, json!({"body": body, "signature": null}));

    let refused = send(b"#!/bin/sh", "", "").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().await.unwrap();
    let outcome = page.split("id=\"upload-outcome\"").nth(1).expect("the form is there again");
    assert!(outcome.contains("Este arquivo não é um componente WebAssembly."));
}

#[tokio::test]
async fn a_stranger_is_asked_for_the_token_before_a_file_is_read() {
    let web = TestWeb::start().await;
    let answer = upload(&web, "openclaw_admin=bad", &[("component", b"\0asm")]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.text().await.unwrap().contains("Este token não foi aceito"));
    assert!(web.api.as_ref().unwrap().registry().lock().sent.is_empty());
}

#[tokio::test]
async fn the_trail_knows_an_admin_by_the_name_they_signed_in_with() {
    let web = TestWeb::start().await;
    let signed_in = web.post("/pt/admin/sign-in", &[("token", "good"), ("name", " João & Cia; ")]).await;
    let cookies = signed_in.headers().get_all("set-cookie").iter();
    let cookies: Vec<_> = cookies.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();
    let request = web.client().post(web.url(&path(PENDING, "/approve"))).header("cookie", cookies.join("; "));
    assert_eq!(request.form(&[("reason", "")]).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(web.api.as_ref().unwrap().registry().lock().audit[0].who, "João & Cia;");

    let platform = web.post("/pt/admin/sign-in", &[("token", "good"), ("name", "platform")]).await;
    let last = platform.headers().get_all("set-cookie").iter().next_back().unwrap().to_str().unwrap();
    assert!(last.starts_with("openclaw_admin_name=;") && last.contains("Max-Age=0"), "{last}");
}

#[tokio::test]
async fn the_rule_is_turned_on_and_off() {
    let web = TestWeb::start().await;
    for (value, words) in [("yes", "Desligar a regra"), ("no", "Ligar a regra")] {
        let done = web.post("/pt/admin/registry-settings", &[("auto", value)]).await;
        assert!(html(&web, location(&done)).await.contains(words));
    }
}

#[tokio::test]
async fn a_publisher_is_registered_and_revoked_after_a_question() {
    let web = TestWeb::start().await;
    let wrong = web.post("/pt/admin/publishers", &[("name", "Nova"), ("key", "abc"), ("niches", "")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().await.unwrap().contains("value=\"Nova\""));
    let key = "A".repeat(64);
    let done = web.post("/pt/admin/publishers", &[("name", "Nova"), ("key", &key), ("niches", "legal, hello")]).await;
    let page = html(&web, location(&done)).await;
    assert!(page.contains("Nova") && page.contains(&"a".repeat(64)) && page.contains("legal, hello"));

    let ask = html(&web, "/pt/admin/publishers/p1/revoke").await;
    assert!(ask.contains("Revogar Farma Dados?") && ask.contains("As 3 versões que já assinou"));
    let without = web.post("/pt/admin/publishers/p1/revoke", &[("reason", "")]).await;
    assert_eq!(without.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = web.post("/pt/admin/publishers/p1/revoke", &[("reason", "Saiu da empresa.")]).await;
    assert!(html(&web, location(&done)).await.contains("Saiu da empresa."));
    assert_eq!(web.get("/pt/admin/publishers/p7/revoke").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_trail_is_read_page_by_page_and_by_niche() {
    let web = TestWeb::start().await;
    let first = html(&web, "/pt/admin/audit").await;
    assert!(first.contains("plataforma") && first.contains("voltou de") && first.contains("Mais antigas"));
    let older = first.split("before=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let second = html(&web, &format!("/pt/admin/audit?before={older}")).await;
    assert!(!second.contains("Mais antigas") && second.contains("Mais recentes"));
    let legal = html(&web, "/pt/admin/audit?niche=legal").await;
    assert!(legal.contains("Pede para escrever em qualquer site.") && !legal.contains("voltou de"));
}

#[tokio::test]
async fn nothing_of_an_admins_page_is_sent_along_as_data() {
    let web = TestWeb::start().await;
    let page = html(&web, &path(PENDING, "")).await;
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap()["page"], "Admin");
}
