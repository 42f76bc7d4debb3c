//! Tools' schemas are strangers' programs, too: what would cost the host something is refused when the release is loaded,
//! and calls are held against the rest.

use std::{sync::Arc, time::Duration};

use openclaw_plugins::storage::Ephemeral;
use openclaw_plugins::{PluginError, ToolError};

use crate::{TestHost, broken, call_in, call_with, refusal, scope, text};

#[tokio::test]
async fn schemas_that_no_host_should_take_are_refused_in_words() {
    let test = TestHost::with(|config| config.limits.memory_bytes = 64 << 20);
    let release = test.component("conformance").await;
    for (locale, expected) in [
        ("no-schema", "the input schema of `hostile` cannot be used: at `/properties/a/type`"),
        ("promise", "the output schema of `hostile` cannot be used: at `/type`"),
        ("large", "the input schema of `hostile` has 100034 bytes; at most 65536"),
        ("remote", "leads out of the schema: nothing is fetched or read for it"),
        ("file", "leads out of the schema: nothing is fetched or read for it"),
        ("recursive", "comes back to itself"),
        ("deep", "nested deeper"),
    ] {
        match release.list_tools(locale).await.unwrap_err() {
            PluginError::InvalidOutput { export: "tools.list-tools", detail } => {
                assert!(detail.contains(expected), "{locale}: {detail}");
            }
            other => panic!("{locale}: {other:?}"),
        }
    }
    // Ten megabytes do not even leave the sandbox, and the error still speaks of schemas.
    match release.list_tools("enormous").await.unwrap_err() {
        PluginError::InvalidOutput { export: "tools.list-tools", detail } => {
            assert_eq!(detail, "the tools and their schemas have more than 1048576 bytes together");
        }
        other => panic!("{other:?}"),
    }
    assert!(!release.list_tools("pt").await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_unfit_reaches_a_tool_and_nothing_of_an_unfit_answer_is_kept() {
    let release = TestHost::start().component("conformance").await;
    let storage = Arc::new(Ephemeral::new());
    let call = async |tool, arguments| call_with(&release, tool, arguments, storage.clone()).await;
    for arguments in [r#"{"n":100}"#, "{}", "[]", "7", "{", r#"{"n":1e400}"#] {
        let refused = refusal(call("keep", arguments).await);
        assert!(matches!(refused, ToolError::InvalidArguments(_)), "{arguments}: {refused:?}");
    }
    assert_eq!(text(call("keep", r#"{"n":7}"#).await), "Kept.");
    for tool in ["keep_and_break_promise", "keep_and_forget_promise"] {
        assert_eq!(broken(call(tool, r#"{"n":8}"#).await).code(), "invalid-output");
    }
    assert_eq!(text(call("kept", "{}").await), r#"{"n":7}"#);
}

#[tokio::test]
async fn a_cancelled_call_ends_at_once_keeps_nothing_and_is_metered() {
    let release = TestHost::start().component("conformance").await;
    let storage = Arc::new(Ephemeral::new());
    let call =
        openclaw_plugins::ToolCall { name: "keep_slowly", arguments: r#"{"n":1}"#, locale: "pt", profile: &[], now: 0 };
    let given = scope(&release, storage.clone()).await;
    let outcome = release.call_tool_until(call, given.clone(), tokio::time::sleep(Duration::from_millis(300))).await;
    assert!(outcome.spent.wall >= Duration::from_millis(200) && outcome.spent.wall < Duration::from_secs(5));
    assert!(outcome.spent.peak_memory > 0, "{:?}", outcome.spent);
    assert_eq!(broken(outcome), PluginError::Cancelled);
    assert_eq!(text(call_in(&release, "kept", "{}", given.clone()).await), "Ok(None)");
    // One that was cancelled before it began never does.
    assert_eq!(broken(release.call_tool_until(call, given, std::future::ready(())).await), PluginError::Cancelled);
}
