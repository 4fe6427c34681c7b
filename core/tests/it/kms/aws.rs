//! AWS KMS, played by moto.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use serde_json::Value;
use untxt_core::config::{Encryption, Provider};

use super::{a_context, contract, first, is_denied, is_unavailable, nobody};
use crate::site::Site;

/// A running moto; it ends with its standard input, at the latest when this process does.
struct Moto {
    child: Child,
    port: u16,
    keys: [String; 2],
}

impl Moto {
    fn start(site: &Site, asks_for_credentials: bool) -> Self {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/run"));
        command.arg("kms_aws.py").args([site.cert("storage.crt"), site.cert("storage.key")]);
        if asks_for_credentials {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", "0");
        }
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = streams.spawn().expect("moto starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let key = |index: usize| said["keys"][index].as_str().expect("an ARN").to_owned();
        let port = said["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port");
        Self { child, port, keys: [key(0), key(1)] }
    }

    fn settings(&self, site: &Site, key: usize) -> Encryption {
        let mut encryption = settings(site, self.port);
        encryption.current.aws.key_id.clone_from(&self.keys[key]);
        encryption
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(site: &Site, port: u16) -> Encryption {
    let mut encryption = nobody();
    let aws = &mut encryption.current.aws;
    "arn:aws:kms:eu-central-1:123456789012:key/none".clone_into(&mut aws.key_id);
    aws.endpoint = Some(format!("https://localhost:{port}"));
    aws.ca_path = Some(site.cert("root.crt"));
    aws.access_key_id = "AKIDEXAMPLE".into();
    aws.secret_access_key = "a secret of the tests".into();
    encryption.current.provider = Some(Provider::Aws);
    encryption
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_keeps_the_contract() {
    let site = Site::new();
    let moto = Moto::start(&site, false);
    let [kms, stranger] = [0, 1].map(|key| first(&moto.settings(&site, key)));
    contract::keep(kms, stranger, "aws").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_use_the_key_is_denied() {
    let site = Site::new();
    let moto = Moto::start(&site, true);
    is_denied(first(&moto.settings(&site, 0)).generate(&a_context()).await);
    let open = Moto::start(&site, false);
    let mut no_such_key = open.settings(&site, 0);
    no_such_key.current.aws.key_id.push('0');
    is_denied(first(&no_such_key).check().await);
}

#[tokio::test]
async fn a_service_that_is_away_slow_or_another_costs_a_bounded_time() {
    let site = Site::new();
    let context = a_context();
    let moto = Moto::start(&site, false);
    let mut encryption = moto.settings(&site, 0);
    let kms = first(&encryption);
    let stored = kms.generate(&context).await.expect("made").wrapped;
    drop(moto);
    is_unavailable(kms.unwrap(&stored.key_id, &stored.bytes, &context).await);

    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    encryption.current.aws.endpoint = Some(format!("https://localhost:{port}"));
    encryption.timeout_seconds = 1;
    let begun = Instant::now();
    is_unavailable(first(&encryption).generate(&context).await);
    assert!(begun.elapsed().as_secs() < 10, "it waits for its time limit, not for the service");

    let moto = Moto::start(&site, false);
    let mut impostor = moto.settings(&site, 0);
    impostor.current.aws.ca_path = Some(site.cert("clients.pem"));
    is_unavailable(first(&impostor).generate(&context).await);
}
