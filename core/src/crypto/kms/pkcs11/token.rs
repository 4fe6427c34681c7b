use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use cryptoki::{
    context::Pkcs11,
    error::{Error, RvError},
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use zeroize::Zeroizing;

use super::{module::Module, unavailable};
use crate::{
    config,
    crypto::kms::{KmsError, private_file},
};

/// A token and the sessions that are open on it.
#[derive(Debug)]
pub(super) struct Token {
    module: Arc<Module>,
    label: String,
    key_label: String,
    pin_path: PathBuf,
    idle: Mutex<Vec<OpenSession>>,
    /// The PIN that the token refused: it isn't tried again, or the token would lock itself.
    refused_pin: Mutex<Option<Zeroizing<String>>>,
}

/// A session that is logged in, and the root key in it.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) session: Session,
    pub(super) key: ObjectHandle,
    /// Of the library, in which the two handles mean what they say.
    epoch: u64,
}

/// Why no session is open.
enum Closed {
    /// The library said so.
    Library(Error),
    /// Whoever looks after the token has to do something.
    Denied(String),
}

impl From<Error> for Closed {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<Closed> for KmsError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Library(error) => sort(error),
            Closed::Denied(reason) => Self::Denied(reason.into()),
        }
    }
}

impl Token {
    pub(super) fn new(module: Arc<Module>, settings: &config::Pkcs11) -> Self {
        Self {
            module,
            label: settings.token_label.clone(),
            key_label: settings.key_label.clone(),
            pin_path: settings.pin_path.clone(),
            idle: Mutex::default(),
            refused_pin: Mutex::default(),
        }
    }

    /// Does something in a session; once more in a new one if the module was gone meanwhile.
    pub(super) fn with_session<T>(&self, work: impl Fn(&OpenSession) -> Result<T, Error>) -> Result<T, KmsError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(open) = kept {
            match self.module.call(|_, epoch| if open.epoch == epoch { work(&open).map(Some) } else { Ok(None) }) {
                Ok(Some(done)) => {
                    self.keep(open);
                    return Ok(done);
                }
                Ok(None) => {}
                // Whatever befell this session befell the others, too.
                Err(error) => {
                    tracing::debug!(%error, "a session of the hardware security module is gone");
                    self.close_sessions(open);
                }
            }
        }
        let open = match self.module.call(|library, epoch| Ok(self.open(library, epoch))).map_err(sort)? {
            Ok(open) => open,
            Err(Closed::Library(error)) if self.module.restart(&error).map_err(sort)? => {
                tracing::warn!(%error, "the library of the hardware security module was started anew");
                self.module.call(|library, epoch| Ok(self.open(library, epoch))).map_err(sort)??
            }
            Err(closed) => return Err(closed.into()),
        };
        let done = self.module.call(|_, epoch| if open.epoch == epoch { work(&open) } else { Err(gone()) });
        let done = done.map_err(sort)?;
        self.keep(open);
        Ok(done)
    }

    fn keep(&self, open: OpenSession) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
    }

    /// Closes all sessions of this epoch; those of another one are void already.
    fn close_sessions(&self, open: OpenSession) {
        let mut idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle.push(open);
        let closed = self.module.call(|_, now| {
            for open in idle.into_iter().filter(|open| open.epoch == now) {
                drop(open.session.close());
            }
            Ok(())
        });
        if let Err(error) = closed {
            tracing::debug!(%error, "the library of the hardware security module is gone");
        }
    }

    fn open(&self, library: &Pkcs11, epoch: u64) -> Result<OpenSession, Closed> {
        // Not closed when dropped: by then its handle may be another session's.
        let session = library.open_ro_session_no_drop(self.find_slot(library)?)?;
        match self.log_in(&session).and_then(|()| self.find_key(&session)) {
            Ok(key) => Ok(OpenSession { session, key, epoch }),
            Err(closed) => {
                drop(session.close());
                Err(closed)
            }
        }
    }

    fn find_slot(&self, library: &Pkcs11) -> Result<Slot, Error> {
        for slot in library.get_slots_with_token()? {
            if library.get_token_info(slot)?.label() == self.label {
                return Ok(slot);
            }
        }
        Err(gone())
    }

    fn log_in(&self, session: &Session) -> Result<(), Closed> {
        let pin = private_file::read(&self.pin_path)
            .map_err(|error| Closed::Denied(format!("encryption.pkcs11.pin_path can't be read: {error}")))?;
        let mut refused = self.refused_pin.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref() == Some(&pin) {
            return Err(Closed::Denied(
                "the token refused this PIN before; put the right one into its file".to_owned(),
            ));
        }
        match session.login(UserType::User, Some(&AuthPin::new(pin.as_str().into()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error @ Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked | RvError::PinExpired, _)) => {
                *refused = Some(pin);
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the key, which must be the only one of its label, an AES-256 key, and unable to leave the module.
    fn find_key(&self, session: &Session) -> Result<ObjectHandle, Closed> {
        let label = Attribute::Label(self.key_label.clone().into_bytes());
        let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES), label];
        let found = session.find_objects(&wanted)?;
        let [key] = found[..] else {
            let reason = format!("the token has {} AES keys of the label {}", found.len(), self.key_label);
            return Err(Closed::Denied(reason));
        };
        let asked = [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::ValueLen];
        let mut needed =
            vec![Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::ValueLen(32.into())];
        for attribute in session.get_attributes(key, &asked)? {
            needed.retain(|need| *need != attribute);
        }
        if needed.is_empty() {
            return Ok(key);
        }
        Err(Closed::Denied("the key must be an AES-256 key that is sensitive and can't be extracted".to_owned()))
    }
}

fn gone() -> Error {
    Error::Pkcs11(RvError::TokenNotPresent, cryptoki::context::Function::GetSlotList)
}

/// Sorts what the library said by what is to be done about it.
fn sort(error: Error) -> KmsError {
    let Error::Pkcs11(code, _) = &error else { return unavailable(error) };
    match code {
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::UserPinNotInitialized
        | RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::MechanismInvalid
        | RvError::ActionProhibited => KmsError::Denied(error.into()),
        _ => unavailable(error),
    }
}
