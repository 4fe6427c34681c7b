use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt;
use redis::{
    AsyncCommands, Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisError, RedisResult, TlsCertificates, Value,
    aio::MultiplexedConnection,
    io::tcp::TcpSettings,
    streams::{StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamReadOptions, StreamReadReply},
};
use secrecy::ExposeSecret;
use tokio::{sync::Mutex, time::timeout};

use super::{Delivery, GROUP, Queue, QueueEntry, QueueError, STREAMS, link::Link, stream};
use crate::{
    config::Redis,
    domain::TaskQueue,
    tls::{self, ClientPem},
};

/// Name of the only field of an entry.
const FIELD: &str = "entry";
/// Added to the time that Redis may wait, before a silent connection counts as dead.
const SILENCE: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged.
const USER_TIMEOUT: Duration = Duration::from_secs(10);

/// The queue in Redis, over mutual TLS.
#[derive(Clone)]
pub struct RedisQueue {
    link: Arc<Link>,
    consumer: Arc<str>,
    /// Where the next [`Queue::reclaim`] goes on in each stream, so that entries behind many busy ones are reached too.
    cursors: Arc<Mutex<[String; STREAMS.len()]>>,
}

impl fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueue").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

impl RedisQueue {
    /// Makes the client; connects on first use, reconnects by itself.
    ///
    /// # Errors
    /// When certificates can't be read.
    pub fn new(redis: &Redis, consumer: &str) -> Result<Self, QueueError> {
        // The redis crate takes the provider of the process.
        tls::install_provider();
        let client = client(redis).map_err(QueueError::Unavailable)?;
        Ok(Self {
            link: Arc::new(Link::new(client)),
            consumer: consumer.into(),
            cursors: Arc::new(Mutex::new(STREAMS.map(|_| "0-0".to_owned()))),
        })
    }

    async fn read(
        &self,
        connection: &mut MultiplexedConnection,
        max: usize,
        wait: Duration,
    ) -> RedisResult<Vec<Delivery>> {
        let mut options = StreamReadOptions::default().group(GROUP, &*self.consumer).count(max);
        // BLOCK 0 would wait for ever.
        if let Some(milliseconds) = usize::try_from(wait.as_millis()).ok().filter(|wait| *wait > 0) {
            options = options.block(milliseconds);
        }
        let (streams, new_ones) = (STREAMS.map(|(_, stream)| stream), STREAMS.map(|_| ">"));
        let read = connection.xread_options(&streams, &new_ones, &options);
        let reply: Option<StreamReadReply> = timeout(wait + SILENCE, read).await.unwrap_or_else(|_| Err(silent()))?;
        let mut taken = Vec::new();
        for read in reply.into_iter().flat_map(|reply| reply.keys) {
            let queue = STREAMS.iter().find(|(_, stream)| *stream == read.key).map(|(queue, _)| *queue);
            // We asked for no other.
            let Some(queue) = queue else { continue };
            taken.extend(read.ids.iter().map(|entry| delivery(queue, entry)));
        }
        Ok(taken)
    }

    async fn claim(
        &self,
        connection: &mut MultiplexedConnection,
        max: usize,
        idle: Duration,
    ) -> RedisResult<Vec<Delivery>> {
        let mut cursors = self.cursors.lock().await;
        let idle = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let mut claimed = Vec::new();
        for ((queue, stream), cursor) in STREAMS.into_iter().zip(cursors.iter_mut()) {
            let options = StreamAutoClaimOptions::default().count(max);
            let reply: StreamAutoClaimReply =
                connection.xautoclaim_options(stream, GROUP, &*self.consumer, idle, cursor.as_str(), options).await?;
            *cursor = reply.next_stream_id;
            claimed.extend(reply.claimed.iter().map(|entry| delivery(queue, entry)));
        }
        Ok(claimed)
    }
}

