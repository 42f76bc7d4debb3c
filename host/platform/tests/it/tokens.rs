//! What a gateway holds, and what closing it does.

use std::time::{Duration, Instant};

use openclaw_platform::{
    agents, db,
    tokens::{self, Authenticator, Refusal},
    vault::Vault,
};
use openclaw_testkit::postgres::{Postgres, database};
use secrecy::{ExposeSecret as _, SecretString};

use crate::agent;

/// The cheapest work factor, for tests.
const COST: u32 = 4;

#[tokio::test]
async fn a_token_opens_its_agent_until_it_is_closed_or_another_is_minted() {
    let database = database().await;
    let vault = Vault::new(&Vault::random_key()).unwrap();
    let id = agent(&database.pool, &vault, "ana@example.com", None).await;
    let authenticator = Authenticator::new(database.pool.clone());
    let mint = async || {
        let mut tx = database.pool.begin().await.unwrap();
        let minted = tokens::mint(&mut tx, id, COST).await.unwrap();
        tx.commit().await.unwrap();
        minted.proxy_token.expose_secret().to_owned()
    };

    let first = mint().await;
    assert_eq!(authenticator.authenticate(&first).await.unwrap().agent, id);
    let second = mint().await;
    assert_eq!(authenticator.authenticate(&second).await.unwrap().agent, id);
    refused_within(&authenticator, &first, Duration::from_secs(5)).await;

    let mut connection = database.pool.acquire().await.unwrap();
    tokens::close(&mut connection, id).await.unwrap();
    tokens::close(&mut connection, id).await.unwrap();
    refused_within(&authenticator, &second, Duration::from_secs(5)).await;
}

async fn refused_within(authenticator: &Authenticator, token: &str, within: Duration) {
    let deadline = Instant::now() + within;
    while authenticator.authenticate(token).await.is_ok() {
        assert!(Instant::now() < deadline, "a closed token is still good");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_only_looks_like_a_token_opens_nothing() {
    let database = database().await;
    let vault = Vault::new(&Vault::random_key()).unwrap();
    let id = agent(&database.pool, &vault, "ana@example.com", None).await;
    let minted = tokens::mint(&mut database.pool.acquire().await.unwrap(), id, COST).await.unwrap();
    let good = minted.proxy_token.expose_secret();
    let authenticator = Authenticator::new(database.pool.clone());
    let other_secret = format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'B' } else { 'A' });
    for token in ["", "oct_", "oct__", &good[..good.len() - 1], &other_secret, &good.to_uppercase()] {
        assert!(matches!(authenticator.authenticate(token).await, Err(Refusal::Unknown)), "{token}");
    }
    assert!(authenticator.bearer(Some(&format!("Bearer {good}"))).await.is_ok());
    assert!(matches!(authenticator.bearer(None).await, Err(Refusal::Unknown)));
}

#[tokio::test]
async fn a_known_token_goes_on_working_while_postgres_is_away_and_an_unknown_one_does_not() {
    let mut postgres = Postgres::temporary().await.unwrap();
    let database = postgres.database().await.unwrap();
    let vault = Vault::new(&Vault::random_key()).unwrap();
    let id = agent(&database.pool, &vault, "ana@example.com", None).await;
    let minted = tokens::mint(&mut database.pool.acquire().await.unwrap(), id, COST).await.unwrap();
    let token = minted.proxy_token.expose_secret();
    let pool = db::pool(&database.url.clone().into(), 2).unwrap();
    let (known, unknown) = (Authenticator::new(pool.clone()), Authenticator::new(pool));
    known.authenticate(token).await.unwrap();

    postgres.stop().await.unwrap();
    // Longer than what was said last is believed without asking.
    let until = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < until {
        let began = Instant::now();
        assert_eq!(known.authenticate(token).await.unwrap().agent, id);
        assert!(began.elapsed() < Duration::from_secs(1), "a known token waits for nobody");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(matches!(unknown.authenticate(token).await, Err(Refusal::Away(_))));
}

#[tokio::test]
async fn a_bot_token_is_encrypted_at_rest_and_comes_back_only_with_the_key() {
    let database = database().await;
    let vault = Vault::new(&Vault::random_key()).unwrap();
    let secret: SecretString = "123456:a-real-bot-token".to_owned().into();
    let id = agent(&database.pool, &vault, "ana@example.com", Some(&secret)).await;
    let stored: Vec<u8> = sqlx::query_scalar("SELECT bot_token FROM agents").fetch_one(&database.pool).await.unwrap();
    assert!(!stored.windows(6).any(|w| w == b"123456"));
    let opened = agents::bot_token(&database.pool, &vault, id).await.unwrap().unwrap();
    assert_eq!(opened.expose_secret(), secret.expose_secret());
    let other = Vault::new(&Vault::random_key()).unwrap();
    assert!(agents::bot_token(&database.pool, &other, id).await.is_err());
}
