//! Where things listen, and whether they do.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{net::TcpStream, time::timeout};

/// Says in one sentence that an address is taken, before anything is started.
pub(super) fn refuse_busy_address(address: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("another program listens on {address}; stop it, or choose another address with --listen")
        }
        Err(error) => bail!("{address} can't be listened on: {error}; choose another address with --listen"),
    }
}

/// Finds a port of this machine that nobody uses.
pub(super) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Says whether something listens on an address of this machine.
pub(super) async fn answers(address: SocketAddr) -> bool {
    matches!(timeout(Duration::from_millis(200), TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// Gives the address of an inner server.
pub(super) fn inner(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Gives an address at which this machine reaches what listens there, also when that is every address.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, listen.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, listen.port()).into(),
        _ => listen,
    }
}
