use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse,
    core::{
        CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm as Algorithm,
        CoreProviderMetadata, CoreResponseMode, CoreResponseType,
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use untxt_core::{clock, config::OidcProvider};

use super::{
    ticket::{Purpose, Ticket, Tickets},
    transport::{PATIENCE, Transport, Unanswered},
    trouble::Trouble,
};
use crate::Error;

/// How long a provider's description and keys are believed.
const LIFE: Duration = Duration::from_secs(3600);
/// An unknown key has them fetched again, not more often.
const REFRESH_EVERY: Duration = Duration::from_secs(60);
/// A provider that did not answer is not asked again before.
const REST: Duration = Duration::from_secs(3);

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 60;
/// A token is made while we wait for it; this is for the slowest of clocks and providers, in seconds.
const MAX_AGE: i64 = 600;
/// Longer than any name for somebody (OpenID Connect Core §2).
const MAX_SUBJECT_BYTES: usize = 255;

/// Ways to sign that need the provider's own key; `none`, and what is signed with a shared secret, are not among them.
const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::RsaSsaPkcs1V15Sha256, Algorithm::RsaSsaPssSha256, Algorithm::EcdsaP256Sha256, Algorithm::EdDsa];

type Connected =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// One service that says who somebody is.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) signup: bool,
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: ClientSecret,
    redirect: RedirectUrl,
    domains: Vec<String>,
    transport: Transport,
    known: Mutex<Known>,
}

/// What the provider says of itself.
#[derive(Debug, Default)]
struct Known {
    description: Option<Description>,
    /// When it was last asked, and did not answer.
    failed: Option<(Instant, Trouble)>,
}

#[derive(Clone, Debug)]
struct Description {
    metadata: CoreProviderMetadata,
    at: Instant,
}

/// Whom a provider names.
#[derive(Debug)]
pub(super) struct Claims {
    /// What is stored of issuer and subject.
    pub(super) subject_hash: [u8; 32],
    /// Their address in lower case, if the provider says that it is theirs.
    pub(super) mail: Option<String>,
}

impl Provider {
    /// Prepares a provider that sends people back to this site.
    pub(super) fn new(settings: &OidcProvider, site: &str) -> Result<Self, Error> {
        let wrong = |what: String| Error::Oidc(format!("{}: {what}", settings.id));
        let secret = settings.client_secret().map_err(|error| wrong(error.to_string()))?;
        let host = settings.issuer_host().ok_or_else(|| wrong("the issuer is no https address".to_owned()))?;
        let hosts = settings.hosts.iter().cloned().chain([host]);
        Ok(Self {
            id: settings.id.clone(),
            label: settings.label.clone(),
            signup: settings.signup,
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(|error| wrong(error.to_string()))?,
            client_id: ClientId::new(settings.client_id.clone()),
            client_secret: ClientSecret::new(secret.expose_secret().to_owned()),
            // One for each provider: a code that another one sends does not end here (RFC 9700 §4.4.2).
            redirect: RedirectUrl::new(format!("{site}/oidc/{}", settings.id))
                .map_err(|error| wrong(error.to_string()))?,
            domains: settings.domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            transport: Transport::new(settings.ca_path.as_deref(), hosts)?,
            known: Mutex::default(),
        })
    }

