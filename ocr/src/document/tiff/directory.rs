use super::CUT_OFF;
use crate::OcrError;

/// Where the directory of a page starts in the file.
pub(crate) type PageOffset = u64;

/// The tags that matter here (TIFF 6.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    NewSubfileType = 254,
    Width = 256,
    Height = 257,
    Compression = 259,
    Photometric = 262,
    FillOrder = 266,
    StripOffsets = 273,
    Orientation = 274,
    RowsPerStrip = 278,
    StripByteCounts = 279,
    XResolution = 282,
    YResolution = 283,
    T4Options = 292,
    ResolutionUnit = 296,
    ColorMap = 320,
    JpegTables = 347,
}

/// The chain of directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The pages in its order.
    pub(crate) pages: Vec<PageOffset>,
    /// Whether it leads back to a directory that was met: some programs end it so, in others the rest is lost.
    pub(crate) is_circle: bool,
}

/// One directory, read lazily from the file's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory<'a> {
    form: Form<'a>,
    entries_at: usize,
    entries: usize,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) offset: PageOffset,
}

/// Byte order and offset size of a file.
#[derive(Clone, Copy, Debug)]
struct Form<'a> {
    bytes: &'a [u8],
    is_little: bool,
    is_big_tiff: bool,
}

impl<'a> Form<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let form = Self { bytes, is_little: bytes.starts_with(b"II"), is_big_tiff: false };
        let version = form.integer(2, 2)?;
        Some(Self { is_big_tiff: version == 43, ..form })
    }

    fn integer(&self, at: usize, size: usize) -> Option<u64> {
        let field = self.bytes.get(at..at.checked_add(size)?)?;
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little { field.iter().rev().fold(0, append) } else { field.iter().fold(0, append) })
    }

    const fn offset_size(&self) -> usize {
        if self.is_big_tiff { 8 } else { 4 }
    }

    const fn count_size(&self) -> usize {
        if self.is_big_tiff { 8 } else { 2 }
    }

    const fn entry_size(&self) -> usize {
        4 + 2 * self.offset_size()
    }

    fn offset(&self, at: usize) -> Option<usize> {
        usize::try_from(self.integer(at, self.offset_size())?).ok()
    }
}

/// Follows the chain of directories; stops at its end, at a circle, and one behind the limit.
pub(super) fn walk(bytes: &[u8], max_pages: u32) -> Result<Chain, OcrError> {
    let form = Form::read(bytes).ok_or(CUT_OFF)?;
    let mut pages = Vec::new();
    let mut is_circle = false;
    let mut seen = std::collections::HashSet::new();
    let mut next = form.offset(if form.is_big_tiff { 8 } else { 4 }).ok_or(CUT_OFF)?;
    while next != 0 && pages.len() <= max_pages as usize {
        if !seen.insert(next) {
            is_circle = true;
            break;
        }
        let Some(directory) = Directory::read(bytes, next as u64) else {
            // the file ends in the middle of its chain: what is before can be read, this page can't
            pages.push(next as u64);
            break;
        };
        const THUMBNAIL_OR_MASK: u32 = 1 | 4;
        if directory.number(Tag::NewSubfileType).unwrap_or(0) & THUMBNAIL_OR_MASK == 0 {
            pages.push(directory.offset);
        }
        next = form.offset(directory.entries_at + directory.entries * form.entry_size()).unwrap_or(0);
    }
    Ok(Chain { pages, is_circle })
}

impl<'a> Directory<'a> {
    pub(super) fn read(bytes: &'a [u8], offset: PageOffset) -> Option<Self> {
        let form = Form::read(bytes)?;
        let at = usize::try_from(offset).ok()?;
        let entries = usize::try_from(form.integer(at, form.count_size())?).ok()?;
        let entries_at = at + form.count_size();
        // all entries are there
        bytes.get(entries_at..entries_at.checked_add(entries.checked_mul(form.entry_size())?)?)?;
        let mut directory = Self { form, entries_at, entries, width: 0, height: 0, offset };
        directory.width = directory.number(Tag::Width)?;
        directory.height = directory.number(Tag::Height)?;
        (directory.width > 0 && directory.height > 0).then_some(directory)
    }

