//! Installing a release: the file goes to the API, what the API found is shown.

use openclaw_api_types::{Problem, ReleaseRow};
use wasm_bindgen::JsCast;

use crate::{browser, components::prelude::*};

/// The field with the file.
const FILE: &str = "release-file";

/// Where an upload is.
#[derive(Debug, Clone, PartialEq)]
enum Upload {
    Idle,
    Running,
    Done(Box<ReleaseRow>),
    Refused(Box<Problem>),
}

/// The form.
pub(super) fn view(l: Locale) -> View {
    let upload = create_signal(Upload::Idle);
    let busy = move || upload.with(|upload| *upload == Upload::Running).then_some("true");
    section()
        .class("panel upload")
        .attr("aria-labelledby", "upload-title")
        .children((
            h2().class("h5").id("upload-title").children(l.t("upload-title")),
            p().class("soft").children(l.t("upload-text")),
            div().class("upload-row").children((
                label().class("visually-hidden").attr("for", FILE).children(l.t("upload-file")),
                input()
                    .r#type("file")
                    .id(FILE)
                    .attr("accept", ".wasm,application/wasm")
                    .attr("data-test", "release-file"),
                press(Weight::Primary, l.t("upload-install"))
                    .attr("data-test", "release-install")
                    .attr("aria-busy", busy)
                    .on(on_event::click, move |_| send(upload)),
            )),
            div().attr("aria-live", "polite").children(move || outcome(l, &upload.get_clone())),
        ))
        .into()
}

fn outcome(l: Locale, upload: &Upload) -> View {
    match upload {
        Upload::Idle | Upload::Running => View::new(),
        Upload::Done(row) => banner(
            Tone::Ok,
            p().attr("data-test", "release-installed").children((
                span().children(l.with(
                    "upload-done",
                    &[
                        ("niche", row.niche.as_str().into()),
                        ("version", row.version.as_str().into()),
                        ("count", (row.self_test.len() as i64).into()),
                    ],
                )),
                " ",
                a().href(l.path("/admin/releases")).children(l.t("upload-reload")),
            )),
        ),
        // The admin installs what an author built: the platform's own words tell the author what to mend.
        Upload::Refused(problem) => banner(
            Tone::Danger,
            (
                strong().children(
                    l.find(&format!("problem-{}", problem.code()), &[]).unwrap_or_else(|| l.t("upload-refused")),
                ),
                p().class("mono small").attr("data-test", "release-refused").children(problem.detail.clone()),
            ),
        ),
    }
}

fn send(upload: Signal<Upload>) {
    let field = document().get_element_by_id(FILE).and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok());
    let file = field.and_then(|field| field.files()).and_then(|files| files.get(0));
    let (Some(file), false) = (file, upload.with_untracked(|upload| *upload == Upload::Running)) else { return };
    upload.set(Upload::Running);
    sycamore::futures::spawn_local_scoped(async move {
        match browser::ask::<ReleaseRow>("POST", "/v1/admin/releases", browser::Body::File(file)).await {
            Ok(row) => upload.set(Upload::Done(Box::new(row))),
            Err(problem) => upload.set(Upload::Refused(Box::new(problem))),
        }
    });
}
