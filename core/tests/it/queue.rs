use std::time::{Duration, Instant};

use redis::{AsyncCommands, RedisResult, aio::MultiplexedConnection, cmd};
use untxt_core::{
    domain::{TaskId, TaskQueue},
    queue::{BULK, Delivery, GROUP, INTERACTIVE, Queue, QueueEntry, QueueError, QueueKind, RedisQueue},
};
use uuid::Uuid;

use crate::{
    raw,
    redis_process::{RedisProcess, queue, section},
    site::{Site, free_port},
};

const SOON: Duration = Duration::from_millis(300);

fn an_entry() -> QueueEntry {
    QueueEntry::new(QueueKind::Inspect, TaskId::generate(), TaskQueue::Interactive, Uuid::now_v7())
}

fn entries(deliveries: &[Delivery]) -> Vec<QueueEntry> {
    deliveries.iter().filter_map(|delivery| delivery.entry).collect()
}

/// Takes until something comes; the first tries after a restart may fail.
async fn take_at_last(queue: &RedisQueue) -> Vec<Delivery> {
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        match queue.take(10, SOON).await {
            Ok(taken) if !taken.is_empty() => return taken,
            _ => assert!(Instant::now() < deadline, "nothing came"),
        }
    }
}

#[tokio::test]
async fn what_is_pushed_is_taken_once_and_gone_after_acknowledgement() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let backend = queue(&site, redis.port, "backend", "unused");
    let (one, two) = (queue(&site, redis.port, "worker", "one"), queue(&site, redis.port, "worker", "two"));
    let pushed = [an_entry(), an_entry(), an_entry()];
    for entry in &pushed {
        // Before any worker made the group.
        backend.push(entry).await.expect("pushed");
    }
    let first = one.take(2, SOON).await.expect("taken");
    assert_eq!(entries(&first), pushed[..2]);
    let second = two.take(5, SOON).await.expect("taken");
    assert_eq!(entries(&second), pushed[2..]);
    assert!(one.take(5, Duration::ZERO).await.expect("taken").is_empty(), "no wait, nothing new");
    for delivery in first.iter().chain(&second) {
        one.acknowledge(delivery).await.expect("acknowledged");
        one.acknowledge(delivery).await.expect("twice does no harm");
    }
    let mut admin = redis.admin(&site).await.expect("connected");
    let left: usize = admin.xlen(INTERACTIVE).await.expect("a length");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn both_queues_wake_and_each_has_its_stream() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let (backend, worker) = (queue(&site, redis.port, "backend", "unused"), queue(&site, redis.port, "worker", "one"));
    let (bulk, interactive) = (QueueEntry { queue: TaskQueue::Bulk, ..an_entry() }, an_entry());
    backend.push(&bulk).await.expect("pushed");
    backend.push(&interactive).await.expect("pushed");
    let mut admin = redis.admin(&site).await.expect("connected");
    for stream in [INTERACTIVE, BULK] {
        assert_eq!(admin.xlen::<_, usize>(stream).await.expect("a length"), 1, "{stream}");
    }
    let taken = worker.take(5, SOON).await.expect("taken");
    assert_eq!(entries(&taken), [interactive, bulk], "what somebody waits for comes first");
    // One stream is gone, with what was in it: the other goes on, and both wake again.
    let _: usize = admin.del(BULK).await.expect("deleted");
    for delivery in &taken {
        worker.acknowledge(delivery).await.expect("acknowledged");
    }
    backend.push(&bulk).await.expect("pushed");
    backend.push(&interactive).await.expect("pushed");
    assert_eq!(entries(&worker.take(5, SOON).await.expect("taken")), [interactive, bulk]);
    assert_eq!(worker.reclaim(5, Duration::ZERO).await.expect("reclaimed").len(), 2, "of both");
}

#[tokio::test]
async fn waiting_holds_up_nobody_and_ends_as_soon_as_something_comes() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let worker = queue(&site, redis.port, "worker", "one");
    let begin = Instant::now();
    assert!(worker.take(1, Duration::from_millis(1500)).await.expect("taken").is_empty());
    assert!(begin.elapsed() >= Duration::from_millis(1400), "the full wait, longer than the client's own limit");

    let waiting = (worker.take(1, Duration::from_secs(20)), worker.take(1, Duration::from_secs(20)));
    let begin = Instant::now();
    let pushes = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        worker.push(&an_entry()).await.expect("pushed");
        worker.push(&an_entry()).await.expect("pushed");
    };
    let (one, two, ()) = futures::join!(waiting.0, waiting.1, pushes);
    assert_eq!((one.expect("taken").len(), two.expect("taken").len()), (1, 1));
    assert!(begin.elapsed() < Duration::from_secs(15), "long before the end of the wait");
}

