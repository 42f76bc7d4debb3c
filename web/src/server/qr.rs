//! The code that opens an agent's bot on a phone.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use qrcode::{EcLevel, QrCode, render::svg};

/// `/qr/telegram/{bot}`: names as Telegram has them, and nothing else.
pub(super) async fn telegram(Path(bot): Path<String>) -> Response {
    let good = (4..=64).contains(&bot.len()) && bot.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !good {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(code) = QrCode::with_error_correction_level(format!("https://t.me/{bot}"), EcLevel::M) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let picture = code.render::<svg::Color<'_>>().min_dimensions(132, 132).quiet_zone(true).build();
    let mut answer = picture.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    answer
}
