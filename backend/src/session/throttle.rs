//! Slows down guessing: per network, and per login that nobody has. Both are remembered in the database, for all processes;
//! logins that somebody has are counted there with their person. And bounds how often a link to a new password is asked for.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aws_lc_rs::hmac;
use untxt_core::domain::UserId;
use untxt_database::{PgConnection, login_failures};

use crate::problem::ApiError;

/// Failures of this process between two looks for what can be forgotten.
const TRIM_EVERY: u32 = 100;

/// Links to a new password that are asked for within 15 minutes: from one network, where many may have forgotten theirs, and for
/// one name or person, who gets no more letters than that.
const RESETS_PER_NETWORK: i32 = 20;
const RESETS_PER_NAME: i32 = 3;

#[derive(Debug)]
pub(crate) struct Throttle {
    /// Networks and logins are remembered as keyed hashes: a password typed into the wrong field must not be stored.
    key: hmac::Key,
    failures: AtomicU32,
}

impl Throttle {
    pub(super) fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), failures: AtomicU32::new(0) }
    }

    /// Refuses a network that failed too often lately.
    pub(crate) async fn check_address(&self, conn: &mut PgConnection, address: Option<IpAddr>) -> Result<(), ApiError> {
        let Some(address) = address else { return Ok(()) };
        refuse_for(login_failures::find_network(conn, &self.mark_of_network(address)).await?)
    }

    /// Refuses a login that does not exist just as one that does.
    pub(super) async fn check_stranger(&self, conn: &mut PgConnection, login: &str) -> Result<(), ApiError> {
        refuse_for(login_failures::find_stranger(conn, &self.mark_of_login(login)).await?)
    }

    pub(crate) async fn record_address(
        &self,
        conn: &mut PgConnection,
        address: Option<IpAddr>,
    ) -> Result<(), ApiError> {
        if let Some(address) = address {
            login_failures::record_network(conn, &self.mark_of_network(address)).await?;
        }
        Ok(self.trim_at_times(conn).await?)
    }

    pub(super) async fn record_stranger(&self, conn: &mut PgConnection, login: &str) -> Result<(), ApiError> {
        Ok(login_failures::record_stranger(conn, &self.mark_of_login(login)).await?)
    }

    /// Counts a request for a link, and gives how long this network or this name has to wait. It does the same whether anybody has
    /// the name or not.
    pub(crate) async fn count_reset(
        &self,
        conn: &mut PgConnection,
        address: Option<IpAddr>,
        name: &str,
    ) -> Result<Option<Duration>, untxt_database::Error> {
        let network = address.map_or_else(|| "none".to_owned(), |address| network(address).to_string());
        let of_network = self.mark(b"reset from", network.as_bytes());
        let of_name = self.mark(b"reset of name", name.to_lowercase().as_bytes());
        let network_wait = login_failures::count_reset(conn, &of_network, RESETS_PER_NETWORK).await?;
        let name_wait = login_failures::count_reset(conn, &of_name, RESETS_PER_NAME).await?;
        self.trim_at_times(conn).await?;
        Ok(network_wait.max(name_wait))
    }

    /// Counts a link of somebody, whatever name was typed, and says whether it is one too many.
    pub(crate) async fn count_reset_of(
        &self,
        conn: &mut PgConnection,
        user: UserId,
    ) -> Result<bool, untxt_database::Error> {
        let mark = self.mark(b"reset of person", user.to_string().as_bytes());
        Ok(login_failures::count_reset(conn, &mark, RESETS_PER_NAME).await?.is_some())
    }

    /// The first one too: a restart forgets the count.
    async fn trim_at_times(&self, conn: &mut PgConnection) -> Result<(), untxt_database::Error> {
        if self.failures.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIM_EVERY) {
            login_failures::trim(conn).await?;
        }
        Ok(())
    }

    fn mark_of_login(&self, login: &str) -> [u8; 32] {
        self.mark(b"login", login.to_lowercase().as_bytes())
    }

    fn mark_of_network(&self, address: IpAddr) -> [u8; 32] {
        self.mark(b"address", network(address).to_string().as_bytes())
    }

    fn mark(&self, what: &[u8], value: &[u8]) -> [u8; 32] {
        let mut mark = [0; 32];
        mark.copy_from_slice(hmac::sign(&self.key, &[what, b"\0", value].concat()).as_ref());
        mark
    }
}

fn refuse_for(left: Option<Duration>) -> Result<(), ApiError> {
    left.map_or(Ok(()), |retry_after| Err(ApiError::TooManyAttempts { retry_after }))
}

/// Gives what one subscriber of the internet holds: a whole /64 in IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_spellings_have_one_mark_and_keys_have_others() {
        let (throttle, other) = (Throttle::new(&[1; 32]), Throttle::new(&[2; 32]));
        let at = |address: &str| throttle.mark_of_network(address.parse().expect("an address"));
        assert_eq!(at("2001:db8::1"), at("2001:db8::2:3"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(throttle.mark_of_login("Nobody"), throttle.mark_of_login("NOBODY"));
        assert_ne!(throttle.mark_of_login("nobody"), other.mark_of_login("nobody"));
    }
}
