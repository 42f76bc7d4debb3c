//! The webhook's door.

use stripe_webhook::Webhook;

use crate::{SECRET, TestBilling, event};

#[tokio::test]
async fn an_unsigned_wrongly_signed_old_or_malformed_event_is_refused_and_nothing_is_written() {
    let billing = TestBilling::start().await;
    let body = event("evt_1", "invoice.payment_failed", 0, serde_json::json!({})).to_string();
    let hour_ago = time::OffsetDateTime::now_utc().unix_timestamp() - 3600;

    for (what, body, signature) in [
        ("unsigned", body.clone(), None),
        ("another secret", body.clone(), Some(Webhook::generate_test_header(&body, "whsec_other", None))),
        ("old", body.clone(), Some(Webhook::generate_test_header(&body, SECRET, Some(hour_ago)))),
        ("of another body", body.clone() + " ", Some(Webhook::generate_test_header(&body, SECRET, None))),
        ("no header", body.clone(), Some("nonsense".into())),
        ("no JSON", "{".into(), Some(Webhook::generate_test_header("{", SECRET, None))),
        ("no event", "{}".into(), Some(Webhook::generate_test_header("{}", SECRET, None))),
    ] {
        assert_eq!(billing.send_raw(body, signature).await, 400, "{what}");
    }
    assert_eq!(billing.count("stripe_events").await, 0);
}

#[tokio::test]
async fn an_event_of_a_kind_that_is_not_for_us_is_kept_and_done_with() {
    let billing = TestBilling::start().await;
    billing.apply(&[event("evt_1", "charge.refunded", 0, serde_json::json!({ "id": "ch_1" }))]).await;
    assert_eq!(billing.count("stripe_events WHERE outcome = 'not for us'").await, 1);
}
