//! What this process remembers of failed logins: per address, and per login that does not exist. Existing logins
//! are counted in the database, for all processes.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::time::Instant;

use crate::problem::ApiError;

/// One address may fail so often within the window: many people behind one router, but no dictionary.
const FAILURES_PER_ADDRESS: u32 = 50;
const WINDOW: Duration = Duration::from_secs(300);

/// Failures of one login before it is locked, and the longest lock; as `users::record_failed_login` has it.
const FREE_FAILURES: u32 = 5;
const LONGEST_LOCK: Duration = Duration::from_secs(900);

/// Beyond this the oldest entries are forgotten, so that guessing can't fill the memory.
const MAX_ENTRIES: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Throttle {
    addresses: Mutex<HashMap<IpAddr, Failures>>,
    strangers: Mutex<HashMap<[u8; 32], Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
    until: Instant,
}

impl Throttle {
    /// Refuses an address that failed too often lately.
    pub(super) fn check_address(&self, address: Option<IpAddr>, now: Instant) -> Result<(), ApiError> {
        let Some(address) = address else { return Ok(()) };
        let failures = find(&self.addresses, &network(address));
        match failures.filter(|failures| failures.count >= FAILURES_PER_ADDRESS) {
            Some(failures) => refuse_until(failures.until, now),
            None => Ok(()),
        }
    }

    pub(super) fn record_address(&self, address: Option<IpAddr>, now: Instant) {
        let Some(address) = address else { return };
        record(&self.addresses, network(address), now, |failures| {
            if failures.until <= now {
                *failures = Failures { count: 0, last: now, until: now + WINDOW };
            }
            failures.count += 1;
        });
    }

    /// Refuses a login that does not exist just as one that does.
    pub(super) fn check_stranger(&self, login: &str, now: Instant) -> Result<(), ApiError> {
        match find(&self.strangers, &key(login)) {
            Some(failures) => refuse_until(failures.until, now),
            None => Ok(()),
        }
    }

    pub(super) fn record_stranger(&self, login: &str, now: Instant) {
        record(&self.strangers, key(login), now, |failures| {
            failures.count += 1;
            failures.until = now + lock_after(failures.count);
        });
    }
}

/// Gives how long a login is locked after so many failures in a row.
fn lock_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE_FAILURES) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << beyond.min(10)).min(LONGEST_LOCK),
    }
}

fn refuse_until(until: Instant, now: Instant) -> Result<(), ApiError> {
    let left = until.saturating_duration_since(now);
    if left.is_zero() { Ok(()) } else { Err(ApiError::TooManyAttempts { retry_after: left }) }
}

/// Logins are remembered as hashes: a password typed into the wrong field must not stay in memory.
fn key(login: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, login.to_lowercase().as_bytes()).as_ref());
    key
}

/// Gives what one subscriber of the internet holds: a whole /64 in IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

fn find<K: Eq + Hash>(entries: &Mutex<HashMap<K, Failures>>, key: &K) -> Option<Failures> {
    entries.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
}

fn record<K: Copy + Eq + Hash>(
    entries: &Mutex<HashMap<K, Failures>>,
    key: K,
    now: Instant,
    change: impl FnOnce(&mut Failures),
) {
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    if entries.len() >= MAX_ENTRIES && !entries.contains_key(&key) {
        forget_oldest(&mut entries);
    }
    let failures = entries.entry(key).or_insert(Failures { count: 0, last: now, until: now });
    change(failures);
    failures.last = now;
}

/// Makes room for a tenth, so that a flood doesn't search the whole map for every entry.
fn forget_oldest<K: Copy + Eq + Hash>(entries: &mut HashMap<K, Failures>) {
    let mut by_age: Vec<_> = entries.iter().map(|(key, failures)| (failures.last, *key)).collect();
    by_age.sort_unstable_by_key(|(last, _)| *last);
    for (_, key) in by_age.into_iter().take(MAX_ENTRIES / 10) {
        entries.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_grow_and_end() {
        let seconds: Vec<_> = [1, 4, 5, 6, 7, 14, 15, 400].map(|count| lock_after(count).as_secs()).into();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 512, 900, 900]);
    }

    #[test]
    fn an_address_is_refused_until_its_window_ends() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let address = Some("2001:db8::1".parse().expect("an address"));
        for _ in 0..FAILURES_PER_ADDRESS {
            throttle.check_address(address, now).expect("free");
            throttle.record_address(address, now);
        }
        let neighbour = Some("2001:db8::2:3".parse().expect("an address"));
        throttle.check_address(neighbour, now).expect_err("the same network");
        throttle.check_address(Some("2001:db8:1::1".parse().expect("an address")), now).expect("another network");
        let later = now + WINDOW;
        throttle.check_address(address, later).expect("free again");
        throttle.record_address(address, later);
        throttle.check_address(address, later).expect("counted anew");
    }

    #[test]
    fn a_stranger_is_locked_whatever_the_case_of_its_letters() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES {
            throttle.check_stranger("Nobody", now).expect("free");
            throttle.record_stranger("nobody", now);
        }
        throttle.check_stranger("NOBODY", now).expect_err("locked");
        throttle.check_stranger("nobody", now + Duration::from_secs(1)).expect("free again");
    }

    #[test]
    fn the_memory_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..MAX_ENTRIES + 500 {
            throttle.record_stranger(&number.to_string(), Instant::now());
        }
        assert!(throttle.strangers.lock().expect("entries").len() <= MAX_ENTRIES);
    }
}
