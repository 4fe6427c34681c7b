use std::{error::Error as StdError, io, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        Error as SmtpError,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters, TlsVersion},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use tokio::{sync::Semaphore, time::timeout};
use untxt_core::{
    audit::AuditDetail,
    config::{self, MailTls},
    tls::mail_roots,
};
use uuid::Uuid;

use super::{Letter, letter::AutoSubmitted};
use crate::Error;

/// Letters at once; the others wait for their turn.
const MAX_AT_ONCE: usize = 4;
/// For one letter, from its turn on.
const PATIENCE: Duration = Duration::from_secs(30);
/// For one step of it.
const STEP_PATIENCE: Duration = Duration::from_secs(10);
/// How long a letter waits for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(60);

/// Sends letters.
#[derive(Debug)]
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    turns: Semaphore,
}

/// Why a letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// It can't be written: the address is none.
    Unwritable,
    /// Too many letters wait.
    Crowded,
    /// The server does not answer, or no longer.
    Late,
    /// There is no connection.
    Unreachable,
    /// The server is not the one that we believe, or speaks no TLS that we speak.
    Untrusted,
    /// The server offers no TLS, or no login, or speaks nonsense.
    Unfit,
    /// The server refuses us or the address; perhaps not for ever.
    Refused,
}

impl Undelivered {
    /// Gives the word for the record and the log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unwritable => "mail_unwritable",
            Self::Crowded => "mail_crowded",
            Self::Late => "mail_late",
            Self::Unreachable => "mail_unreachable",
            Self::Untrusted => "mail_untrusted",
            Self::Unfit => "mail_unfit",
            Self::Refused => "mail_refused",
        }
    }

    /// Gives the detail of a line of the record.
    pub(crate) const fn detail(self) -> AuditDetail {
        AuditDetail::new(self.word())
    }
}

impl Mailer {
    /// Prepares what the settings name; `None`: this server sends no mail.
    ///
    /// # Errors
    /// When roots can't be read, or there is no address to send from.
    pub(crate) fn new(mail: &config::Mail) -> Result<Option<Self>, Error> {
        if !mail.is_on() {
            return Ok(None);
        }
        let from: Address = mail.from.parse().map_err(|_| Error::Mail("mail.from is no address".to_owned()))?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
            .port(mail.port)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(STEP_PATIENCE))
            .tls(tls(mail)?);
        if !mail.user.is_empty() {
            let password = mail.password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(mail.user.clone(), password));
        }
        Ok(Some(Self { transport: transport.build(), from, turns: Semaphore::new(MAX_AT_ONCE) }))
    }

    /// Hands one letter to the server, within a minute and a half.
    pub(crate) async fn send(&self, to: &str, letter: Letter) -> Result<(), Undelivered> {
        let message = self.write(to, letter).ok_or(Undelivered::Unwritable)?;
        let turn = timeout(TURN_LIMIT, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Undelivered::Crowded) };
        match timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(why(&error)),
            Err(_) => Err(Undelivered::Late),
        }
    }

    fn write(&self, to: &str, letter: Letter) -> Option<Message> {
        let (from, to) = (Mailbox::new(Some("UNTXT".to_owned()), self.from.clone()), to.parse().ok()?);
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{}>", Uuid::new_v4(), self.from.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        message.body(letter.text).ok()
    }
}

/// TLS 1.3, and no roots but those of the settings; there is no third arm.
fn tls(mail: &config::Mail) -> Result<Tls, Error> {
    let unusable = |error: SmtpError| Error::Mail(error.to_string());
    let mut parameters = TlsParameters::builder(mail.host.clone())
        .certificate_store(CertificateStore::None)
        .set_min_tls_version(TlsVersion::Tlsv13);
    for root in mail_roots(mail.ca_path.as_deref())? {
        parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(unusable)?);
    }
    let parameters = parameters.build().map_err(unusable)?;
    Ok(match mail.tls {
        MailTls::Implicit => Tls::Wrapper(parameters),
        MailTls::Starttls => Tls::Required(parameters),
    })
}

/// Reads the kind of an error only: what the server said may hold the address.
fn why(error: &SmtpError) -> Undelivered {
    if error.is_timeout() {
        Undelivered::Late
    } else if error.is_permanent() || error.is_transient() {
        Undelivered::Refused
    } else if error.is_client() || error.is_response() {
        Undelivered::Unfit
    } else if error.is_tls() || is_tls_alert(error) {
        Undelivered::Untrusted
    } else {
        Undelivered::Unreachable
    }
}

/// What rustls refuses comes as bad data of the connection.
fn is_tls_alert(error: &SmtpError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        source = cause.source();
    }
    false
}
