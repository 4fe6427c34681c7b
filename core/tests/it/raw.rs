//! The store through a bare SDK client over the same transport, for what `S3Store` has no word for.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Speaks HTTP without TLS and gives what comes back.
pub(crate) fn plain_http(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Speaks to Redis without TLS and gives what comes back.
pub(crate) fn plain_redis(port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
    stream.write_all(b"PING\r\n").expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}
