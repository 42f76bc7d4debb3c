//! Redis: a connection that heals, and scripts that run on it as one step.

use std::time::Duration;

use openclaw_platform::Error;
use redis::{
    Client, FromRedisValue, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret as _, SecretString};

/// How long Redis may take to answer before it counts as away.
const ANSWER: Duration = Duration::from_secs(1);

/// A connection to Redis, made when first used and again after it broke.
#[derive(Clone)]
pub(crate) struct Redis(ConnectionManager);

impl Redis {
    pub(crate) fn new(url: &SecretString) -> Result<Self, Error> {
        let wrong = |error| Error::Config(format!("REDIS_URL is wrong: {error}"));
        let client = Client::open(url.expose_secret()).map_err(wrong)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        Ok(Self(ConnectionManager::new_lazy_with_config(client, config).map_err(wrong)?))
    }

    /// Runs a script. One whose connection was found broken runs again on a new one, so it must bear running twice.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut connection = self.0.clone();
        match script.invoke_async(&mut connection).await {
            Err(error) if error.is_io_error() && !error.is_timeout() => script.invoke_async(&mut connection).await,
            result => result,
        }
    }

    /// Runs a command that reads, with the same second try.
    pub(crate) async fn read<T: FromRedisValue>(&self, command: &redis::Cmd) -> RedisResult<T> {
        let mut connection = self.0.clone();
        match command.query_async(&mut connection).await {
            Err(error) if error.is_io_error() && !error.is_timeout() => command.query_async(&mut connection).await,
            result => result,
        }
    }
}