    /// Finds where the values of a tag are: position, size of one, count.
    fn find(&self, tag: Tag) -> Option<(usize, usize, usize)> {
        let form = &self.form;
        let entry = (0..self.entries)
            .map(|index| self.entries_at + index * form.entry_size())
            .find(|&at| form.integer(at, 2) == Some(tag as u64))?;
        let size: usize = match form.integer(entry + 2, 2)? {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return None,
        };
        let count = usize::try_from(form.integer(entry + 4, form.offset_size())?).ok()?;
        let field = entry + 4 + form.offset_size();
        let at = if size.checked_mul(count)? <= form.offset_size() { field } else { form.offset(field)? };
        form.bytes.get(at..at.checked_add(size * count)?)?;
        Some((at, size, count))
    }

    pub(super) fn numbers(&self, tag: Tag) -> Vec<u64> {
        let Some((at, size, count)) = self.find(tag) else { return Vec::new() };
        (0..count).filter_map(|index| self.form.integer(at + index * size, size)).collect()
    }

    pub(super) fn number(&self, tag: Tag) -> Option<u32> {
        let (at, size, count) = self.find(tag)?;
        if count == 0 {
            return None;
        }
        u32::try_from(self.form.integer(at, size)?).ok()
    }

    /// Gives the value of a tag that is bytes.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        let (at, size, count) = self.find(tag)?;
        self.form.bytes.get(at..at + count).filter(|_| size == 1)
    }

    /// Gives the coded bytes of each strip, `None` for one that is not in the file.
    pub(super) fn chunks<'b>(
        &self,
        bytes: &'b [u8],
        offsets: Tag,
        counts: Tag,
    ) -> impl Iterator<Item = Option<&'b [u8]>> + use<'b> {
        self.numbers(offsets).into_iter().zip(self.numbers(counts)).map(|(offset, count)| {
            let start = usize::try_from(offset).ok()?;
            bytes.get(start..start.checked_add(usize::try_from(count).ok()?)?)
        })
    }

    /// Gives the dots per inch from left to right.
    pub(super) fn dpi(&self) -> Option<f64> {
        self.density(Tag::XResolution)
    }

    /// Gives the dots per inch in one direction.
    pub(super) fn density(&self, tag: Tag) -> Option<f64> {
        let (at, size, _) = self.find(tag)?;
        if size != 8 {
            return None;
        }
        let (over, under) = (self.form.integer(at, 4)?, self.form.integer(at + 4, 4)?);
        #[expect(clippy::cast_precision_loss, reason = "32-bit numbers")]
        let density = over as f64 / under as f64;
        match self.number(Tag::ResolutionUnit).unwrap_or(2) {
            2 => Some(density),
            3 => Some(density * 2.54),
            _ => None,
        }
    }

    /// Lists bytes to change so that a reader sees this directory as the first, and its samples as plain numbers
    /// (a palette's indices too, white always the highest): what they mean is decided here.
    pub(super) fn patches(&self) -> Vec<(u64, u8)> {
        let form = &self.form;
        let mut patches = Vec::new();
        let mut set = |at: usize, size: usize, value: u64| {
            let bytes = value.to_le_bytes();
            for place in 0..size {
                let byte = if form.is_little { bytes[place] } else { bytes[size - 1 - place] };
                patches.push(((at + place) as u64, byte));
            }
        };
        set(if form.is_big_tiff { 8 } else { 4 }, form.offset_size(), self.offset);
        if let Some((at, size, _)) = self.find(Tag::Photometric)
            && matches!(self.number(Tag::Photometric), Some(0 | 3))
        {
            set(at, size, 1);
        }
        patches
    }
}
