use std::{sync::Arc, time::Duration};

use tokio::{sync::broadcast, time::timeout};
use tokio_util::sync::CancellationToken;
use untxt_core::{
    config::{Monitoring, Settings},
    domain::TaskId,
    lifecycle::Lifecycle,
    receipts::SigningKey,
};
use untxt_database::{
    events::Withdrawn,
    tasks::{self, ClaimedTask},
};

use uuid::Uuid;

use crate::{
    CleanUp, Error, KeyKeeper, KeyTimes, Services,
    alive::Pace,
    error::{JobError, JobResult},
    lease::{Claim, Heartbeat, Work},
    presence::Presence,
    sandbox::{ChildCommand, Sandbox, SandboxOptions, Walls},
    shredding,
    slot::Slot,
    wakeups::Wakeups,
    withdrawals,
};

/// How long pages in work may still go on after the worker was asked to stop; then they are handed back.
const GRACE: Duration = Duration::from_secs(6);
/// How long the handing back may take.
const FAREWELL: Duration = Duration::from_secs(4);

const STALE: Duration = Duration::from_secs(15);

/// How the worker works.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// How many children read at once.
    pub children: usize,
    /// Time after which an unrenewed claim is free for others.
    pub lease: Duration,
    /// How often a page may kill its reader.
    pub max_attempts: u32,
    /// Readers' time for one task.
    pub task_timeout: Duration,
    /// How many pages of one owner are read at once, by all workers together; 0: as many as there are slots.
    pub max_pages_per_owner: u32,
    /// Nobody has looked at a task for so long: its wake-up was lost, or waits behind many others. Waking it again
    /// is cheap, but in a long queue every waiting task is woken again so often.
    pub stale: Duration,
    /// When to remove objects that no row names; `None`: never.
    pub clean_up: Option<CleanUp>,
    /// Claim a bucket that has no installation's id in it even if it holds objects that no row names.
    pub claims_any_bucket: bool,
    /// When keys are replaced and destroyed.
    pub keys: KeyTimes,
    /// How long after its last check a stored file is read again as a whole; `None`: never.
    pub check_after: Option<Duration>,
    /// How long a document that a rule puts there stays in the trash.
    pub trash_delay: Duration,
    /// How long rows of the record of what was done are kept.
    pub audit_retention: Duration,
    /// Signs the receipts of shredded documents and the record of what was done; `None`: they wait for one.
    pub signing_key: Option<Arc<SigningKey>>,
    /// What a child may use.
    pub sandbox: Arc<SandboxOptions>,
    /// How a child is started.
    pub child: ChildCommand,
    /// Where monitors are answered, if anywhere.
    pub monitoring: Option<Monitoring>,
}

impl WorkerOptions {
    /// Takes the options from the settings; children are this executable's own.
    ///
    /// # Errors
    /// [`Error::Executable`]; [`Error::SigningKey`] when others can reach the key file, or it holds something else.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let worker = &settings.worker;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            children: usize::try_from(worker.children).ok().filter(|&children| children > 0).unwrap_or(cores),
            lease: worker.lease(),
            max_attempts: worker.max_attempts,
            task_timeout: settings.limits.task_timeout(),
            max_pages_per_owner: worker.max_pages_per_owner,
            stale: STALE,
            clean_up: CleanUp::new(worker),
            claims_any_bucket: worker.claim_bucket,
            keys: KeyTimes::new(&settings.encryption),
            check_after: worker.check_after(),
            trash_delay: settings.trash.delay(),
            audit_retention: settings.audit.retention(),
            signing_key: shredding::open_key(&settings.signing)?,
            sandbox: Arc::new(SandboxOptions::new(&settings.limits, worker)),
            child: ChildCommand::of_this_executable().map_err(Error::Executable)?,
            monitoring: Some(settings.monitoring.clone()),
        })
    }
}

