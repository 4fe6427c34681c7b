use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, aio::MultiplexedConnection};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For commands that don't wait; Redis answers them within a millisecond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Most idle connections kept for reads that wait.
const MAX_IDLE: usize = 8;

/// The connections of one process: one shared by quick commands, and one for each read that waits, since a waiting
/// read holds up everything behind it.
pub(super) struct Link {
    client: Client,
    /// Kept until an error tells that it is gone. Taken under a lock of its own, so that only one is made at a time.
    shared: tokio::sync::Mutex<Option<MultiplexedConnection>>,
    waiting: Mutex<Vec<MultiplexedConnection>>,
}

impl Link {
    pub(super) fn new(client: Client) -> Self {
        Self { client, shared: tokio::sync::Mutex::default(), waiting: Mutex::default() }
    }

    /// Runs a quick command that does no harm when it is done twice. A connection that turns out to be dead (Redis
    /// was restarted) is replaced once.
    pub(super) async fn run<'a, T, F>(&self, command: F) -> RedisResult<T>
    where
        F: Fn(MultiplexedConnection) -> BoxFuture<'a, RedisResult<T>>,
    {
        let (connection, is_fresh) = self.shared().await?;
        match command(connection).await {
            Err(error) if is_dead(&error) => {
                self.shared.lock().await.take();
                if is_fresh {
                    return Err(error);
                }
                tracing::warn!(error = &error as &dyn std::error::Error, "the connection to redis is made again");
                command(self.shared().await?.0).await
            }
            done => done,
        }
    }

    /// Takes a connection for a read that waits; it has no time limit of its own.
    pub(super) async fn check_out(&self) -> RedisResult<MultiplexedConnection> {
        let idle = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => self.connect(None).await,
        }
    }

    /// Gives back a connection on which nothing is under way.
    pub(super) fn give_back(&self, connection: MultiplexedConnection) {
        let mut idle = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    /// Forgets idle connections after one of their kind turned out to be dead: Redis was restarted, so all are.
    pub(super) fn forget_idle(&self, error: &RedisError) {
        if is_dead(error) {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Gives the shared connection, and whether it was made just now.
    async fn shared(&self) -> RedisResult<(MultiplexedConnection, bool)> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = &*shared {
            return Ok((connection.clone(), false));
        }
        let connection = self.connect(Some(RESPONSE_TIMEOUT)).await?;
        *shared = Some(connection.clone());
        Ok((connection, true))
    }

    async fn connect(&self, response_timeout: Option<Duration>) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(response_timeout);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

fn is_dead(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_timeout()
}