    /// Says whether this is how the provider calls itself.
    pub(super) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer.as_str() == issuer
    }

    /// Gives the address where a browser with this ticket logs in.
    pub(super) async fn address(
        &self,
        tickets: &Tickets,
        ticket: &Ticket,
        purpose: Purpose,
    ) -> Result<String, Trouble> {
        let metadata = self.in_time(self.describe()).await?.metadata;
        // In the fragment, the code is sent to nobody: not to this server's log, nor to that of a proxy.
        let modes = metadata.response_modes_supported();
        let mode = match modes.is_none_or(|modes| modes.contains(&CoreResponseMode::Fragment)) {
            true => "fragment",
            false => "query",
        };
        let client = self.client(metadata);
        let (state, nonce) = (tickets.state(ticket, purpose), tickets.nonce(ticket));
        let verifier = PkceCodeVerifier::new(tickets.verifier(ticket));
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("response_mode", mode);
        if self.asks_for_mail() {
            request = request.add_scope(Scope::new("email".to_owned()));
        }
        Ok(request.url().0.into())
    }

    /// Gives whom the provider names for a code.
    pub(super) async fn redeem(
        &self,
        tickets: &Tickets,
        ticket: &Ticket,
        code: &SecretString,
    ) -> Result<Claims, Trouble> {
        let redeeming = async {
            let described = self.describe().await?;
            let answer = self
                .client(described.metadata.clone())
                .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
                .map_err(|_| Trouble::Misdescribed)?
                .set_pkce_verifier(PkceCodeVerifier::new(tickets.verifier(ticket)))
                .request_async(&self.transport)
                .await?;
            let token = answer.id_token().ok_or(Trouble::NoIdToken)?;
            let nonce = Nonce::new(tickets.nonce(ticket));
            match self.believe(&described.metadata, token, &nonce) {
                Err(Trouble::UnknownKey) => {
                    let newer = self.describe_again(described.at).await?;
                    self.believe(&newer.metadata, token, &nonce)
                }
                verdict => verdict,
            }
        };
        self.in_time(redeeming).await
    }

    /// Checks everything that a token says (OpenID Connect Core §3.1.3.7).
    fn believe(&self, metadata: &CoreProviderMetadata, token: &CoreIdToken, nonce: &Nonce) -> Result<Claims, Trouble> {
        let now = clock::now().unix_timestamp();
        let client = self.client(metadata.clone());
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || chrono::DateTime::from_timestamp(now - LEEWAY, 0).unwrap_or_default())
            .set_issue_time_verifier_fn(move |at| {
                let is_recent = (now - MAX_AGE..=now + LEEWAY).contains(&at.timestamp());
                if is_recent { Ok(()) } else { Err("the time of issue".to_owned()) }
            });
        let claims = token.claims(&verifier, nonce)?;
        // The crate leaves this one to us.
        if claims.authorized_party().is_some_and(|party| *party != self.client_id) {
            return Err(Trouble::Audience);
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
            return Err(Trouble::Token);
        }
        let mail = verified_mail(claims);
        if !self.domains.is_empty() && !mail.as_deref().is_some_and(|mail| self.is_of_a_domain(mail)) {
            return Err(Trouble::Domain);
        }
        Ok(Claims { subject_hash: subject_hash(self.issuer.as_str(), subject), mail })
    }

    fn is_of_a_domain(&self, mail: &str) -> bool {
        mail.rsplit_once('@').is_some_and(|(_, domain)| self.domains.iter().any(|allowed| allowed == domain))
    }

    fn asks_for_mail(&self) -> bool {
        self.signup || !self.domains.is_empty()
    }

    fn client(&self, metadata: CoreProviderMetadata) -> Connected {
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes_basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth = if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        CoreClient::from_provider_metadata(metadata, self.client_id.clone(), Some(self.client_secret.clone()))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(auth)
    }

    /// Gives what the provider says of itself, asking it only once in an hour. Whoever comes meanwhile waits for the same answer.
    async fn describe(&self) -> Result<Description, Trouble> {
        let mut known = self.known.lock().await;
        match &known.description {
            Some(described) if described.at.elapsed() < LIFE => Ok(described.clone()),
            _ => self.fetch(&mut known).await,
        }
    }

    /// The same, newer than one that lacks a key.
    async fn describe_again(&self, than: Instant) -> Result<Description, Trouble> {
        let mut known = self.known.lock().await;
        match &known.description {
            Some(described) if described.at > than => Ok(described.clone()),
            Some(described) if described.at.elapsed() < REFRESH_EVERY => Err(Trouble::UnknownKey),
            _ => self.fetch(&mut known).await,
        }
    }

    async fn fetch(&self, known: &mut Known) -> Result<Description, Trouble> {
        if let Some((at, trouble)) = known.failed.filter(|(at, _)| at.elapsed() < REST) {
            tracing::debug!(oidc.waited_ms = at.elapsed().as_millis(), "a provider is not asked again yet");
            return Err(trouble);
        }
        let fetching = async {
            let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.transport).await?;
            // The browser goes there, so it must be the provider's as well.
            let is_own = self.transport.knows(metadata.authorization_endpoint().as_str());
            if is_own { Ok(metadata) } else { Err(Trouble::Unanswered(Unanswered::Elsewhere)) }
        };
        match self.in_time(fetching).await {
            Ok(metadata) => {
                let described = Description { metadata, at: Instant::now() };
                *known = Known { description: Some(described.clone()), failed: None };
                Ok(described)
            }
            Err(trouble) => {
                known.failed = Some((Instant::now(), trouble));
                Err(trouble)
            }
        }
    }

    /// However many requests it takes.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        timeout(PATIENCE, work).await.unwrap_or(Err(Trouble::Unanswered(Unanswered::Late)))
    }
}

fn verified_mail(claims: &CoreIdTokenClaims) -> Option<String> {
    let is_theirs = claims.email_verified() == Some(true);
    claims.email().filter(|_| is_theirs).map(|mail| mail.as_str().to_lowercase())
}

/// Issuer and subject together are who somebody is (OpenID Connect Core §5.7).
fn subject_hash(issuer: &str, subject: &str) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    for part in [issuer, subject] {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.finish().as_ref());
    hash
}
