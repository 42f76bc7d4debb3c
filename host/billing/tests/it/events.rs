//! The five events.

use openclaw_billing::apply_waiting;
use openclaw_platform::billing::begin_checkout;
use serde_json::Value;

use crate::{TestBilling, invoice, paid, subscription};

#[tokio::test]
async fn a_paid_checkout_makes_one_agent_however_often_and_however_many_say_so() {
    let billing = TestBilling::start().await;
    let customer = billing.customer().await;
    let checkout = billing.checkout(customer, "pro").await;
    let event = paid(checkout);
    billing.apply(&[event.clone(), event.clone()]).await;

    // The same payment under another event's id, told to several workers at once.
    let mut again = event;
    for n in 0..4 {
        again["id"] = format!("evt_again_{n}").into();
        assert_eq!(billing.send(&again).await, 200);
    }
    let workers = (0..4).map(|_| apply_waiting(&billing.applier));
    for worker in futures_all(workers).await {
        worker.unwrap();
    }

    assert_eq!(billing.jobs().await, ["provision"]);
    assert_eq!(billing.count("agents WHERE tier = 'pro' AND state = 'provisioning'").await, 1);
    assert_eq!(billing.count("subscriptions WHERE state = 'active'").await, 1);
    assert_eq!(billing.count("usage_periods WHERE token_limit = 5000000").await, 1);
    assert_eq!(billing.count("stripe_events WHERE applied_at IS NULL").await, 0);
}

async fn futures_all<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures::future::join_all(all).await
}

#[tokio::test]
async fn whatever_the_order_the_end_is_the_same() {
    let story = |checkout| -> [Value; 4] {
        [
            paid(checkout),
            subscription("evt_up", "customer.subscription.updated", 10, "team"),
            invoice("evt_renewed", "invoice.payment_succeeded", 20, 1),
            subscription("evt_gone", "customer.subscription.deleted", 30, "team"),
        ]
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
        let billing = TestBilling::start().await;
        let customer = billing.customer().await;
        let events = story(billing.checkout(customer, "starter").await);
        for n in order {
            assert_eq!(billing.send(&events[n]).await, 200);
            apply_waiting(&billing.applier).await.unwrap();
        }
        assert_eq!(billing.count("stripe_events WHERE applied_at IS NULL").await, 0, "{order:?}");
        assert_eq!(billing.count("subscriptions WHERE state = 'canceled'").await, 1, "{order:?}");
        let jobs = billing.jobs().await;
        assert_eq!(
            (jobs.first().unwrap().as_str(), jobs.last().unwrap().as_str()),
            ("provision", "destroy"),
            "{order:?}"
        );
    }
}

#[tokio::test]
async fn the_third_failed_payment_suspends_and_the_next_that_succeeds_reactivates() {
    let billing = TestBilling::start().await;
    let customer = billing.customer().await;
    let checkout = billing.checkout(customer, "starter").await;
    billing.apply(&[paid(checkout), invoice("evt_f1", "invoice.payment_failed", 10, 1)]).await;
    billing.apply(&[invoice("evt_f2", "invoice.payment_failed", 20, 2)]).await;
    assert_eq!(billing.jobs().await, ["provision"]);

    let third = invoice("evt_f3", "invoice.payment_failed", 30, 3);
    billing.apply(&[third.clone(), third, invoice("evt_f4", "invoice.payment_failed", 40, 4)]).await;
    assert_eq!(billing.jobs().await, ["provision", "suspend"]);

    billing.apply(&[invoice("evt_ok", "invoice.payment_succeeded", 50, 5)]).await;
    // A failure that Stripe told of before, and that comes late, changes nothing any more.
    billing.apply(&[invoice("evt_late", "invoice.payment_failed", 45, 4)]).await;
    assert_eq!(billing.jobs().await, ["provision", "suspend", "reactivate"]);
    assert_eq!(billing.count("subscriptions WHERE state = 'active' AND failed_payments = 0").await, 1);
}

#[tokio::test]
async fn a_renewal_opens_its_period_once_and_a_tier_change_resizes_once() {
    let billing = TestBilling::start().await;
    let customer = billing.customer().await;
    let checkout = billing.checkout(customer, "starter").await;
    let renewed = invoice("evt_renewed", "invoice.payment_succeeded", 2_592_000, 1);
    let mut again = renewed.clone();
    again["id"] = "evt_renewed_again".into();
    billing.apply(&[paid(checkout), renewed, again]).await;
    assert_eq!(billing.count("usage_periods").await, 2);

    // What a change of plan costs is paid at once, and gives no tokens anew.
    let mut prorated = invoice("evt_prorated", "invoice.payment_succeeded", 2_592_001, 1);
    prorated["data"]["object"]["billing_reason"] = "subscription_update".into();
    billing.apply(&[prorated]).await;
    assert_eq!(billing.count("usage_periods").await, 2);

    let up = subscription("evt_up", "customer.subscription.updated", 2_592_001, "pro");
    let stale = subscription("evt_stale", "customer.subscription.updated", 5, "team");
    let same = subscription("evt_same", "customer.subscription.updated", 2_592_002, "pro");
    billing.apply(&[up, stale, same]).await;
    assert_eq!(billing.jobs().await, ["provision", "resize"]);
    assert_eq!(billing.count("subscriptions WHERE tier = 'pro'").await, 1);
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_waits_says_why_and_holds_up_nothing() {
    let billing = TestBilling::start().await;
    let customer = billing.customer().await;
    let checkout = billing.checkout(customer, "starter").await;
    billing.apply(&[subscription("evt_early", "customer.subscription.deleted", 90, "pro")]).await;
    assert_eq!(billing.count("stripe_events WHERE applied_at IS NULL AND error LIKE '%the checkout of%'").await, 1);
    billing.apply(&[paid(checkout)]).await;
    assert_eq!(billing.jobs().await, ["provision", "destroy"]);
}

#[tokio::test]
async fn an_interview_that_was_paid_twice_makes_one_agent() {
    let billing = TestBilling::start().await;
    let customer = billing.customer().await;
    let interview = billing.interview(customer).await;
    let begin = async || begin_checkout(&billing.database.pool, customer, interview, "pro").await.unwrap();
    let (first, second) = (begin().await, begin().await);
    let mut surplus = paid(second);
    surplus["id"] = "evt_second".into();
    surplus["data"]["object"]["subscription"] = "sub_2".into();
    billing.apply(&[paid(first), surplus]).await;
    assert_eq!(billing.jobs().await, ["provision"]);
    assert_eq!(billing.count("subscriptions WHERE id = 'sub_1'").await, 1);
    assert_eq!(billing.count("stripe_events WHERE outcome = 'a second payment, canceled'").await, 1);
}
