use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};

/// A library that finds no token is started anew, but not more often than this.
const RESTART_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The libraries of this process. They have one state for the whole process (PKCS #11 version 2.40, section 5.4), so two
/// root keys in one module must share it.
static MODULES: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

/// A vendor's library, loaded once.
#[derive(Debug)]
pub(super) struct Module {
    path: PathBuf,
    /// Held for reading while the library is called: it must not be ended meanwhile.
    loaded: RwLock<Option<Loaded>>,
}

#[derive(Debug)]
struct Loaded {
    library: Pkcs11,
    started_at: Instant,
    /// How often it was started anew: handles of an earlier time may mean something else now.
    epoch: u64,
}

impl Module {
    /// Gives the one module of this path.
    pub(super) fn of(path: &Path) -> Arc<Self> {
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        let module = modules.entry(path.to_owned());
        Arc::clone(module.or_insert_with(|| Arc::new(Self { path: path.to_owned(), loaded: RwLock::default() })))
    }

    /// Calls the library, loading it if it has not been yet. Says the epoch, which doesn't change meanwhile.
    pub(super) fn call<T>(&self, work: impl FnOnce(&Pkcs11, u64) -> Result<T, Error>) -> Result<T, Error> {
        loop {
            let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(loaded) = loaded.as_ref() {
                return work(&loaded.library, loaded.epoch);
            }
            drop(loaded);
            let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
            if loaded.is_none() {
                let library = Pkcs11::new(&self.path)?;
                start(&library)?;
                *loaded = Some(Loaded { library, started_at: Instant::now(), epoch: 0 });
            }
        }
    }

    /// Ends the library and starts it anew, so that it looks for its tokens again; every session is void then. Says
    /// whether it did: not if that was done just now, unless the error says that it was ended meanwhile.
    pub(super) fn restart(&self, because: &Error) -> Result<bool, Error> {
        let was_ended = matches!(because, Error::Pkcs11(RvError::CryptokiNotInitialized, _));
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let may_restart = |loaded: &&mut Loaded| was_ended || loaded.started_at.elapsed() > RESTART_AT_MOST_EVERY;
        let Some(loaded) = loaded.as_mut().filter(may_restart) else { return Ok(false) };
        loaded.epoch += 1;
        match loaded.library.clone().finalize() {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {}
            Err(error) => return Err(error),
        }
        start(&loaded.library)?;
        loaded.started_at = Instant::now();
        Ok(true)
    }
}

fn start(library: &Pkcs11) -> Result<(), Error> {
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        started => started,
    }
}