#[tokio::test]
async fn entries_of_a_dead_worker_are_reclaimed() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let (dead, alive) = (queue(&site, redis.port, "worker", "dead"), queue(&site, redis.port, "worker", "alive"));
    assert!(alive.reclaim(10, Duration::ZERO).await.expect("nothing there, not even a group").is_empty());
    let pushed: Vec<_> = (0..7).map(|_| an_entry()).collect();
    for entry in &pushed {
        alive.push(entry).await.expect("pushed");
    }
    assert_eq!(dead.take(10, SOON).await.expect("taken").len(), 7);
    assert!(alive.reclaim(10, Duration::from_secs(60)).await.expect("reclaimed").is_empty(), "too early");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut reclaimed = Vec::new();
    for _ in 0..3 {
        reclaimed.extend(alive.reclaim(3, Duration::from_millis(40)).await.expect("reclaimed"));
    }
    assert_eq!(entries(&reclaimed), pushed, "in several bites, each once");
}

#[tokio::test]
async fn entries_of_another_form_are_delivered_to_be_removed() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let worker = queue(&site, redis.port, "worker", "one");
    let mut admin = redis.admin(&site).await.expect("connected");
    let newer = serde_json::to_string(&QueueEntry { version: 2, ..an_entry() }).expect("JSON");
    for (field, value) in [("entry", "not JSON"), ("entry", newer.as_str()), ("other", "x"), ("entry", "\u{0}\u{ff}")] {
        let _: Option<String> = admin.xadd(INTERACTIVE, "*", &[(field, value)]).await.expect("added");
    }
    let taken = worker.take(10, SOON).await.expect("taken");
    assert_eq!(taken.iter().map(|delivery| delivery.entry).collect::<Vec<_>>(), [None; 4]);
    for delivery in &taken {
        worker.acknowledge(delivery).await.expect("removed");
    }
    assert_eq!(admin.xlen::<_, usize>(INTERACTIVE).await.expect("a length"), 0);
}

#[tokio::test]
async fn a_wiped_redis_heals() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let worker = queue(&site, redis.port, "worker", "one");
    worker.push(&an_entry()).await.expect("pushed");
    let lost = worker.take(1, SOON).await.expect("taken");
    let mut admin = redis.admin(&site).await.expect("connected");
    let wipe = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cmd("FLUSHALL").query_async::<()>(&mut admin).await.expect("wiped");
        worker.push(&an_entry()).await.expect("pushed");
    };
    let waiting = worker.clone();
    let (taken, ()) = futures::join!(async move { take_at_last(&waiting).await }, wipe);
    assert_eq!(taken.len(), 1, "also for who waited during the wipe");
    worker.acknowledge(&lost[0]).await.expect("what is gone counts as removed");
    worker.acknowledge(&taken[0]).await.expect("removed");
    cmd("FLUSHALL").query_async::<()>(&mut admin).await.expect("wiped");
    assert!(worker.reclaim(1, Duration::ZERO).await.expect("reclaimed").is_empty());
}

#[tokio::test]
async fn a_killed_redis_heals_with_its_data_and_without() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let port = redis.port;
    let (backend, worker) = (queue(&site, port, "backend", "unused"), queue(&site, port, "worker", "one"));
    let kept = an_entry();
    backend.push(&kept).await.expect("pushed");
    // appendfsync everysec: wait until the entry is on the disk.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let waiting = worker.take(1, Duration::from_secs(1)).await.expect("taken");
    assert_eq!(entries(&waiting), [kept]);

    redis.kill();
    let begin = Instant::now();
    assert!(matches!(backend.push(&an_entry()).await, Err(QueueError::Unavailable(_))));
    assert!(matches!(worker.take(1, SOON).await, Err(QueueError::Unavailable(_))));
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());

    let redis = RedisProcess::start_on(&site, port).await;
    let late = an_entry();
    backend.push(&late).await.expect("pushed at once");
    assert!(entries(&take_at_last(&worker).await).contains(&late));

    redis.kill();
    std::fs::remove_dir_all(site.path("redis")).expect("wiped");
    let _redis = RedisProcess::start_on(&site, port).await;
    backend.push(&late).await.expect("pushed at once");
    assert_eq!(entries(&take_at_last(&worker).await), [late]);
}

