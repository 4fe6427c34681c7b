//! Search in many pages, as the platform does it and as plain `tsvector` does: called by bench/search.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark that can't go on says why and ends")]

mod build;
mod measure;
mod pages;
mod write;

use std::{collections::HashMap, path::Path, str::FromStr, sync::Arc};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use untxt_backend::SearchKeys;
use untxt_core::{
    crypto::{KeyRing, Kms, LocalKms, OwnerKey, SearchKey},
    domain::OwnerId,
};
use untxt_database::owner_keys;
use uuid::Uuid;

/// Whose pages all are.
const OWNER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

/// What was asked for on the command line.
pub(crate) struct Asked {
    pub(crate) socket: String,
    pub(crate) pages: u32,
    pub(crate) queries: usize,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().unwrap_or_else(|| panic!("missing: {what}"));
    let socket = next("folder of the server's socket");
    let pages = next("pages").parse().expect("a number of pages");
    let queries = next("queries").parse().expect("a number of queries");
    let asked = Asked { socket, pages, queries };
    untxt_core::tls::install_provider();
    let owner_key = open_owner_key(&asked).await;
    let key = owner_key.search_key().expect("a key");
    build::build(&asked, &key).await;
    build::print_sizes(&asked).await;
    let keys = SearchKeys::new(HashMap::from([(1, key.clone())]));
    measure::measure(&asked, &keys, &owner_key).await;
    write::measure(&asked, &key).await;
}

/// Connects as the server's administrator, over its own Unix socket: nothing travels, so there is no TLS.
pub(crate) async fn connect(asked: &Asked) -> PgConnection {
    let options = PgConnectOptions::from_str("postgres://postgres@localhost/untxt").expect("an address");
    let options = options.socket(&asked.socket).ssl_mode(sqlx::postgres::PgSslMode::Disable);
    options.disable_statement_logging().connect().await.expect("a connection")
}

/// Connects as the backend does, in the name of the owner of the pages.
pub(crate) async fn connect_as_backend(asked: &Asked) -> PgConnection {
    let mut conn = connect(asked).await;
    let names = format!("set role untxt_backend; set untxt.actor = '{OWNER}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(names)).execute(&mut conn).await.expect("the backend's role");
    conn
}

async fn open_owner_key(asked: &Asked) -> Arc<OwnerKey> {
    let mut conn = connect(asked).await;
    let file = Path::new(&asked.socket).join("root.key");
    if !file.exists() {
        LocalKms::create(&file).expect("a root key");
    }
    let kms: Arc<dyn Kms> = Arc::new(LocalKms::open(&file).expect("the root key"));
    let ring = KeyRing::new([kms]);
    let owner = OwnerId::from(OWNER);
    let stored = match owner_keys::find_current(&mut conn, owner).await.expect("an answer") {
        Some(stored) => stored,
        None => {
            let new = ring.create_owner_key(owner).await.expect("a key");
            owner_keys::insert_or_load(&mut conn, &new).await.expect("stored")
        }
    };
    conn.close().await.expect("closed");
    ring.open_owner_key(&stored).await.expect("opened")
}

/// Gives a key, to be used on several threads.
pub(crate) fn shared(key: &SearchKey) -> Arc<SearchKey> {
    Arc::new(key.clone())
}
