//! One slot at work: it asks whose turn it is, does that, and asks again, until there is nothing to do.

use tracing::Instrument;
use untxt_core::{
    domain::{TaskId, TaskState},
    queue::{Delivery, QueueEntry, QueueKind},
    telemetry::chain,
};
use untxt_database::{
    pages::ClaimedPage,
    tasks::ClaimedTask,
    turns::{self, Asking, Turn},
};
use uuid::Uuid;

use crate::{
    error::{JobError, JobResult},
    recognise::ReadPage,
    settle::Settled,
    slot::Slot,
    worker::Worker,
};

/// Each time somebody else was faster, so there was something to do; more in a row than this is a mistake of ours.
const MAX_ASKS: u32 = 1000;

/// What became of a turn.
pub(crate) enum Next {
    /// A page was read; it is still to be stored.
    Read(Box<ReadPage>),
    /// Whatever it was is written down.
    Settled(Settled),
    /// There was nothing to do.
    Nothing,
}

impl Worker {
    /// Works until there is nothing to do, or the worker stops. The entries that woke the slot are acknowledged as soon
    /// as the database was asked: then leases protect what was begun. When it can't be asked, they are given back.
    pub(crate) async fn work(&self, slot: &mut Slot, mut woken_by: Vec<Delivery>) {
        let mut to_store: Option<Box<ReadPage>> = None;
        loop {
            let storing = to_store.as_ref().map(|page| (page.claimed.task, page.claimed.lease_token));
            let asking = self.asking(slot, storing.map(|(_, lease)| lease));
            // While one page is sealed and stored the child reads the next; never more than one is ahead.
            let (stored, next) =
                tokio::join!(self.store_if_any(to_store.take()), self.take_turn(slot, &asking, &mut woken_by));
            if let Some((task, _)) = storing.filter(|_| stored == Settled::TaskEnds) {
                self.end_if_open(slot, task).await;
            }
            let is_over = match next {
                // Its task ends with it, and that is quick while the document is open.
                Next::Read(page) if page.claimed.is_last_open || stored == Settled::Halt => {
                    let task = page.claimed.task;
                    let settled = self.store_if_any(Some(page)).await;
                    if settled == Settled::TaskEnds {
                        self.end_if_open(slot, task).await;
                    }
                    settled == Settled::Halt
                }
                Next::Read(page) => {
                    to_store = Some(page);
                    false
                }
                Next::Settled(settled) => settled == Settled::Halt,
                // The end of the task that was being stored is something to do.
                Next::Nothing => stored != Settled::TaskEnds,
            };
            if is_over || stored == Settled::Halt {
                break;
            }
        }
        if let (true, Some(entry)) = (self.stop.is_cancelled(), &slot.entry) {
            self.wakeups.push(entry).await;
        }
        self.wakeups.give_back(&woken_by).await;
        slot.forget().await;
    }

    fn asking(&self, slot: &Slot, stored_lease: Option<Uuid>) -> Asking {
        Asking {
            open_task: slot.entry.map(|entry| entry.task),
            stored_lease,
            lease: self.options.lease,
            max_attempts: self.options.max_attempts,
            max_pages_per_owner: self.options.max_pages_per_owner,
        }
    }

