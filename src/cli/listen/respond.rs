//! Responses, and the headers that each has.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::cli::escape;

/// The content type of plain text.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// One line of plain text.
pub(super) fn line(code: StatusCode, text: &str) -> Response {
    page(code, TEXT, format!("{}\n", escape::plain(text)))
}

/// A page of this content type, which no cache keeps.
pub(super) fn page(code: StatusCode, content_type: &'static str, body: String) -> Response {
    (code, [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// Closes the connection after the response, because an idle one would occupy a slot, and forbids browsers to sniff, embed or run it.
pub(super) async fn closed(mut response: Response) -> Response {
    let more = [
        (header::CONNECTION, "close"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    response.headers_mut().extend(more.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
