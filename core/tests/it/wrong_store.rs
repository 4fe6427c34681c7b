//! A store that answers over good TLS, and wrongly.

use std::{net::SocketAddr, sync::Arc};

use futures::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use untxt_core::{
    domain::DocumentId,
    storage::{ObjectKey, ObjectStore, StorageError},
    tls,
};

use crate::site::{Site, client};

/// Answers everything with the same head, and a body of five bytes.
async fn serve(site: &Site, head: &'static str) -> SocketAddr {
    let (cert, key) = (site.cert("storage.crt"), site.cert("storage.key"));
    let settings = tls::server(&cert, &key, Some(&site.cert("clients.pem")), &["http/1.1"]).expect("a configuration");
    let (acceptor, listener) = (TlsAcceptor::from(settings), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let address = listener.local_addr().expect("an address");
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut stream = acceptor.accept(stream).await.expect("a handshake");
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.expect("a request"));
            }
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 5\r\nconnection: close\r\n\r\n01234");
            stream.write_all(answer.as_bytes()).await.expect("sent");
            stream.shutdown().await.expect("ended");
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_is_not_the_part_is_refused() {
    let site = Arc::new(Site::new());
    let key = ObjectKey::Original(DocumentId::generate());
    for head in [
        "200 OK",
        "206 Partial Content",
        "206 Partial Content\r\ncontent-range: bytes 0-4/100",
        "206 Partial Content\r\ncontent-range: bytes 10-15/100",
    ] {
        let store = client(&site, serve(&site, head).await);
        let refused = store.get(&key, Some(10..15)).await.err();
        assert!(matches!(refused, Some(StorageError::Refused(_))), "{head}: {refused:?}");
    }
    let store = client(&site, serve(&site, "206 Partial Content\r\ncontent-range: bytes 10-14/100").await);
    let pieces: Vec<_> = store.get(&key, Some(10..15)).await.expect("a part").try_collect().await.expect("read");
    assert_eq!(pieces.concat(), b"01234");
    let store = client(&site, serve(&site, "206 Partial Content\r\ncontent-range: bytes 10-13/100").await);
    let longer: Result<Vec<_>, _> = store.get(&key, Some(10..14)).await.expect("a part").try_collect().await;
    longer.expect_err("a byte more than was asked for");
}
