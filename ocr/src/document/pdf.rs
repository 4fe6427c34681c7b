use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hayro::{
    RenderCache,
    hayro_interpret::{Context, InterpreterCache, InterpreterSettings, TransformExt, interpret_page},
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf, object::Dict, page::Page},
    kurbo::{Affine, Rect},
};
use lopdf::Stream as PdfStream;

use super::{
    NO_SUCH_PAGE, OpenOptions,
    beside::Beside,
    budget::Budget,
    drawing::{bounds_of, fitting_dpi, render_page, rendered_size, user_unit},
    inspection::{PageInspection, Seen},
    jpeg_blocks::Completeness,
    loss::{is_content_broken, is_content_lost, settings_noting_loss},
    montage::Piece,
    own_text::{LetterCollector, settle_letters},
    scan::{Scan, ScanFinder, Wants},
    watch::PageWatcher,
};
use crate::{OcrError, Raster, orientation::Orientation};
use untxt_page::PageKind;

/// An opened PDF.
pub(crate) struct PdfFile {
    pdf: Pdf,
    /// For each page of the page tree its place among the pages that can be loaded.
    pages: Vec<Option<usize>>,
    /// Whether its objects or its pages had to be searched for.
    is_damaged: bool,
}

impl std::fmt::Debug for PdfFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PdfFile").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

/// Where a page is in the file, and how it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PagePlacement {
    /// From the upright page, in points, origin top left, y downwards, to the page's own coordinates (PDF user space).
    pub(crate) to_user_space: Affine,
    /// Number and generation of the page's object.
    pub(crate) object: Option<(u32, u16)>,
}

/// What one sees of a page, as a picture. Lengths are in points on the upright page, origin top left, y downwards.
pub(crate) struct PagePicture {
    /// Width and height of the page.
    pub(crate) sheet: (f64, f64),
    /// Where the picture lies.
    pub(crate) area: Rect,
    /// Its pixels, upright.
    pub(crate) raster: Raster,
    /// The same as the file codes it, when an archive may hold that, and how it lies.
    pub(crate) coded: Option<PdfStream>,
    pub(crate) orientation: Orientation,
    /// The pictures that it is made of when they are several and it is nothing else.
    pub(crate) pieces: Option<Vec<Piece>>,
    /// Whether the page is more (or less) than one picture, and was drawn.
    pub(crate) is_drawn: bool,
}

/// What a look at a page gives.
struct Look {
    /// Its pixels, upright.
    raster: Raster,
    /// The picture that it is.
    scan: Option<Scan>,
    /// The pictures that it is made of.
    pieces: Option<Vec<Piece>>,
}

impl PdfFile {
    pub(super) fn open(bytes: &Arc<Vec<u8>>, options: &OpenOptions) -> Result<Self, OcrError> {
        let password = options.password.as_ref().map_or("", |password| password.reveal());
        let pdf = Pdf::new_with_password(Arc::clone(bytes), password).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) if password.is_empty() => OcrError::Encrypted,
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => OcrError::PasswordWrong,
            LoadPdfError::Decryption(_) => OcrError::unreadable("the PDF is encrypted in an unknown way"),
            LoadPdfError::Invalid => OcrError::unreadable("the PDF is damaged or cut off"),
        })?;
        super::bombs::check_streams(&pdf)?;
        let (pages, are_guessed) = super::page_tree::list_pages(&pdf, options.max_pages);
        let is_damaged = are_guessed || !super::table_of_objects::is_found(bytes);
        Ok(Self { pdf, pages, is_damaged })
    }

    pub(super) fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn is_signed(&self) -> bool {
        super::signature::is_signed(&self.pdf)
    }

    /// Says whether the page tree says how many pages it has, which other readers believe.
    pub(crate) fn counts_its_pages(&self) -> bool {
        let xref = self.pdf.xref();
        let root = xref.get::<Dict<'_>>(xref.root_id()).and_then(|catalog| catalog.get::<Dict<'_>>("Pages"));
        root.and_then(|root| root.get::<u32>("Count")) == Some(self.page_count())
    }

    /// Gives how many points a unit of a page's coordinates is, where that is not one.
    pub(crate) fn user_unit(&self, index: u32) -> Option<f32> {
        let unit = user_unit(self.page(index).ok()?);
        ((unit - 1.0).abs() > 1e-6).then_some(unit)
    }

    /// Says whether its objects or its pages had to be searched for.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    pub(super) fn beside(&self) -> Beside {
        let page_at = |place: &Option<usize>| self.pdf.pages().get((*place)?)?.raw().obj_id();
        let places = (0..).zip(&self.pages).filter_map(|(index, place)| Some((page_at(place)?, index)));
        Beside::read(&self.pdf, places.collect())
    }

    fn page(&self, index: u32) -> Result<&Page<'_>, OcrError> {
        let place = self.pages.get(index as usize).ok_or(NO_SUCH_PAGE)?;
        place.and_then(|place| self.pdf.pages().get(place)).ok_or(DAMAGED)
    }

    pub(super) fn raster(&self, index: u32, options: &OpenOptions) -> Result<Raster, OcrError> {
        self.look_at(index, options, Wants::Pixels).map(|look| look.raster)
    }

    /// Gives the picture that a page is, or that is drawn of it.
    pub(crate) fn picture(&self, index: u32, options: &OpenOptions) -> Result<PagePicture, OcrError> {
        let sheet = bounds_of(self.page(index)?);
        let Look { raster, scan, pieces } = self.look_at(index, options, Wants::Code)?;
        let pieces = pieces.filter(|_| !raster.is_damaged);
        let (area, orientation) = scan.as_ref().map_or((sheet, Orientation::Upright), |it| (it.area, it.orientation));
        let is_drawn = scan.is_none();
        let coded = scan.and_then(|scan| scan.coded).filter(|_| !raster.is_damaged);
        Ok(PagePicture { sheet: (sheet.width(), sheet.height()), area, orientation, pieces, coded, raster, is_drawn })
    }

    /// Gives the pixels of a page, and what it is made of.
    fn look_at(&self, index: u32, options: &OpenOptions, wants: Wants) -> Result<Look, OcrError> {
        let page = self.page(index)?;
        let lost_image = Arc::new(AtomicBool::new(false));
        let settings = settings_noting_loss(&lost_image);
        let cache = RenderCache::new();
        let finder = ScanFinder::new(bounds_of(page), user_unit(page).into(), options, wants);
        let mut watcher = PageWatcher::new(bounds_of(page), finder, None);
        watch_page(page, &InterpreterCache::new(), &settings, &mut watcher)?;
        if let Some(error) = watcher.too_large {
            return Err(error);
        }
        let completeness = watcher.completeness;
        let (scan, pieces) = watcher.scan.finish();
        if let Some(scan) = scan {
            let mut scan = scan?;
            let mut raster = scan.raster.take().filter(|_| completeness != Completeness::Cut).ok_or(DAMAGED)?;
            raster.is_damaged = completeness == Completeness::Damaged;
            return Ok(Look { raster, scan: Some(scan), pieces: None });
        }
        let mut raster = render_page(page, options, &cache, &settings)?;
        // a page that shows nothing because what it draws is broken is no empty page
        if raster.is_blank() && (lost_image.load(Ordering::Relaxed) || is_content_lost(page)) {
            return Err(DAMAGED);
        }
        raster.is_damaged = completeness != Completeness::Whole || lost_image.load(Ordering::Relaxed);
        Ok(Look { raster, scan: None, pieces })
    }

    /// Says where the page is in the file and how its coordinates lie.
    pub(crate) fn placement(&self, index: u32) -> Result<PagePlacement, OcrError> {
        let page = self.page(index)?;
        let object = page.raw().obj_id().and_then(|id| Some((id.obj_number, u16::try_from(id.gen_number).ok()?)));
        Ok(PagePlacement { to_user_space: page.initial_transform(true).to_kurbo().inverse(), object })
    }
}