#[async_trait]
impl Queue for RedisQueue {
    async fn push(&self, entry: &QueueEntry) -> Result<(), QueueError> {
        let json = serde_json::to_string(entry).map_err(|error| QueueError::Unavailable(error.into()))?;
        let (json, queue) = (json.as_str(), entry.queue);
        let add = move |mut connection: MultiplexedConnection| {
            async move {
                let _: Option<String> = connection.xadd(stream(queue), "*", &[(FIELD, json)]).await?;
                Ok(())
            }
            .boxed()
        };
        Ok(self.link.run(add).await?)
    }

    async fn take(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let mut connection = self.link.check_out().await?;
        let mut taken = self.read(&mut connection, max, wait).await;
        if taken.as_ref().is_err_and(lost_its_group) {
            create_groups(&mut connection).await?;
            taken = self.read(&mut connection, max, wait).await;
        }
        let taken = taken.inspect_err(|error| self.link.forget_idle(error))?;
        // Given back only now: after an error, or when the caller left in the middle, an answer may still come.
        self.link.give_back(connection);
        Ok(taken)
    }

    async fn reclaim(&self, max: usize, idle: Duration) -> Result<Vec<Delivery>, QueueError> {
        let claim = |mut connection: MultiplexedConnection| {
            async move {
                let claimed = self.claim(&mut connection, max, idle).await;
                if !claimed.as_ref().is_err_and(lost_its_group) {
                    return claimed;
                }
                create_groups(&mut connection).await?;
                Ok(Vec::new())
            }
            .boxed()
        };
        Ok(self.link.run(claim).await?)
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let (stream, id) = (stream(delivery.queue), delivery.id.as_str());
        let remove = move |mut connection: MultiplexedConnection| {
            async move {
                let mut both = redis::pipe();
                both.xack(stream, GROUP, &[id]).ignore().xdel(stream, &[id]).ignore();
                both.query_async(&mut connection).await
            }
            .boxed()
        };
        Ok(self.link.run(remove).await?)
    }
}

impl From<RedisError> for QueueError {
    fn from(error: RedisError) -> Self {
        Self::Unavailable(error.into())
    }
}

fn client(redis: &Redis) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let pem = ClientPem::read(&redis.ca_path, &redis.cert_path, &redis.key_path)?;
    let address =
        ConnectionAddr::TcpTls { host: redis.host.clone(), port: redis.port, insecure: false, tls_params: None };
    // CLIENT SETINFO is newer than Redis 7.0 and not allowed to our users.
    let login = RedisConnectionInfo::default()
        .set_username(&redis.user)
        .set_password(redis.password.expose_secret())
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name();
    let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(USER_TIMEOUT);
    let info = address.into_connection_info()?.set_redis_settings(login).set_tcp_settings(tcp);
    let identity = ClientTlsConfig { client_cert: pem.cert, client_key: pem.key.to_vec() };
    Ok(Client::build_with_tls(info, TlsCertificates { client_tls: Some(identity), root_cert: Some(pem.ca) })?)
}

/// Says whether Redis was wiped, or one stream was deleted: no stream, no group.
fn lost_its_group(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOGROUP" | "UNBLOCKED"))
}

/// Makes the groups that are missing, and their streams if need be. A group begins with the first entry, which may be
/// older than the group.
async fn create_groups(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    for (_, stream) in STREAMS {
        let created: RedisResult<()> = connection.xgroup_create_mkstream(stream, GROUP, "0").await;
        match created {
            Err(error) if error.code() != Some("BUSYGROUP") => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn delivery(queue: TaskQueue, entry: &StreamId) -> Delivery {
    Delivery { queue, id: entry.id.clone(), entry: parse(&entry.map) }
}

/// Reads an entry, `None` if it is not of our version.
fn parse(fields: &HashMap<String, Value>) -> Option<QueueEntry> {
    let json: Vec<u8> = redis::from_redis_value_ref(fields.get(FIELD)?).ok()?;
    serde_json::from_slice::<QueueEntry>(&json).ok().filter(|entry| entry.version == 1)
}

fn silent() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "redis did not answer in time").into()
}
