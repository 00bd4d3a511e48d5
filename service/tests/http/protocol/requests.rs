//! The id of a request.

use salvo::http::Method;

use super::super::app::TestApp;

#[tokio::test]
async fn a_valid_request_id_is_kept_and_any_other_is_replaced() {
    let app = TestApp::start().await;
    let id_for = async |given: &str| {
        let answer = app
            .client
            .send(Method::GET, "/nope", &[("x-request-id", given)], "")
            .await;
        answer.problem(404);
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(id_for("0b3c2f7e-1d5a-4c58").await, "0b3c2f7e-1d5a-4c58");
    for bad in ["a b", "\"", &"x".repeat(129)] {
        let random = id_for(bad).await;
        assert!(random.len() == 32 && random != bad, "{random}");
    }
    let (one, other) = (app.client.get("/").await, app.client.get("/").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}
