//! Protections that the fault tests switch off, one at a time, to see that they notice.
//!
//! Only a development build with the feature `sabotage`, which is off, can switch anything off; a release build with it
//! does not compile.

#[cfg(all(feature = "sabotage", not(debug_assertions)))]
compile_error!("the feature `sabotage` takes protections away: it is for the fault tests only");

/// What keeps acknowledged work from being lost or done twice, and documents from being stored in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Who lost the lease is told so and writes nothing.
    Fence,
    /// What waits for its first worker is told to the workers until one takes it.
    Outbox,
    /// What a dead worker had is given to another, or ended.
    Reconciler,
    /// What the documents say is sealed before it is stored.
    Sealing,
}

/// Says whether a protection is switched off: never.
#[cfg(not(feature = "sabotage"))]
#[must_use]
pub const fn is_off(_: Protection) -> bool {
    false
}

/// Says whether the environment variable `SABOTAGE` names this protection.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn is_off(protection: Protection) -> bool {
    let name = match protection {
        Protection::Fence => "fence",
        Protection::Outbox => "outbox",
        Protection::Reconciler => "reconciler",
        Protection::Sealing => "sealing",
    };
    #[expect(clippy::disallowed_methods, reason = "no setting: there must be none for this")]
    let switched_off = std::env::var("SABOTAGE");
    switched_off.is_ok_and(|switched_off| switched_off == name)
}
