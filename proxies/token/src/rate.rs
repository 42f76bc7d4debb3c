//! The rate of one customer's agents together: a token bucket in Redis.

use std::{sync::LazyLock, time::Duration};

use openclaw_platform::CustomerId;
use redis::{RedisResult, Script};

use crate::scripts::Redis;

/// Takes one token, or says in how many milliseconds there will be one.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
        local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
        tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
        local wait = 0
        if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
        redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.0f', now))
        redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
        return wait
        ",
    )
});

/// So many requests a second, and so many at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

impl Rate {
    /// Takes one of `customer`'s; if there is none, how long until there is.
    pub(crate) async fn take(self, redis: &Redis, customer: CustomerId) -> RedisResult<Option<Duration>> {
        let mut call = TAKE.prepare_invoke();
        call.key(format!("rate:{customer}")).arg(self.per_second.max(1)).arg(self.burst.max(1));
        let wait: u64 = redis.run(&call).await?;
        Ok((wait > 0).then(|| Duration::from_millis(wait)))
    }
}
