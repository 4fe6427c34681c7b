use std::{io, time::Duration};

use untxt_core::domain::{DocumentId, FailureCode, PageContent, PageNumber, ReadingSettings};

use super::{
    ChildCommand, Fault, Original, PageImage, PageReading, SandboxOptions, Walls,
    check::{self, MAX_HEAD_BYTES},
    frame::FrameLimits,
    process::Process,
    protocol::{Answer, Hello, Open, Request, VERSION},
};

/// How long a new child may take to say that it is ready.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long a child may take to free a document.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A running child, and what it has open.
#[derive(Debug)]
pub(super) struct Warm {
    process: Process,
    walls: Walls,
    /// Document and settings that are open.
    opened: Option<(DocumentId, ReadingSettings, u32)>,
    pages_read: u32,
    /// Address space right after the document was opened, and after its last page.
    opened_bytes: u64,
    grown_bytes: u64,
}

impl Warm {
    pub(super) async fn start(command: &ChildCommand, options: &SandboxOptions) -> Result<Self, Fault> {
        let mut process = Process::spawn(command).map_err(Fault::Unavailable)?;
        let hello = Hello {
            version: VERSION,
            parent_pid: std::process::id(),
            memory_bytes: options.memory_bytes,
            cpu_seconds: options.page_timeout.as_secs().saturating_mul(u64::from(options.pages_per_child) + 2),
            max_file_bytes: options.max_file_bytes,
            tessdata_path: options.tessdata_path.clone(),
        };
        let limits = FrameLimits { head_bytes: 64, attachment_bytes: 0 };
        let answer = process.exchange(&Request::Hello(hello), &[], limits, START_LIMIT).await;
        let Ok((Answer::Ready { version: VERSION, walls }, _)) = answer else {
            return Err(Fault::Unavailable(io::Error::other("a new reading child does not answer as it should")));
        };
        match walls.lacking().find(|layer| !options.accept_without.contains(layer)) {
            Some(layer) => Err(Fault::Unconfined(layer)),
            None => Ok(Self { process, walls, opened: None, pages_read: 0, opened_bytes: 0, grown_bytes: 0 }),
        }
    }

    pub(super) async fn open(&mut self, original: &Original, options: &SandboxOptions) -> Result<u32, Fault> {
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
        });
        match self.ask(&request, &original.bytes, 0, options.page_timeout).await? {
            (Answer::Opened { page_count }, _) if (1..=options.max_pages).contains(&page_count) => {
                self.opened = Some((original.document, original.settings.clone(), page_count));
                self.opened_bytes = self.process.size_bytes();
                Ok(page_count)
            }
            _ => Err(nonsense("page count")),
        }
    }

    pub(super) async fn read_page(
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
        self.grown_bytes = self.process.size_bytes();
        Ok(reading)
    }

    pub(super) async fn searchable_pdf(
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

    /// Has the child forget the open document. `false`: it does not answer as it should.
    pub(super) async fn close(&mut self) -> bool {
        if self.opened.take().is_none() {
            return true;
        }
        let answer = self.ask(&Request::Close, &[], 0, CLOSE_LIMIT).await;
        (self.opened_bytes, self.grown_bytes) = (0, self.process.size_bytes());
        matches!(answer, Ok((Answer::Closed, _)))
    }

    pub(super) const fn walls(&self) -> Walls {
        self.walls
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Says whether a fresh child should read the next page: this one has read many, or has taken half of its memory
    /// and did not need it to open the document.
    pub(super) fn is_worn(&self, options: &SandboxOptions) -> bool {
        let much = options.memory_bytes / 2;
        let is_grown = self.opened_bytes <= much && self.grown_bytes > much;
        is_grown || self.pages_read >= options.pages_per_child
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
