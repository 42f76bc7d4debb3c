//! Uploading a release: a plain form with the file; where scripts run it shows how far the file is.

use super::refusal;
use crate::{components::prelude::*, document::Outcome};

/// The form. What came of the last try stands in it.
pub(super) fn view(l: Locale, outcome: &Outcome) -> View {
    let refused = outcome.refused("upload").map(|refused| refusal(l, &refused.problem));
    let file = |id: &'static str, accept: &'static str| input().r#type("file").id(id).name(id).attr("accept", accept);
    section()
        .class("panel upload")
        .attr("aria-labelledby", "upload-title")
        .children((
            h2().class("h5").id("upload-title").children(l.t("upload-title")),
            p().class("soft").children(l.t("upload-text")),
            div()
                .id("upload-outcome")
                .attr("aria-live", "polite")
                .attr("data-away", l.t("upload-away"))
                .children(View::from(refused)),
            form()
                .class("stack small-gap")
                .method("post")
                .action(l.path("/admin/releases"))
                .attr("enctype", "multipart/form-data")
                .attr("data-upload", "upload-outcome")
                .children((
                    field(
                        "component",
                        l.t("upload-file"),
                        Some(l.t("upload-file-help")),
                        None,
                        file("component", ".wasm,application/wasm")
                            .class("drop")
                            .attr("data-test", "release-file")
                            .attr("aria-describedby", "component-help")
                            .into(),
                    ),
                    field(
                        "signature",
                        l.t("upload-signature"),
                        Some(l.t("upload-signature-help")),
                        None,
                        file("signature", ".sig,text/plain").attr("aria-describedby", "signature-help").into(),
                    ),
                    details().class("more").children((
                        summary().children(l.t("upload-pull")),
                        field(
                            "reference",
                            l.t("upload-reference"),
                            Some(l.t("upload-reference-help")),
                            None,
                            input()
                                .r#type("text")
                                .id("reference")
                                .name("reference")
                                .value(outcome.typed("upload", "reference"))
                                .attr("spellcheck", "false")
                                .attr("autocapitalize", "off")
                                .attr("aria-describedby", "reference-help")
                                .into(),
                        ),
                    )),
                    // Shown by the script that moves it.
                    p().class("upload-progress").bool_attr("hidden", true).children((
                        progress().max("100").value("0").attr("aria-label", l.t("upload-progress")),
                        span()
                            .class("soft small")
                            .attr("data-sending", l.t("upload-sending"))
                            .attr("data-checking", l.t("upload-checking")),
                    )),
                    submit(Weight::Quiet, l.t("upload-send")).attr("data-test", "release-install"),
                )),
        ))
        .into()
}
