//! A mail server with certificates of its own. It speaks as much of RFC 5321 as a client needs, takes every letter, and remembers
//! all that it heard.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use untxt_core::{
    config::{self, MailTls},
    lifecycle::Lifecycle,
    tls,
};

/// How the server meets its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Implicit,
    Starttls,
    /// It has never heard of TLS.
    Plain,
    /// It takes no letters, and says to whom.
    Refusing,
}

pub(crate) struct MailServer {
    pub(crate) folder: tempfile::TempDir,
    port: u16,
    heard: Arc<Heard>,
    manner: Manner,
    _lifecycle: Lifecycle,
}

#[derive(Default)]
struct Heard {
    letters: Mutex<Vec<String>>,
    /// Every line, but for those of letters.
    lines: Mutex<String>,
    /// Those that came before TLS.
    plain: Mutex<String>,
}

impl MailServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        tls::install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        tls::init_certificates(folder.path(), &[]).expect("certificates");
        let (cert, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
        let acceptor = TlsAcceptor::from(tls::server(&cert, &key, None, &[]).expect("a configuration"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (heard, lifecycle) = (Arc::<Heard>::default(), Lifecycle::default());
        let (hearing, spawner) = (Arc::clone(&heard), lifecycle.clone());
        lifecycle.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawner.spawn(receive(stream, acceptor.clone(), Arc::clone(&hearing), manner));
            }
        });
        Self { folder, port, heard, manner, _lifecycle: lifecycle }
    }

    /// Gives the settings of a client that trusts this server.
    pub(crate) fn settings(&self) -> config::Mail {
        config::Mail {
            host: "localhost".to_owned(),
            port: self.port,
            tls: if self.manner == Manner::Starttls { MailTls::Starttls } else { MailTls::Implicit },
            ca_path: Some(self.folder.path().join("root.crt")),
            user: "postman".to_owned(),
            password: "a password of the mail server".to_owned().into(),
            from: "untxt@clinic.example".to_owned(),
        }
    }

    /// Waits until so many letters have come, and gives them all, decoded.
    pub(crate) async fn letters(&self, wanted: usize) -> Vec<String> {
        for _ in 0..1000 {
            let letters = self.heard.letters.lock().expect("letters").clone();
            if letters.len() >= wanted {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted} letters did not come: {:?}", self.heard.letters.lock().expect("letters"));
    }

    pub(crate) fn heard(&self) -> String {
        self.heard.lines.lock().expect("lines").clone()
    }

    pub(crate) fn heard_in_clear(&self) -> String {
        self.heard.plain.lock().expect("lines").clone()
    }
}

async fn receive(mut stream: TcpStream, acceptor: TlsAcceptor, heard: Arc<Heard>, manner: Manner) -> io::Result<()> {
    let mut is_greeted = false;
    if matches!(manner, Manner::Starttls | Manner::Plain) {
        let mut plain = BufReader::new(&mut stream);
        plain.write_all(b"220 mail.test ready\r\n").await?;
        let wants_tls = converse(&mut plain, &heard, manner, false).await?;
        if !wants_tls {
            return Ok(());
        }
        is_greeted = true;
    }
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    if !is_greeted {
        stream.write_all(b"220 mail.test ready\r\n").await?;
    }
    converse(&mut stream, &heard, manner, true).await.map(drop)
}

/// Answers until the client has enough; `true`: it wants TLS now.
async fn converse(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    heard: &Heard,
    manner: Manner,
    is_tls: bool,
) -> io::Result<bool> {
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(false);
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        heard.lines.lock().expect("lines").push_str(&line);
        if !is_tls {
            heard.plain.lock().expect("lines").push_str(&line);
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" if is_tls => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "EHLO" if manner == Manner::Starttls => "250-mail.test\r\n250 STARTTLS\r\n",
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN\r\n",
            "STAR" if manner == Manner::Starttls => {
                stream.write_all(b"220 go on\r\n").await?;
                return Ok(true);
            }
            "AUTH" => "235 welcome\r\n",
            "RCPT" if manner == Manner::Refusing => "550 5.1.1 <ada@clinic.example> is nobody here\r\n",
            "DATA" => {
                stream.write_all(b"354 tell me\r\n").await?;
                let letter = read_letter(stream).await?;
                heard.letters.lock().expect("letters").push(letter);
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(false);
            }
            "MAIL" | "RCPT" | "NOOP" | "RSET" => "250 fine\r\n",
            _ => "500 what?\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}

/// Reads up to the line with one dot, and undoes quoted-printable (RFC 2045 §6.7).
async fn read_letter(stream: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut letter = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(unquote(&letter));
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn unquote(letter: &str) -> String {
    let Some((head, body)) = letter.split_once("\r\n\r\n") else { return letter.to_owned() };
    if !head.contains("quoted-printable") {
        return letter.to_owned();
    }
    let body = body.replace("=\r\n", "");
    let mut parts = body.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    format!("{head}\r\n\r\n{}", String::from_utf8(bytes).expect("UTF-8"))
}
