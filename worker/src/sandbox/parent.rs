use std::{path::PathBuf, sync::Arc, time::Duration};

use metrics::counter;
use untxt_core::{
    config::{Limits, SandboxLayer, Worker},
    domain::{DocumentId, OwnerId, PageContent, PageNumber, ReadingSettings},
};
use zeroize::Zeroizing;

use super::{ChildCommand, Fault, PageReading, Walls, warm::Warm};

/// What a child may use, and how it opens files.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Address space of a child.
    pub memory_bytes: u64,
    /// Longest time for one page.
    pub page_timeout: Duration,
    /// Pages after which a child is replaced.
    pub pages_per_child: u32,
    /// Longest file.
    pub max_file_bytes: u64,
    /// Most pages of a document.
    pub max_pages: u32,
    /// Most pixels of a page.
    pub max_page_pixels: u64,
    /// Folder of language data; none: where the system keeps it.
    pub tessdata_path: Option<PathBuf>,
    /// Layers that the kernel may lack.
    pub accept_without: Vec<SandboxLayer>,
}

impl SandboxOptions {
    /// Takes the options from the settings.
    #[must_use]
    pub fn new(limits: &Limits, worker: &Worker) -> Self {
        Self {
            memory_bytes: limits.child_memory_bytes,
            page_timeout: limits.page_timeout(),
            pages_per_child: worker.pages_per_child,
            max_file_bytes: limits.max_file_bytes,
            max_pages: limits.max_pages,
            max_page_pixels: limits.max_page_pixels,
            tessdata_path: worker.tessdata_path.clone(),
            accept_without: worker.accept_without.clone(),
        }
    }
}

/// A document in clear, in memory only.
#[derive(Clone)]
pub struct Original {
    /// Whose it is; a child sees the documents of one owner only.
    pub owner: OwnerId,
    /// Which document; the child keeps the last one open.
    pub document: DocumentId,
    /// The file as it was uploaded.
    pub bytes: Arc<Zeroizing<Vec<u8>>>,
    /// How it is read.
    pub settings: ReadingSettings,
}

impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Original").field("document", &self.document).finish_non_exhaustive()
    }
}

/// A place for one child: started when needed, warm between pages and documents of one owner, replaced
/// when it died or is worn.
#[derive(Debug)]
pub struct Sandbox {
    command: ChildCommand,
    options: Arc<SandboxOptions>,
    warm: Option<Warm>,
    /// Whose documents the child has seen.
    owner: Option<OwnerId>,
}

impl Sandbox {
    /// Makes a place without a child yet.
    #[must_use]
    pub fn new(command: ChildCommand, options: Arc<SandboxOptions>) -> Self {
        Self { command, options, warm: None, owner: None }
    }

    /// Gives the process id of the child, if one is running.
    #[must_use]
    pub fn child_pid(&self) -> Option<u32> {
        self.warm.as_ref().map(Warm::pid)
    }

    /// Starts the child now, so that the first page doesn't wait for it, and says what confines it.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Unconfined`].
    pub async fn warm_up(&mut self) -> Result<Walls, Fault> {
        let warm = self.take_warm().await?;
        let walls = warm.walls();
        self.warm = Some(warm);
        Ok(walls)
    }

    /// Ends the child.
    pub fn stop(&mut self) {
        self.warm = None;
    }

    /// Has the child forget the open document; a child that doesn't answer at once is ended.
    pub async fn close(&mut self) {
        if let Some(mut warm) = self.warm.take()
            && warm.close().await
        {
            self.warm = Some(warm);
        }
    }

    /// Opens the document and counts its pages.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn count_pages(&mut self, original: &Original) -> Result<u32, Fault> {
        self.serve(original.owner);
        let mut warm = self.take_warm().await?;
        let opened = warm.open(original, &self.options).await;
        self.keep(warm, opened)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn read_page(&mut self, original: &Original, page: PageNumber) -> Result<PageReading, Fault> {
        self.serve(original.owner);
        let mut warm = self.take_warm().await?;
        let reading = warm.read_page(original, page, &self.options).await;
        self.keep(warm, reading)
    }

    /// Lays the text of the pages over the document; `None` stands for a page without text.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn searchable_pdf(
        &mut self,
        original: &Original,
        pages: &[Option<PageContent>],
    ) -> Result<Vec<u8>, Fault> {
        self.serve(original.owner);
        let mut warm = self.take_warm().await?;
        let pdf = warm.searchable_pdf(original, pages, &self.options).await;
        self.keep(warm, pdf)
    }

    /// A child that a hostile file may have broken into is not kept warm for another owner's documents.
    fn serve(&mut self, owner: OwnerId) {
        if self.owner.replace(owner).is_some_and(|before| before != owner) {
            self.warm = None;
        }
    }

    /// Takes the child out: if the caller is dropped in mid-exchange, the child dies with it.
    async fn take_warm(&mut self) -> Result<Warm, Fault> {
        match self.warm.take() {
            Some(warm) if !warm.is_worn(&self.options) => Ok(warm),
            worn => {
                drop(worn);
                Warm::start(&self.command, &self.options).await
            }
        }
    }

    /// Keeps the child for the next request unless it died.
    fn keep<T>(&mut self, warm: Warm, answer: Result<T, Fault>) -> Result<T, Fault> {
        match &answer {
            Ok(_) | Err(Fault::Refused(_)) => self.warm = Some(warm),
            Err(Fault::Died(code)) => {
                counter!("untxt_children_broken_total", "code" => code.as_str()).increment(1);
            }
            Err(Fault::Unavailable(_) | Fault::Unconfined(_)) => {}
        }
        answer
    }
}
