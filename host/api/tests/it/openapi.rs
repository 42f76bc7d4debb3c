//! The document that describes all this.

use crate::app::TestApp;

#[tokio::test]
async fn every_route_is_in_the_document_with_its_problems() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").send().await.ok();
    let paths = document["paths"].as_object().unwrap();
    for path in ["/v1/niches/{id}", "/v1/onboarding/{id}/answers", "/v1/agents/{id}/chat/events", "/internal/provision"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let asked =
                app.request(method.to_uppercase().parse().unwrap(), &path.replace("{action}", "update")).stream().await;
            let told = asked.text().await.unwrap();
            let missing = told.contains("/no-such-route") || told.contains("/method-not-allowed");
            assert!(!missing, "{method} {path} is not there: {told}");
            assert!(operation["summary"].is_string(), "{method} {path} says what it does");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        }
    }
    assert!(document["components"]["schemas"]["Problem"].is_object());
    let health = app.get("/healthz").send().await.ok();
    assert_eq!(health["role"], "api");
}