/// Inspects pages one after the other; fonts that were read for one page are known on the next.
pub(super) struct PdfInspector<'d> {
    file: &'d PdfFile,
    cache: InterpreterCache<'d>,
    letters: LetterCollector,
}

impl<'d> PdfInspector<'d> {
    pub(super) fn new(file: &'d PdfFile) -> Self {
        Self { file, cache: InterpreterCache::new(), letters: LetterCollector::default() }
    }

    pub(super) fn inspect(&mut self, index: u32, options: &OpenOptions) -> Result<PageInspection, OcrError> {
        let page = self.file.page(index)?;
        let whole = bounds_of(page);
        self.letters.take();
        let finder = ScanFinder::new(whole, user_unit(page).into(), options, Wants::Place);
        let mut watcher = PageWatcher::new(whole, finder, Some(&mut self.letters));
        watch_page(page, &self.cache, &InterpreterSettings::default(), &mut watcher)?;
        if let Some(error) = watcher.too_large {
            return Err(error);
        }
        let scan = watcher.scan.finish().0.transpose()?;
        let (drawings, pictures, fills) = (watcher.drawings, watcher.pictures, watcher.fills);
        let letters = settle_letters(self.letters.take(), &fills);
        let (area, size, dpi) = page_image(page, scan, options);
        let seen = Seen { letters, pictures, drawings, area, size, dpi };
        let mut inspection = PageInspection::decide(&seen, options.text_mode);
        // nothing drawn though there would be something: the renderer finds out what is broken
        let has_more = !page.resources().x_objects.is_empty() || is_content_lost(page);
        inspection.needs_ocr |= inspection.kind == PageKind::Blank && has_more;
        inspection.is_damaged = self.file.is_damaged || is_content_broken(page);
        Ok(inspection)
    }
}

/// Says where the image of a page lies on it, how many pixels it has and its resolution.
fn page_image(page: &Page<'_>, scan: Option<Scan>, options: &OpenOptions) -> (Rect, (u32, u32), u32) {
    let whole = bounds_of(page);
    let (area, size, dpi) = match scan {
        Some(scan) => {
            let points = scan.area.width() * f64::from(user_unit(page));
            (scan.area, scan.size, f64::from(scan.size.0) * 72.0 / points)
        }
        None => {
            let dpi = fitting_dpi(page, options);
            let (width, height) = rendered_size(page, dpi);
            (whole, (width.into(), height.into()), dpi)
        }
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is no count")]
    let dpi = dpi.round().max(1.0) as u32;
    (area, size, dpi)
}

const DAMAGED: OcrError = OcrError::unreadable("the page is damaged or cut off");

/// Shows a page to a watcher.
///
/// # Errors
/// [`OcrError::TooComplex`] when the page draws more than any page does.
fn watch_page<'a>(
    page: &Page<'a>,
    cache: &InterpreterCache<'a>,
    settings: &InterpreterSettings,
    watcher: &mut PageWatcher<'_>,
) -> Result<(), OcrError> {
    super::bombs::check_content(page)?;
    let transform = page.initial_transform(true).to_kurbo();
    let mut context = Context::new(transform, bounds_of(page), cache, page.xref(), settings.clone());
    Budget::watch(|| interpret_page(page, &mut context, watcher))
}
