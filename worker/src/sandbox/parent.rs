use std::{io, path::PathBuf, sync::Arc, time::Duration};

use untxt_core::{
    config::{Limits, Worker},
    domain::{DocumentId, FailureCode, OwnerId, PageContent, PageNumber, ReadingSettings},
};
use zeroize::Zeroizing;

use super::{
    ChildCommand, Fault, PageImage, PageReading,
    check::{self, MAX_HEAD_BYTES},
    frame::FrameLimits,
    process::Process,
    protocol::{Answer, Hello, Open, Request, VERSION},
};

/// How long a new child may take to say that it is ready.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long a child may take to free a document.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

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

#[derive(Debug)]
struct Warm {
    process: Process,
    /// Document and settings that are open.
    opened: Option<(DocumentId, ReadingSettings, u32)>,
    pages_read: u32,
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
        self.warm.as_ref().map(|warm| warm.process.pid())
    }

    /// Starts the child now, so that the first page doesn't wait for it.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn warm_up(&mut self) -> Result<(), Fault> {
        let warm = self.take_warm().await?;
        self.warm = Some(warm);
        Ok(())
    }

    /// Ends the child.
    pub fn stop(&mut self) {
        self.warm = None;
    }

    /// Has the child forget the open document; a child that doesn't answer at once is ended.
    pub async fn close(&mut self) {
        let Some(mut warm) = self.warm.take_if(|warm| warm.opened.is_some()) else { return };
        warm.opened = None;
        let answer = warm.ask(&Request::Close, &[], 0, CLOSE_LIMIT).await;
        if matches!(answer, Ok((Answer::Closed, _))) {
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
            Some(warm) if warm.pages_read < self.options.pages_per_child => Ok(warm),
            worn => {
                drop(worn);
                Warm::start(&self.command, &self.options).await
            }
        }
    }

    /// Keeps the child for the next request unless it died.
    fn keep<T>(&mut self, warm: Warm, answer: Result<T, Fault>) -> Result<T, Fault> {
        if matches!(answer, Ok(_) | Err(Fault::Refused(_))) {
            self.warm = Some(warm);
        }
        answer
    }
}

impl Warm {
    async fn start(command: &ChildCommand, options: &SandboxOptions) -> Result<Self, Fault> {
        let mut process = Process::spawn(command).map_err(Fault::Unavailable)?;
        let hello = Hello {
            version: VERSION,
            parent_pid: std::process::id(),
            memory_bytes: options.memory_bytes,
            cpu_seconds: options.page_timeout.as_secs().saturating_mul(u64::from(options.pages_per_child) + 2),
            max_file_bytes: options.max_file_bytes,
        };
        let limits = FrameLimits { head_bytes: 64, attachment_bytes: 0 };
        match process.exchange(&Request::Hello(hello), &[], limits, START_LIMIT).await {
            Ok((Answer::Ready { version: VERSION }, _)) => Ok(Self { process, opened: None, pages_read: 0 }),
            _ => Err(Fault::Unavailable(io::Error::other("a new reading child does not answer as it should"))),
        }
    }

    async fn open(&mut self, original: &Original, options: &SandboxOptions) -> Result<u32, Fault> {
        if let Some((document, settings, page_count)) = &self.opened
            && (*document, settings) == (original.document, &original.settings)
        {
            return Ok(*page_count);
        }
        self.opened = None;
        let request = Request::Open(Open {
            max_pages: options.max_pages,
            max_page_pixels: options.max_page_pixels,
            settings: original.settings.clone(),
            tessdata_path: options.tessdata_path.clone(),
        });
        match self.ask(&request, &original.bytes, 0, options.page_timeout).await? {
            (Answer::Opened { page_count }, _) if (1..=options.max_pages).contains(&page_count) => {
                self.opened = Some((original.document, original.settings.clone(), page_count));
                Ok(page_count)
            }
            _ => Err(nonsense("page count")),
        }
    }

    async fn read_page(
        &mut self,
        original: &Original,
        page: PageNumber,
        options: &SandboxOptions,
    ) -> Result<PageReading, Fault> {
        self.open(original, options).await?;
        self.pages_read += 1;
        // Three bytes a pixel is what an image that can't be compressed at all takes.
        let image_bytes = options.max_page_pixels.saturating_mul(3).saturating_add(1 << 20);
        let request = Request::ReadPage { index: page.index() };
        let (answer, image) = self.ask(&request, &[], image_bytes, options.page_timeout).await?;
        let Answer::Page { content, image_media_type } = answer else { return Err(nonsense("page")) };
        let reading =
            PageReading { content: *content, image: PageImage { media_type: image_media_type, bytes: image } };
        check::page(&reading, options.max_page_pixels).map_err(nonsense)?;
        Ok(reading)
    }

    async fn searchable_pdf(
        &mut self,
        original: &Original,
        pages: &[Option<PageContent>],
        options: &SandboxOptions,
    ) -> Result<Vec<u8>, Fault> {
        self.open(original, options).await?;
        let text = postcard::to_stdvec(pages).map_err(|error| Fault::Unavailable(io::Error::other(error)))?;
        // The original, its pictures perhaps stored anew, and the text.
        let pdf_bytes = options.max_file_bytes.saturating_mul(4).saturating_add(text.len() as u64 * 4 + (64 << 20));
        let (answer, pdf) = self.ask(&Request::SearchablePdf, &text, pdf_bytes, options.page_timeout * 2).await?;
        match answer {
            Answer::Pdf if check::is_pdf(&pdf) => Ok(pdf),
            _ => Err(nonsense("searchable PDF")),
        }
    }

    /// Asks, and sorts out the answers that are failures.
    async fn ask(
        &mut self,
        request: &Request,
        attachment: &[u8],
        attachment_bytes: u64,
        limit: Duration,
    ) -> Result<(Answer, Vec<u8>), Fault> {
        let limits = FrameLimits { head_bytes: MAX_HEAD_BYTES, attachment_bytes };
        match self.process.exchange(request, attachment, limits, limit).await? {
            (Answer::Failed { code }, _) => Err(Fault::Refused(code)),
            (Answer::Broken, _) => Err(Fault::Died(FailureCode::Crashed)),
            answer => Ok(answer),
        }
    }
}

fn nonsense(what: &'static str) -> Fault {
    tracing::warn!(what, "a reading child answered nonsense");
    Fault::Died(FailureCode::Crashed)
}
