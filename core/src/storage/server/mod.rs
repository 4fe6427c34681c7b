//! `untxt storage`: the S3 protocol over a folder, with mutual TLS.
//!
//! It promises that an object is there whole or not at all, also after a crash or a power cut, and that nobody gets in
//! without a client certificate and a signature. It refuses to know what the bytes are, and has one bucket.

mod access;
mod answer;
mod disk;
mod listing;
mod multipart;
mod object_file;
mod objects;
mod receive;
mod send;
mod service;
mod uploads;

use std::{io, sync::Arc};

use http::{Method, Request, Response};
use hyper::{body::Incoming, service::service_fn};
use s3s::{Body, HttpError, service::S3Service};
use tokio::net::TcpListener;

use self::{disk::Disk, service::Service};
use crate::{config::Settings, connections, lifecycle::Lifecycle, tls};

/// Serves until the lifecycle stops. Prints nothing; logs `storage is ready` with its address.
///
/// # Errors
/// When the address is busy, the folder can't be used, or certificates can't be read.
pub async fn serve(settings: &Settings, lifecycle: &Lifecycle) -> Result<(), io::Error> {
    let store = &settings.store;
    let alpn = ["h2", "http/1.1"];
    let tls = tls::server(&store.cert_path, &store.key_path, Some(&store.client_ca_path), &alpn)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let disk = Arc::new(Disk::open(&store.directory)?);
    let listener = TcpListener::bind(store.bind).await.map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses it; choose another address in store.bind".to_owned(),
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("the store can't listen on {}: {reason}", store.bind))
    })?;
    let service = access::guard(Service::new(Arc::clone(&disk), &settings.storage.bucket), &settings.storage);
    lifecycle.spawn(uploads::expire_regularly(disk, lifecycle.stop_token()));
    tracing::info!(store.address = %listener.local_addr()?, "storage is ready");
    let answer = service_fn(move |request| without_head_body(service.clone(), request));
    connections::accept(listener, tls, answer, lifecycle).await;
    Ok(())
}

/// Answers a request. s3s gives an error a body even when HEAD was asked, which breaks HTTP/2.
async fn without_head_body(service: S3Service, request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
    let is_head = request.method() == Method::HEAD;
    let mut answer = service.call(request.map(Body::from)).await?;
    if is_head {
        *answer.body_mut() = Body::empty();
    }
    Ok(answer)
}
