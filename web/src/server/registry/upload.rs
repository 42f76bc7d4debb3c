//! Uploading a release: a file with its signature, or the reference that the platform fetches it by.

use axum::{
    extract::multipart::{self, Multipart, MultipartError},
    response::Response,
};
use http::{HeaderValue, StatusCode};
use openclaw_api_types::{Problem, PullRelease, RegistrySettings, ReleasePage};

use super::{
    super::{admin, api::Failure, reader::Reader},
    answer, home_page, refused,
};

/// Largest file that is taken, in bytes: the API says what is too large; this keeps the web's memory bounded.
const LARGEST: usize = 128 << 20;
/// Largest signature file, in bytes: a line.
const LARGEST_SIGNATURE: usize = 4 << 10;
/// Says whose signature an upload carries.
const SIGNATURE: &str = "openclaw-signature";

/// What an upload's form brought.
#[derive(Default)]
struct Upload {
    component: Vec<u8>,
    signature: Vec<u8>,
    reference: String,
}

/// Uploads a release: a file, or the reference that the platform fetches it by.
pub(in super::super) async fn upload(reader: Reader, form: Multipart) -> Response {
    // Who may not upload is told before anything is kept in memory for them.
    if let Err(failure) = reader.call().get::<RegistrySettings>("/v1/admin/registry-settings").await {
        return admin::failed(&reader, failure);
    }
    let upload = match read(form).await {
        Ok(upload) => upload,
        Err(problem) => return refuse_upload(&reader, Failure::Problem(problem), String::new()).await,
    };
    let mut call = reader.call().patient();
    let sent: Result<ReleasePage, Failure> = if upload.component.is_empty() && !upload.reference.is_empty() {
        call.post("/v1/admin/releases", &PullRelease { reference: upload.reference.clone() }).await
    } else {
        let line = String::from_utf8_lossy(&upload.signature).trim().to_owned();
        // What a header cannot hold is no signature either; the API says so of an empty one.
        let signature = (!upload.signature.is_empty())
            .then(|| HeaderValue::try_from(line).unwrap_or_else(|_| HeaderValue::from_static("")));
        call.upload("/v1/admin/releases", upload.component, signature.map(|signature| (SIGNATURE, signature))).await
    };
    match sent {
        Ok(page) => {
            let digest = page.release.digest.trim_start_matches("sha256:");
            reader.go(&format!("/admin/releases/{digest}?done=upload"), call.cookies)
        }
        Err(failure) => refuse_upload(&reader, failure, upload.reference).await,
    }
}

async fn refuse_upload(reader: &Reader, failure: Failure, reference: String) -> Response {
    match refused(failure, "upload", vec![("reference".to_owned(), reference)]) {
        Ok((status, outcome)) => {
            let page = home_page(reader, outcome).await;
            answer(reader, status, page).await
        }
        Err(failure) => admin::failed(reader, failure),
    }
}

fn unreadable(status: StatusCode, code: &str, detail: String) -> Problem {
    Problem {
        r#type: format!("https://openclaw.cloud/problems/{code}"),
        title: "The upload cannot be read".to_owned(),
        status: status.as_u16(),
        detail,
        field: None,
    }
}

async fn read(mut form: Multipart) -> Result<Upload, Problem> {
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(cut)? {
        match field.name().unwrap_or_default() {
            "component" => upload.component = bytes(field, LARGEST).await?,
            "signature" => upload.signature = bytes(field, LARGEST_SIGNATURE).await?,
            "reference" => upload.reference = field.text().await.map_err(cut)?.trim().to_owned(),
            _ => {}
        }
    }
    Ok(upload)
}

fn cut(error: MultipartError) -> Problem {
    unreadable(StatusCode::BAD_REQUEST, "upload-cut", error.body_text())
}

/// A field's bytes, if they are not too many. What is too large is read to its end all the same: a browser that is
/// cut off shows no answer.
async fn bytes(mut field: multipart::Field<'_>, most: usize) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(chunk) = field.chunk().await.map_err(cut)? {
        length += chunk.len();
        if length <= most {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    if length > most {
        let detail = format!("the file has {length} bytes, and at most {most} are taken");
        return Err(unreadable(StatusCode::PAYLOAD_TOO_LARGE, "component-too-large", detail));
    }
    Ok(bytes)
}
