use std::{
    fmt,
    future::Future,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::KmsError;

/// A token is renewed so long before it ends.
const EARLY: Duration = Duration::from_secs(60);
/// No token is kept longer, whatever it says of itself.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What shows a service who we are, for a time.
pub(crate) struct Token {
    pub(crate) text: Zeroizing<String>,
    /// How long it is good, from now.
    pub(crate) lifetime: Duration,
}

/// The token of a service, fetched by one call for all that wait.
#[derive(Default)]
pub(crate) struct Login {
    kept: Mutex<Option<(Zeroizing<String>, Instant)>>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

impl Login {
    /// Gives the token, fetching one when there is none or it ends soon.
    pub(crate) async fn token(
        &self,
        fetch: impl Future<Output = Result<Token, KmsError>> + Send,
    ) -> Result<Zeroizing<String>, KmsError> {
        let mut kept = self.kept.lock().await;
        if let Some((text, _)) = kept.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Ok(text.clone());
        }
        let token = fetch.await?;
        // A token that lives shorter than that is used once.
        let until = Instant::now() + token.lifetime.saturating_sub(EARLY).min(LONGEST);
        *kept = Some((token.text.clone(), until));
        Ok(token.text)
    }

    /// Forgets a token that was refused, unless another one has come meanwhile.
    pub(crate) async fn forget(&self, refused: &str) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|(text, _)| text.as_str() == refused) {
            *kept = None;
        }
    }
}