    /// Asks for the next turn and does it, all but the storing of a page.
    async fn take_turn(&self, slot: &mut Slot, asking: &Asking, woken_by: &mut Vec<Delivery>) -> Next {
        if self.stop.is_cancelled() {
            return Next::Settled(Settled::Halt);
        }
        let turn = self.ask(asking).await;
        let is_answered = !turn.as_ref().is_err_and(JobError::is_outage);
        self.database.note(is_answered);
        let answered = if is_answered { std::mem::take(woken_by) } else { Vec::new() };
        let acknowledged = self.wakeups.acknowledge(&answered);
        let done = async {
            match turn {
                Ok(turn) => self.do_turn(slot, asking, turn).await,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the next turn could not be taken");
                    Next::Settled(Settled::Halt)
                }
            }
        };
        // At the same time: nobody renews the claim before its work begins, and a queue may take longer to fail than a
        // lease lasts.
        let ((), next) = tokio::join!(acknowledged, done);
        next
    }

    async fn do_turn(&self, slot: &mut Slot, asking: &Asking, turn: Turn) -> Next {
        match turn {
            Turn::Page(claimed) => {
                slot.entry = Some(entry_of_page(&claimed));
                let span = tracing::info_span!("job", trace = %claimed.trace, task.id = %claimed.task);
                self.read_next(slot, *claimed).instrument(span).await
            }
            Turn::Task(claimed) => {
                slot.entry = Some(entry_of_task(&claimed));
                let span = tracing::info_span!("job", trace = %claimed.trace, task.id = %claimed.task);
                Box::pin(self.advance(slot, asking, &claimed)).instrument(span).await
            }
            Turn::Rest | Turn::Again => Next::Nothing,
        }
    }

    /// Finishes a task, or inspects it and reads its first page in the same turn.
    async fn advance(&self, slot: &mut Slot, asking: &Asking, claimed: &ClaimedTask) -> Next {
        if claimed.state == TaskState::Finishing {
            return Next::Settled(self.finish(slot, claimed).await);
        }
        let inspected = self.inspect(slot, claimed).await;
        if inspected != Settled::GoOn || self.stop.is_cancelled() {
            return Next::Settled(inspected);
        }
        match self.in_time(self.take_page_of(asking, claimed)).await {
            Ok(Turn::Page(first)) => self.read_next(slot, *first).await,
            // Somebody else has it already, or the owner has enough in work.
            Ok(_) => Next::Settled(Settled::GoOn),
            Err(error) => {
                tracing::warn!(error = chain(&error), "no page could be claimed");
                Next::Settled(Settled::Halt)
            }
        }
    }

    /// Finishes a task if the slot has still its document open. Otherwise whoever asks next finds it.
    pub(crate) async fn end_if_open(&self, slot: &mut Slot, task: TaskId) {
        if slot.entry.is_none_or(|entry| entry.task != task) {
            return;
        }
        match self.in_time(self.claim_task(task)).await {
            Ok(Some(claimed)) => _ = Box::pin(self.finish(slot, &claimed)).await,
            // Somebody else does it.
            Ok(None) => {}
            Err(error) => tracing::warn!(error = chain(&error), "a task could not be claimed"),
        }
    }

    async fn ask(&self, asking: &Asking) -> JobResult<Turn> {
        for _ in 0..MAX_ASKS {
            match self.in_time(self.ask_once(asking)).await? {
                Turn::Again if !self.stop.is_cancelled() => {}
                turn => return Ok(turn),
            }
        }
        tracing::error!("nobody gets a turn though there is work");
        Ok(Turn::Rest)
    }

    async fn ask_once(&self, asking: &Asking) -> JobResult<Turn> {
        let mut tx = self.services.database.begin_system().await?;
        let turn = turns::take(&mut tx, asking).await?;
        if matches!(turn, Turn::Task(_) | Turn::Page(_)) {
            tx.commit().await?;
        }
        Ok(turn)
    }

    async fn take_page_of(&self, asking: &Asking, claimed: &ClaimedTask) -> JobResult<Turn> {
        let mut tx = self.services.database.begin_system().await?;
        let turn = turns::take_page_of(&mut tx, claimed.task, asking).await?;
        if matches!(turn, Turn::Page(_)) {
            tx.commit().await?;
        }
        Ok(turn)
    }
}

pub(crate) const fn entry_of_page(claimed: &ClaimedPage) -> QueueEntry {
    QueueEntry::new(QueueKind::Recognise, claimed.task, claimed.queue, claimed.trace)
}

pub(crate) const fn entry_of_task(claimed: &ClaimedTask) -> QueueEntry {
    let kind = if matches!(claimed.state, TaskState::Finishing) { QueueKind::Finish } else { QueueKind::Inspect };
    QueueEntry::new(kind, claimed.task, claimed.queue, claimed.trace)
}
