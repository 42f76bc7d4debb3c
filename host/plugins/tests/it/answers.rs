//! What a niche answers is checked before a caller sees it.

use std::sync::Arc;

use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{Answer, PluginError, QuestionKind, Step, ToolCall, ToolError};

use crate::{TestHost, broken, call, call_with, refusal, scope, text, unharmed};

#[tokio::test]
async fn a_catalog_that_breaks_its_promises_is_refused() {
    let release = TestHost::start().hostile().await;
    for (locale, word) in [("bad-id", "Not An Id"), ("bad-version", "one"), ("long", "tagline")] {
        match release.describe(locale).await.unwrap_err() {
            PluginError::InvalidOutput { export, detail } => {
                assert_eq!(export, "catalog.describe");
                assert!(detail.contains(word), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn tools_that_break_their_promises_are_refused() {
    let release = TestHost::start().hostile().await;
    for locale in ["bad-schema", "scalar-schema", "twice", "bad-name"] {
        let error = release.list_tools(locale).await.unwrap_err();
        assert_eq!(error.code(), "invalid-output", "{locale}: {error}");
    }
    assert_eq!(release.list_tools("pt").await.unwrap().len(), 4);
    assert_eq!(broken(call(&release, "not-json").await).code(), "invalid-output");
    unharmed(&release).await;
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_refused() {
    let release = TestHost::start().hostile().await;
    let answered = |value: &str| [Answer { question: "again".into(), value: value.into() }];
    for value in ["no-options", "upside-down"] {
        let error = release.next_question(&answered(value), "pt").await.unwrap_err();
        assert_eq!(error.code(), "invalid-output", "{error}");
    }
    match release.next_question(&[], "pt").await.unwrap() {
        Step::Ask(question) => assert_eq!(question.kind, QuestionKind::YesNo),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_prompt_that_lacks_an_answer_says_which() {
    let release = TestHost::start().hostile().await;
    let error = release.render_persona(&[], "pt", &[]).await.unwrap_err();
    assert_eq!(error, PluginError::MissingAnswer("name".into()));
    let profile = [Answer { question: "name".into(), value: "São João".into() }];
    assert_eq!(release.render_persona(&profile, "pt", &[]).await.unwrap(), "São João");
}

#[tokio::test]
async fn a_tool_gets_its_arguments_and_says_no_in_its_own_words() {
    let release = TestHost::start().hostile().await;
    let profile = [Answer { question: "a".into(), value: "b".into() }];
    let echo = ToolCall { name: "echo", arguments: r#"{"x":1}"#, locale: "en", profile: &profile, now: 42 };
    let scope = scope(&release, Arc::new(Ephemeral::new())).await;
    assert_eq!(text(release.call_tool(echo, scope).await), r#"{"x":1} en 1 42"#);
    assert_eq!(refusal(call(&release, "no-such-tool").await), ToolError::UnknownTool("no-such-tool".into()));
}

#[tokio::test]
async fn what_a_call_spent_is_told() {
    let release = TestHost::start().hostile().await;
    let outcome = call(&release, "log-once").await;
    assert_eq!(outcome.spent.log_lines, 1);
    assert!(outcome.spent.peak_memory >= 64 << 10, "{:?}", outcome.spent);
    assert!(outcome.spent.cpu <= outcome.spent.wall && !outcome.spent.cpu.is_zero());
}

#[tokio::test]
async fn each_case_of_a_self_test_runs_by_itself() {
    let release = TestHost::start().hostile().await;
    let grant = scope(&release, Arc::new(Ephemeral::new())).await.grant;
    let outcomes = release.self_test(grant).await.unwrap();
    let failed: Vec<_> =
        outcomes.iter().filter_map(|case| Some((case.name.as_str(), case.failure.as_deref()?))).collect();
    assert_eq!(outcomes.len(), 7);
    let [fails, rambles, traps] = failed[..] else { panic!("{failed:?}") };
    assert_eq!(fails, ("fails", "expected 1, got 2"));
    assert!(rambles.1.starts_with("and and") && rambles.1.chars().count() <= 1501, "{rambles:?}");
    assert!(traps.0 == "traps" && traps.1.contains("the case panics"), "{traps:?}");
}

#[tokio::test]
async fn nothing_of_a_call_reaches_the_next() {
    let release = TestHost::start().hostile().await;
    let space = || Arc::new(Ephemeral::new());
    assert_eq!(text(call_with(&release, "store", "key", space()).await), "Ok(())");
    assert_eq!(text(call_with(&release, "read", "key", space()).await), "Ok(None)");
    unharmed(&release).await;
}
