//! The queue for operators: ids, states, counts and reasons; never a name, never a word of a document.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use untxt_core::{
    audit::{AuditAction, AuditObjectKind},
    config::Process,
    domain::{Failure, TaskId, TaskState},
};
use untxt_database::{
    Database,
    dead_letters::{self, Which},
    tasks::{self, Begun, Refusal},
    turns::{self, OpenTask, Place},
    workers,
};

use super::{
    record::{Deed, record, recorded},
    serve::{ServeArgs, block_on},
};

/// Rows of one list; a longer queue is no easier to read.
const MAX_ROWS: u32 = 200;

/// What waits, what was given up, and what to do about it. It uses the worker's settings for the database.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    command: QueueCommand,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Show who works and which tasks are open, oldest first.
    List,
    /// Say what a task waits for.
    Explain {
        /// Id of the task.
        task: TaskId,
    },
    /// Stop a task: what was read stays.
    Cancel {
        /// Id of the task.
        task: TaskId,
    },
    /// Do what an ended task left undone, as a new task with the same settings: its pages that were not read, or the
    /// searchable PDF.
    Replay {
        /// Id of the task.
        task: TaskId,
    },
    /// Show what was given up, newest first.
    Dead,
}

/// Does what the operator asks.
pub(crate) fn run(args: &QueueArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Migrate)?;
    block_on(|_| async move {
        let database =
            Database::connect(&settings.database, "untxt-queue").await.context("the database can't be reached")?;
        let (deed, settings) = (args.command.deed(), &settings.database);
        match args.command {
            QueueCommand::Cancel { task } => recorded(settings, &deed, cancel(&database, task)).await?,
            QueueCommand::Replay { task } => recorded(settings, &deed, replay(&database, task)).await?,
            QueueCommand::List | QueueCommand::Explain { .. } | QueueCommand::Dead => {
                record(settings, &deed, true).await?;
                args.command.show(&database).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

impl QueueCommand {
    /// Gives what is written down of it.
    fn deed(&self) -> Deed {
        match *self {
            Self::List | Self::Dead => Deed::new(AuditAction::QueueRead).on(AuditObjectKind::Task),
            Self::Explain { task } => Deed::new(AuditAction::QueueRead).to(task),
            Self::Cancel { task } => Deed::new(AuditAction::QueueTaskCancelled).to(task),
            Self::Replay { task } => Deed::new(AuditAction::QueueTaskReplayed).to(task),
        }
    }

    async fn show(&self, database: &Database) -> anyhow::Result<()> {
        match *self {
            Self::Explain { task } => explain(database, task).await,
            Self::Dead => list_dead(database).await,
            _ => list(database).await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
async fn list(database: &Database) -> anyhow::Result<()> {
    let mut tx = database.begin_system().await?;
    let (alive, open) = (workers::list(&mut tx, MAX_ROWS).await?, turns::list_open(&mut tx, None, MAX_ROWS).await?);
    if alive.is_empty() {
        println!("no worker is running");
    }
    for worker in &alive {
        let pace =
            worker.page_seconds.map_or_else(|| "has read no page".to_owned(), |mean| format!("{mean:.1} s a page"));
        let dropped = worker.dropped_entries;
        println!(
            "worker {} ({}): {} slots, {pace}, {dropped} entries dropped",
            worker.id, worker.version, worker.slots
        );
    }
    println!("{} tasks are open{}", open.len(), if open.len() == MAX_ROWS as usize { " or more" } else { "" });
    for task in &open {
        let OpenTask { task: id, queue, state, ended, pages, in_work, .. } = task;
        println!("{id}  {queue:<11}  {state:<10}  {ended}/{pages} pages, {in_work} in work, {} old", span(task.age));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
async fn explain(database: &Database, id: TaskId) -> anyhow::Result<()> {
    let mut tx = database.begin_system().await?;
    let task = tasks::find(&mut tx, id).await?.with_context(|| format!("there is no task {id}"))?;
    let open = turns::list_open(&mut tx, Some(id), 1).await?.pop();
    let letters = dead_letters::list(&mut tx, Which::All, MAX_ROWS).await?;
    drop(tx);
    println!(
        "task {id}: {}, {} queue, {} of {} pages read, {} failed",
        task.state, task.queue, task.pages.done, task.pages.total, task.pages.failed
    );
    if let Some(failure) = task.failure.map(Failure::from) {
        println!("{}; {}", failure.sentence, failure.advice);
    }
    for letter in letters.iter().filter(|letter| letter.task == id) {
        println!("{}", dead_line(letter));
    }
    if let Some(open) = open {
        // As its owner: where a task stands is only told to them.
        let mut tx = database.begin_as(open.owner).await?;
        let place = turns::places(&mut tx).await?.remove(&id);
        println!("{}", waits_for(&open, place.as_ref()));
    }
    Ok(())
}

/// Says in a sentence what happens next to a task.
fn waits_for(task: &OpenTask, place: Option<&Place>) -> String {
    let place = place.map_or_else(String::new, |place| match (place.workers, place.remaining) {
        (0, _) => "; no worker is running".to_owned(),
        (_, Some(remaining)) => {
            format!("; {} pages are read before its next, about {} to its end", place.pages_before, span(remaining))
        }
        (_, None) => format!("; {} pages are read before its next", place.pages_before),
    });
    let what = match (task.state, task.held_for, task.paused_for) {
        (TaskState::Inspecting | TaskState::Finishing, Some(held), _) => {
            format!("a worker has it, for {} more unless it says so again", span(held))
        }
        (TaskState::Inspecting, None, _) => {
            "its worker was not heard of in time; somebody else takes it over".to_owned()
        }
        (_, _, Some(paused)) => format!("it was put off for {} because something did not answer", span(paused)),
        (TaskState::Processing, _, _) if task.in_work > 0 => format!("{} of its pages are being read", task.in_work),
        _ => "it waits for its turn".to_owned(),
    };
    format!("{what}{place}")
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
async fn cancel(database: &Database, id: TaskId) -> anyhow::Result<()> {
    let mut tx = database.begin_system().await?;
    // What a stopped run over a document again had read is put together by the next sweep.
    let task = tasks::cancel(&mut tx, id).await?.with_context(|| format!("there is no task {id}"))?.task;
    tx.commit().await?;
    println!("task {id} is {}; {} pages were read", task.state, task.pages.done);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
async fn replay(database: &Database, id: TaskId) -> anyhow::Result<()> {
    let mut tx = database.begin_system().await?;
    let begun = tasks::replay(&mut tx, id).await?.with_context(|| format!("there is no task {id}"))?;
    let new = match begun {
        Begun::New(task) | Begun::Existing(task) => task.id,
        Begun::Refused(Refusal::StillOpen) => {
            bail!("the document of {id} is being read: wait for the end, or stop that with `untxt queue cancel`")
        }
        Begun::Refused(Refusal::NothingUnread) => {
            bail!("nothing is left to do of {id}: every page has its text, and there is a searchable PDF")
        }
        Begun::Refused(Refusal::Quarantined) => {
            bail!("the virus scanner found malware in the document of {id}: its owner may only delete it")
        }
        Begun::Refused(refusal) => bail!("the document of {id} can't be read again: {refusal:?}"),
    };
    tx.commit().await?;
    println!("task {new} does what {id} left undone");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
async fn list_dead(database: &Database) -> anyhow::Result<()> {
    let mut tx = database.begin_system().await?;
    let letters = dead_letters::list(&mut tx, Which::All, MAX_ROWS).await?;
    if letters.is_empty() {
        println!("nothing was given up");
    }
    for letter in &letters {
        println!("{}", dead_line(letter));
    }
    Ok(())
}

fn dead_line(letter: &dead_letters::DeadLetter) -> String {
    let what = letter.page.map_or_else(|| "the document".to_owned(), |page| format!("page {page}"));
    let at = letter.at.replace_nanosecond(0).unwrap_or(letter.at);
    format!("{at}  task {}  {what}: {} after {} attempts", letter.task, letter.reason, letter.attempts)
}

/// "45 s", "2 min", "3 h".
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_task(state: TaskState) -> OpenTask {
        OpenTask {
            task: TaskId::generate(),
            owner: untxt_core::domain::UserId::generate().as_owner(),
            owner_login: None,
            queue: untxt_core::domain::TaskQueue::Bulk,
            state,
            pages: 0,
            ended: 0,
            in_work: 0,
            age: Duration::ZERO,
            held_for: None,
            paused_for: None,
        }
    }

    #[test]
    fn what_a_task_waits_for_is_said_in_a_sentence() {
        let place = |workers| Place { pages_before: 3, remaining: Some(Duration::from_secs(40)), workers };
        let queued = a_task(TaskState::Queued);
        let said = waits_for(&queued, Some(&place(2)));
        assert_eq!(said, "it waits for its turn; 3 pages are read before its next, about 40 s to its end");
        assert_eq!(waits_for(&queued, Some(&place(0))), "it waits for its turn; no worker is running");
        let paused = OpenTask { paused_for: Some(Duration::from_secs(8)), ..queued };
        assert_eq!(waits_for(&paused, None), "it was put off for 8 s because something did not answer");
        assert!(waits_for(&a_task(TaskState::Inspecting), None).contains("takes it over"));
        assert_eq!([span(Duration::from_secs(119)), span(Duration::from_secs(7200))], ["119 s", "2 h"]);
    }
}
