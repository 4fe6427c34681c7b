//! How much one person, or one network of people who are not known, may ask for.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use untxt_core::{config, domain::UserId};

const WINDOW: Duration = Duration::from_secs(60);
/// Those who are remembered; beyond that the ones that asked longest ago are forgotten.
const MAX_ENTRIES: usize = 20_000;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    Person(UserId),
    /// A whole /64 in IPv6, which is what one subscriber holds.
    Network(Option<IpAddr>),
}

/// What is left of somebody's quota in this process. A bucket: it fills evenly, and may be emptied at once.
#[derive(Debug)]
pub(super) struct Quotas {
    person: u32,
    network: u32,
    used: Mutex<HashMap<Whose, Used>>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    units: f64,
    at: Instant,
    /// Until when a refusal is no news.
    told_until: Option<Instant>,
}

/// How a request stands to the quota.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Taken {
    limit: u32,
    left: u32,
    /// Until the bucket is full again; for who was refused, until the request would be let in.
    pub(super) wait: Duration,
    pub(super) verdict: Verdict,
    name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Refused,
    /// It was told within the last minute: no line for each request of a flood.
    RefusedAgain,
}

impl Whose {
    pub(super) fn of(person: Option<UserId>, address: Option<IpAddr>) -> Self {
        match (person, address.map(|address| address.to_canonical())) {
            (Some(person), _) => Self::Person(person),
            (None, Some(IpAddr::V6(address))) => {
                let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
                Self::Network(Some(network.into()))
            }
            (None, address) => Self::Network(address),
        }
    }
}

impl Quotas {
    pub(super) fn new(limits: &config::Limits) -> Self {
        let (person, network) = (limits.requests_per_minute, limits.requests_per_minute_of_strangers);
        Self { person, network, used: Mutex::default() }
    }

    /// Takes so many units; `None`: there is no limit.
    pub(super) fn take(&self, whose: Whose, units: u32, now: Instant) -> Option<Taken> {
        let (limit, name) = match whose {
            Whose::Person(_) => (self.person, "person"),
            Whose::Network(_) => (self.network, "network"),
        };
        if limit == 0 {
            return None;
        }
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_ENTRIES && !all.contains_key(&whose) {
            forget(&mut all, now, limit);
        }
        let used = all.entry(whose).or_insert(Used { units: 0.0, at: now, told_until: None });
        Some(used.take(limit, units, now, name))
    }
}

impl Used {
    fn take(&mut self, limit: u32, units: u32, now: Instant, name: &'static str) -> Taken {
        let (limit_units, wanted) = (f64::from(limit), f64::from(units.min(limit)));
        let per_second = limit_units / WINDOW.as_secs_f64();
        self.units = (self.units - now.saturating_duration_since(self.at).as_secs_f64() * per_second).max(0.0);
        self.at = now;
        let over = self.units + wanted - limit_units;
        let verdict = match self.told_until {
            _ if over <= 0.0 => Verdict::Good,
            Some(until) if now < until => Verdict::RefusedAgain,
            _ => {
                self.told_until = Some(now + WINDOW);
                Verdict::Refused
            }
        };
        if verdict == Verdict::Good {
            self.units += wanted;
        }
        let wait = Duration::from_secs_f64(if over > 0.0 { over } else { self.units } / per_second);
        Taken { limit, left: floor(limit_units - self.units), wait, verdict, name }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a limit that is a u32")]
const fn floor(units: f64) -> u32 {
    units.max(0.0) as u32
}

/// Forgets whoever could ask for everything anyway, or else those who asked longest ago.
fn forget(all: &mut HashMap<Whose, Used>, now: Instant, limit: u32) {
    all.retain(|_, used| used.units > 0.0 && now.saturating_duration_since(used.at) < WINDOW);
    if all.len() >= MAX_ENTRIES {
        let mut times: Vec<_> = all.values().map(|used| used.at).collect();
        times.sort_unstable();
        let oldest = times[times.len() / 10];
        all.retain(|_, used| used.at > oldest);
        tracing::warn!(limit, "so many ask that some quotas are forgotten");
    }
}

impl Taken {
    /// Says it as the IETF's draft has it (draft-ietf-httpapi-ratelimit-headers-10).
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Self { limit, left, wait, name, .. } = self;
        let seconds = wait.as_secs_f64().ceil();
        let policy = format!("\"{name}\";q={limit};w={}", WINDOW.as_secs());
        headers.extend(HeaderValue::try_from(policy).map(|value| (POLICY, value)));
        let left = format!("\"{name}\";r={left};t={seconds}");
        headers.extend(HeaderValue::try_from(left).map(|value| (LEFT, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(person: u32, network: u32) -> Quotas {
        Quotas { person, network, used: Mutex::default() }
    }

    #[test]
    fn a_quota_can_be_used_at_once_and_comes_back_evenly() {
        let (quotas, now) = (quotas(60, 0), Instant::now());
        let ada = Whose::of(Some(UserId::generate()), None);
        let take = |units, seconds| quotas.take(ada, units, now + Duration::from_secs(seconds)).expect("limited");
        assert_eq!((take(50, 0).verdict, take(10, 0).left), (Verdict::Good, 0));
        let refused = take(20, 0);
        assert_eq!((refused.verdict, refused.wait), (Verdict::Refused, Duration::from_secs(20)));
        assert_eq!(take(1, 0).verdict, Verdict::RefusedAgain);
        assert_eq!(take(20, 20).verdict, Verdict::Good);
        assert_eq!((take(0, 80).left, take(9999, 80).verdict), (60, Verdict::Good));
        assert!(quotas.take(Whose::of(None, None), 1000, now).is_none(), "no limit");
        let other = quotas.take(Whose::of(Some(UserId::generate()), None), 60, now).expect("limited");
        assert_eq!(other.verdict, Verdict::Good);
    }

    #[test]
    fn a_network_has_one_quota_and_memory_is_bounded() {
        let (quotas, now) = (quotas(0, 10), Instant::now());
        let of = |text: &str| Whose::of(None, Some(text.parse().expect("an address")));
        assert_eq!(quotas.take(of("2001:db8::1"), 10, now).expect("limited").verdict, Verdict::Good);
        assert_eq!(quotas.take(of("2001:db8::2:3"), 1, now).expect("limited").verdict, Verdict::Refused);
        assert_eq!(quotas.take(of("2001:db8:0:1::1"), 1, now).expect("limited").verdict, Verdict::Good);
        for number in 0..u32::try_from(MAX_ENTRIES).expect("few") + 500 {
            quotas.take(of(&Ipv6Addr::from_bits(u128::from(number) << 64).to_string()), 1, now);
        }
        assert!(quotas.used.lock().expect("entries").len() <= MAX_ENTRIES);
    }

    #[test]
    fn what_is_left_is_said_as_the_draft_has_it() {
        let mut headers = HeaderMap::new();
        let taken = quotas(100, 0).take(Whose::of(Some(UserId::generate()), None), 20, Instant::now());
        taken.expect("limited").tell(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"person\";q=100;w=60");
        assert_eq!(headers["ratelimit"], "\"person\";r=80;t=12");
    }
}
