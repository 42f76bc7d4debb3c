//! The OpenAPI document: what every route has in common is written once, here.

mod billing;

use openclaw_api_types::Problem;
use utoipa::{
    OpenApi as _,
    openapi::{
        Components, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "openclaw-cloud",
        description = "Choose a niche, subscribe, use. Errors are RFC 9457 problems. Instants are RFC 3339 in UTC."
    ),
    components(schemas(Problem))
)]
struct Document;

/// The document without its paths.
pub(crate) fn base() -> OpenApi {
    let mut document = Document::openapi();
    document.merge(billing::Billing::openapi());
    document
}

/// Adds to each path how to authenticate and that anything may go wrong.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let cookie = ApiKey::Cookie(ApiKeyValue::new(openclaw_platform::accounts::SESSION_COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    for name in ["proxyToken", "adminToken"] {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme(name, SecurityScheme::Http(bearer));
    }
    let problem = ResponseBuilder::new()
        .description("A problem: `type` is stable and says what it is.")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build(),
        )
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".into(), RefOr::T(problem.clone()));
            let tag = operation.tags.iter().flatten().next().map(String::as_str);
            let scheme = match tag {
                Some("agents" | "chat" | "checkout") => "session",
                Some("gateways") => "proxyToken",
                Some("internal" | "admin" | "registry") => "adminToken",
                _ => continue,
            };
            operation.security = Some(vec![SecurityRequirement::new(scheme, Vec::<String>::new())]);
        }
    }
    document
}