#[tokio::test]
async fn a_restart_loads_all_that_was_written() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let (one, two) = (queue(&site, redis.port, "worker", "one"), queue(&site, redis.port, "worker", "two"));
    let pushed: Vec<_> = (0..4).map(|_| an_entry()).collect();
    for entry in &pushed {
        one.push(entry).await.expect("pushed");
    }
    // Each of these is written as a transaction.
    let taken = one.take(10, SOON).await.expect("taken");
    assert_eq!(two.reclaim(3, Duration::ZERO).await.expect("reclaimed").len(), 3);
    one.acknowledge(&taken[3]).await.expect("acknowledged");
    // appendfsync everysec: wait until all is on the disk.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let port = redis.kill();
    let redis = RedisProcess::start_on(&site, port).await;
    let mut admin = redis.admin(&site).await.expect("connected");
    let held: Vec<(String, String, u64, u64)> =
        cmd("XPENDING").arg(&[INTERACTIVE, GROUP, "-", "+", "10"]).query_async(&mut admin).await.expect("a list");
    let held: Vec<_> = held.iter().map(|(id, consumer, ..)| (id.as_str(), consumer.as_str())).collect();
    let expected: Vec<_> = taken[..3].iter().map(|delivery| (delivery.id.as_str(), "two")).collect();
    assert_eq!(held, expected, "who holds what is known again");
    let log = std::fs::read_to_string(site.path("redis.log")).expect("the log");
    assert!(!log.contains("NOPERM") && !log.contains("AOF-loading-client"), "{log}");
}

#[tokio::test]
async fn each_process_may_do_its_own_work_only() {
    async fn is_denied(connection: &mut MultiplexedConnection, words: &[&str]) -> bool {
        let mut command = cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        let answer: RedisResult<redis::Value> = command.query_async(connection).await;
        matches!(answer, Err(error) if error.code() == Some("NOPERM"))
    }
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    let mut backend =
        redis.connect(&site, Some("redis-backend"), Some(("untxt_backend", "backend"))).await.expect("connected");
    let mut worker =
        redis.connect(&site, Some("redis-worker"), Some(("untxt_worker", "worker"))).await.expect("connected");
    let dangerous: [&[&str]; 6] = [
        &["FLUSHALL"],
        &["KEYS", "*"],
        &["CONFIG", "GET", "*"],
        &["XADD", "elsewhere", "*", "a", "b"],
        &["ACL", "LIST"],
        &["EVAL", "return 1", "0"],
    ];
    for words in dangerous {
        assert!(is_denied(&mut backend, words).await, "backend {words:?}");
        assert!(is_denied(&mut worker, words).await, "worker {words:?}");
    }
    let read = ["XREADGROUP", "GROUP", GROUP, "x", "COUNT", "1", "STREAMS", INTERACTIVE, ">"];
    assert!(is_denied(&mut backend, &read).await, "the backend only pushes");
    let refused = queue(&site, redis.port, "backend", "x").take(1, SOON).await;
    assert!(matches!(refused, Err(QueueError::Unavailable(_))));
}

#[tokio::test]
async fn whoever_has_no_certificate_or_password_stays_outside() {
    let site = Site::new();
    let redis = RedisProcess::start(&site).await;
    assert!(!raw::plain_redis(redis.port).starts_with(b"+PONG"), "no answer in clear");
    let worker = Some(("untxt_worker", "worker"));
    assert!(redis.connect(&site, None, worker).await.is_err(), "no certificate");
    assert!(redis.connect(&site, Some("backend"), worker).await.is_err(), "a certificate for other hops");
    assert!(redis.connect(&site, Some("redis"), worker).await.is_err(), "a server's certificate");
    assert!(redis.connect(&site, Some("redis-worker"), Some(("untxt_worker", "guess"))).await.is_err());
    let mut nobody = redis.connect(&site, Some("redis-worker"), None).await.expect("connected as the default user");
    let answer: RedisResult<()> = cmd("PING").query_async(&mut nobody).await;
    assert!(matches!(&answer, Err(error) if error.code() == Some("NOAUTH")), "{answer:?}");

    let stranger = Site::new();
    let mut strange = section(&site, redis.port, "worker");
    strange.ca_path = stranger.cert("root.crt");
    let queue = RedisQueue::new(&strange, "x").expect("a queue");
    assert!(queue.push(&an_entry()).await.is_err(), "another root");
}

#[tokio::test]
async fn a_queue_is_made_without_redis_but_not_without_certificates() {
    let site = Site::new();
    let mut redis = section(&site, free_port(), "worker");
    assert!(RedisQueue::new(&redis, "x").expect("a queue").push(&an_entry()).await.is_err());
    assert!(!format!("{:?}", RedisQueue::new(&redis, "x")).contains("worker\""), "no password is printed");
    redis.key_path = site.path("missing.key");
    assert!(RedisQueue::new(&redis, "x").is_err());
}