/// What every slot shares.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Made anew at each start.
    pub(crate) id: Uuid,
    pub(crate) services: Services,
    pub(crate) options: WorkerOptions,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) database: Presence,
    pub(crate) pace: Pace,
    pub(crate) keeper: KeyKeeper,
    /// Tells heartbeats of tasks that were taken from us.
    pub(crate) withdrawals: broadcast::Sender<Withdrawn>,
    pub(crate) lifecycle: Lifecycle,
    /// No new page.
    pub(crate) stop: CancellationToken,
    /// Hand back what is in work.
    abort: CancellationToken,
    /// The slots' own tracker: they are waited for before the process may end.
    slots: Lifecycle,
}

impl Worker {
    pub(crate) fn new(services: Services, options: WorkerOptions, wakeups: Wakeups, lifecycle: Lifecycle) -> Self {
        let stop = lifecycle.stop_token();
        let (abort, slots) = (CancellationToken::new(), Lifecycle::default());
        let (withdrawals, _) = broadcast::channel(withdrawals::MAX_BEHIND);
        let (id, pace, wakeups) = (Uuid::now_v7(), Pace::default(), Arc::new(wakeups));
        let database = Presence::new(
            "the database does not answer, leaving the queue to others",
            "the database answers again, asking what there is to do",
        );
        let keeper = KeyKeeper::new(services.database.clone(), services.keys.clone(), options.keys);
        Self { id, pace, keeper, services, options, wakeups, database, withdrawals, lifecycle, stop, abort, slots }
    }

    /// Starts the children, so that a system on which none can run is told at start.
    pub(crate) async fn open_slots(&self) -> Result<Vec<Slot>, Error> {
        let (mut slots, mut walls) = (Vec::new(), None);
        for _ in 0..self.options.children {
            let mut sandbox = Sandbox::new(self.options.child.clone(), Arc::clone(&self.options.sandbox));
            walls = Some(sandbox.warm_up().await?);
            slots.push(Slot::new(sandbox));
        }
        if let Some(walls) = walls {
            tell(walls);
        }
        Ok(slots)
    }

    /// Claims a task of which the caller knows that something is to be done.
    pub(crate) async fn claim_task(&self, task: TaskId) -> JobResult<Option<ClaimedTask>> {
        let mut tx = self.services.database.begin_system().await?;
        let claimed = tasks::claim(&mut tx, task, self.options.lease, self.options.max_attempts).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Doesn't wait for ever for something that should be quick: half a lease.
    pub(crate) async fn in_time<T>(&self, quick: impl Future<Output = JobResult<T>>) -> JobResult<T> {
        timeout(self.options.lease / 2, quick).await.unwrap_or_else(|late| Err(JobError::world(late)))
    }

    /// Keeps a fresh claim alive until what it gives is dropped.
    pub(crate) fn heartbeat(&self, claim: Claim) -> Heartbeat {
        let work = Work { claim, lease: self.options.lease, withdrawn: self.withdrawals.subscribe() };
        Heartbeat::begin(&self.lifecycle, &self.services.database, work, &self.abort)
    }

    /// Runs something in a slot; [`Self::close`] waits for it.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.slots.spawn(job);
    }

    /// Waits for the slots: first for the pages in work to end by themselves, then for them to be handed back.
    pub(crate) async fn close(&self) {
        if self.slots.wait(GRACE).await {
            return;
        }
        tracing::info!("handing back the pages in work");
        self.abort.cancel();
        if !self.slots.wait(FAREWELL).await {
            tracing::warn!("some work could not be handed back; its lease will run out");
        }
    }
}

/// Says what confines the children; what is lacking was accepted, or none would have started.
fn tell(walls: Walls) {
    let Walls { landlock_abi, has_call_filter } = walls;
    tracing::info!(
        sandbox.landlock_abi = landlock_abi,
        sandbox.seccomp = has_call_filter,
        "reading children are confined"
    );
    for layer in walls.lacking() {
        tracing::warn!(sandbox.layer = layer.name(), "reading children lack a layer, as worker.accept_without allows");
    }
}
