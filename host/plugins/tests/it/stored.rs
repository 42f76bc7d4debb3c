//! What a tool writes is kept when its call succeeds, and otherwise not.

use std::sync::Arc;

use async_trait::async_trait;
use openclaw_plugins::storage::{Ephemeral, Pair, Size, Storage, StorageError, Transaction, Write};

use crate::{TestHost, broken, call_with, refusal, text, unharmed};

#[tokio::test]
async fn a_call_that_succeeds_keeps_what_it_wrote() {
    let release = TestHost::start().hostile().await;
    let space = Arc::new(Ephemeral::new());
    assert_eq!(text(call_with(&release, "store", "key", space.clone()).await), "Ok(())");
    assert_eq!(text(call_with(&release, "read", "key", space.clone()).await), r#"Ok(Some("value"))"#);
    call_with(&release, "store", "kin", space.clone()).await.result.unwrap();
    assert_eq!(text(call_with(&release, "scan", "", space).await), "key,kin");
}

#[tokio::test]
async fn a_call_that_fails_traps_or_runs_out_of_time_leaves_nothing() {
    let release = TestHost::start().hostile().await;
    let space = Arc::new(Ephemeral::new());
    refusal(call_with(&release, "store-then-fail", "key", space.clone()).await);
    for tool in ["store-then-panic", "store-then-loop"] {
        broken(call_with(&release, tool, "key", space.clone()).await);
    }
    assert!(space.pairs().await.is_empty());
    unharmed(&release).await;
}

#[tokio::test]
async fn the_quota_holds_for_a_whole_batch_and_counts_what_is_replaced() {
    let release = TestHost::start().hostile().await;
    let space = Arc::new(Ephemeral::new());
    let batch = text(call_with(&release, "half-a-batch", "", space.clone()).await);
    assert!(batch.contains("QuotaExceeded") && batch.contains("1000"), "{batch}");
    assert!(space.pairs().await.is_empty());
    assert_eq!(text(call_with(&release, "replace", "", space.clone()).await), "Ok(()) Ok(())");
    assert_eq!(space.pairs().await[0].value.len(), 700);
}

#[tokio::test]
async fn keys_have_a_quota_too_and_half_a_batch_is_never_kept() {
    let test = TestHost::with(|config| config.limits.storage_keys = 10);
    let release = test.hostile().await;
    let space = Arc::new(Ephemeral::new());
    assert_eq!(text(call_with(&release, "many-keys", "10", space.clone()).await), "Ok(())");
    // The same keys again are no more than before.
    assert_eq!(text(call_with(&release, "many-keys", "10", space.clone()).await), "Ok(())");
    let more = text(call_with(&release, "many-keys", "11", space.clone()).await);
    assert!(more.contains("may have 10 keys at most"), "{more}");
    assert_eq!(space.pairs().await.len(), 10);
}

#[tokio::test]
async fn a_scan_that_would_bring_too_much_is_refused_and_the_call_goes_on() {
    let test = TestHost::with(|config| config.limits.scan_bytes = 500);
    let release = test.hostile().await;
    let space = Arc::new(Ephemeral::new());
    assert_eq!(text(call_with(&release, "replace", "", space.clone()).await), "Ok(()) Ok(())");
    let told = text(call_with(&release, "scan", "", space).await);
    assert!(told.contains("ask for fewer pairs"), "{told}");
}

#[tokio::test]
async fn compare_and_set_sees_the_calls_own_writes() {
    let release = TestHost::start().hostile().await;
    let compared = call_with(&release, "compare", "", Arc::new(Ephemeral::new())).await;
    assert_eq!(text(compared), "Ok(true) Ok(false)");
}

#[tokio::test]
async fn a_key_that_may_not_be_is_refused() {
    let release = TestHost::start().hostile().await;
    for key in ["", "a\nb", &"x".repeat(257)] {
        let stored = text(call_with(&release, "store", key, Arc::new(Ephemeral::new())).await);
        assert!(stored.contains("InvalidKey"), "{stored}");
    }
}

/// A storage whose server is away, or goes away at the first write.
struct Away {
    from_the_start: bool,
}

#[async_trait]
impl Storage for Away {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        if self.from_the_start {
            return Err(StorageError::Unavailable("no connection".into()));
        }
        Ok(Box::new(Breaking))
    }
}

/// As Postgres after an error within a transaction: a commit would be taken and keep nothing.
struct Breaking;

#[async_trait]
impl Transaction for Breaking {
    async fn get(&mut self, _: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }
    async fn scan(&mut self, _: &str, _: Option<&str>, _: u32, _: u64) -> Result<Vec<Pair>, StorageError> {
        Ok(vec![])
    }
    async fn apply(&mut self, _: Vec<Write>) -> Result<(), StorageError> {
        Err(StorageError::Unavailable("the connection broke".into()))
    }
    async fn compare_and_set(&mut self, _: &str, _: Option<&[u8]>, _: Option<&[u8]>) -> Result<bool, StorageError> {
        Ok(true)
    }
    async fn size(&mut self) -> Result<Size, StorageError> {
        Ok(Size::default())
    }
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_that_stores_nothing_never_touches_the_storage() {
    let release = TestHost::start().hostile().await;
    let away = || Arc::new(Away { from_the_start: true });
    assert_eq!(text(call_with(&release, "count", "{}", away()).await), "0");
    let told = text(call_with(&release, "store", "key", away()).await);
    assert!(told.contains("Unavailable"), "{told}");
}

#[tokio::test]
async fn a_niche_cannot_succeed_over_a_storage_that_failed() {
    let release = TestHost::start().hostile().await;
    let away = Arc::new(Away { from_the_start: false });
    let error = broken(call_with(&release, "store", "key", away).await);
    assert_eq!(error.code(), "storage", "{error}");
    unharmed(&release).await;
}
