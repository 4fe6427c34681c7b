//! Counts the blocks that the coded data of a JPEG holds, without making pixels of them: a decoder fills what is
//! missing with grey and says nothing.

use super::{
    jpeg::next_segment,
    jpeg_bits::{Bits, Block, Codes, Stop, Table},
};

/// How much of a JPEG is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Completeness {
    /// Every block, or a code that is not counted.
    Whole,
    /// Every block but a few, or data that belongs to none.
    Damaged,
    /// What is missing may be lines of text.
    Cut,
}

/// More than one unit of so many may not be missing: a line of text on a page of fifty.
const FEWEST_MISSING: u64 = 50;
/// More than one byte of so many behind the last block is damage; encoders only round up, to a few bytes.
const FEWEST_LEFT_OVER: usize = 100;
const FEW_BYTES: usize = 16;
/// A picture has one scan for each component at most; tables for thousands are an attack.
const MAX_SCANS: usize = COMPONENTS;
const COMPONENTS: usize = 4;

/// Counts the blocks of a JPEG: all of a sequential one, the first scans of a progressive one (what comes later only
/// makes it sharper).
pub(super) fn judge(bytes: &[u8]) -> Completeness {
    let mut state = State::default();
    let (mut at, mut worst) = (2, None);
    while let Some((marker, segment)) = next_segment(bytes, &mut at) {
        match marker {
            0xd9 => break,
            0xc0..=0xc2 => state.frame = Frame::read(marker, segment),
            // other codes than Huffman's
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Completeness::Whole,
            0xc4 => state.read_tables(segment),
            0xdd => state.interval = segment.first_chunk().map_or(0, |pair| u16::from_be_bytes(*pair).into()),
            0xda => match state.count_scan(segment, bytes.get(at..).unwrap_or_default()) {
                None => state.has_uncounted = true,
                found => worst = worst.max(found),
            },
            _ => {}
        }
    }
    worst.unwrap_or(if state.has_uncounted { Completeness::Whole } else { Completeness::Cut })
}

#[derive(Default)]
struct State {
    frame: Option<Frame>,
    /// DC tables, then AC tables.
    tables: [[Option<Codes>; COMPONENTS]; 2],
    /// Units between two restart markers; 0 when there are none.
    interval: u64,
    counted: usize,
    has_uncounted: bool,
}

struct Frame {
    is_progressive: bool,
    width: u64,
    height: u64,
    components: Vec<Component>,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    /// Blocks of a unit from left to right and from top to bottom.
    across: u64,
    down: u64,
}

impl Frame {
    /// ITU-T T.81, B.2.2.
    fn read(marker: u8, segment: &[u8]) -> Option<Self> {
        let [_, h1, h0, w1, w0, count, ref components @ ..] = *segment else { return None };
        let component = |&[id, sides, _]: &[u8; 3]| Component {
            id,
            across: u64::from(sides >> 4).clamp(1, 4),
            down: u64::from(sides & 15).clamp(1, 4),
        };
        let components: Vec<_> = components.as_chunks::<3>().0.iter().take(count.into()).map(component).collect();
        let side = |high, low| u64::from(u16::from_be_bytes([high, low]));
        let is_progressive = marker == 0xc2;
        (!components.is_empty()).then_some(Self {
            is_progressive,
            width: side(w1, w0),
            height: side(h1, h0),
            components,
        })
    }

    /// Counts the units of a scan of some components: alone, a component has no more blocks than it has pixels for.
    fn count_units(&self, of: &[Component]) -> u64 {
        let most = |side: fn(&Component) -> u64| self.components.iter().map(side).max().unwrap_or(1);
        let (across, down) = (most(|c| c.across), most(|c| c.down));
        match of {
            [one] => {
                let blocks = |pixels: u64, own: u64, most: u64| (pixels * own).div_ceil(most).div_ceil(8);
                blocks(self.width, one.across, across) * blocks(self.height, one.down, down)
            }
            _ => self.width.div_ceil(8 * across) * self.height.div_ceil(8 * down),
        }
    }
}

impl State {
    /// ITU-T T.81, B.2.4.2.
    fn read_tables(&mut self, segment: &[u8]) {
        let mut rest = segment;
        while let Some((&[kind, ref counts @ ..], tail)) = rest.split_first_chunk::<17>() {
            let length = counts.iter().map(|&count| usize::from(count)).sum();
            let Some((symbols, tail)) = tail.split_at_checked(length) else { return };
            let kinds = self.tables.get_mut(usize::from(kind >> 4));
            if let Some(table) = kinds.and_then(|kinds| kinds.get_mut(usize::from(kind & 15))) {
                *table = Some((*counts, symbols.to_vec()));
            }
            rest = tail;
        }
    }

    /// Says how much of a scan is there; none when it can't be counted.
    fn count_scan(&mut self, header: &[u8], data: &[u8]) -> Option<Completeness> {
        self.counted = self.counted.checked_add(1).filter(|&counted| counted <= MAX_SCANS)?;
        let tables = self.tables.each_ref().map(|kind| kind.each_ref().map(|table| table.as_ref().map(Table::new)));
        let (units, blocks) = lay_out(self.frame.as_ref()?, &tables, header)?;
        let mut bits = Bits::new(data);
        let (missing, is_odd) = count_missing(&mut bits, units, &blocks, self.interval);
        let left_over = bits.skip_to_marker();
        Some(if missing * FEWEST_MISSING > units {
            Completeness::Cut
        } else if missing > 0 || is_odd || left_over > FEW_BYTES && left_over * FEWEST_LEFT_OVER > bits.position() {
            Completeness::Damaged
        } else {
            Completeness::Whole
        })
    }
}

/// Gives the units of a scan and the blocks of each (ITU-T T.81, B.2.3); none when a scan only adds to another.
fn lay_out<'t>(
    frame: &Frame,
    tables: &'t [[Option<Table>; COMPONENTS]; 2],
    header: &[u8],
) -> Option<(u64, Vec<Block<'t>>)> {
    let (&count, rest) = header.split_first()?;
    let (chosen, rest) = rest.split_at_checked(2 * usize::from(count))?;
    let &[first, _, precision, ..] = rest else { return None };
    // the first scans of a progressive picture have the mean of each block
    if frame.is_progressive && (first != 0 || precision >> 4 != 0) {
        return None;
    }
    let (mut components, mut blocks) = (Vec::new(), Vec::new());
    for &[id, places] in chosen.as_chunks::<2>().0 {
        let component = *frame.components.iter().find(|component| component.id == id)?;
        let table = |kind: usize, place: u8| tables[kind].get(usize::from(place))?.as_ref();
        let dc = table(0, places >> 4)?;
        let ac = if frame.is_progressive { None } else { Some(table(1, places & 15)?) };
        let times = if count == 1 { 1 } else { component.across * component.down };
        blocks.extend((0..times).map(|_| Block { dc, ac }));
        components.push(component);
    }
    Some((frame.count_units(&components), blocks))
}

/// Counts the units that are not there, and says whether something else is wrong.
fn count_missing(bits: &mut Bits<'_>, units: u64, blocks: &[Block<'_>], interval: u64) -> (u64, bool) {
    let interval = if interval == 0 { units } else { interval };
    let (mut done, mut missing, mut is_odd) = (0, 0, false);
    while done < units {
        let end = (done + interval).min(units);
        let stop = (done..end).find_map(|unit| Some((unit, bits.skip_unit(blocks, &mut is_odd).err()?)));
        match stop {
            None => {}
            Some((unit, Stop::DataEnds)) => missing += end - unit,
            // the decoder gives up there
            Some((unit, Stop::NoSuchCode)) => return (missing + units - unit, true),
        }
        done = end;
        if done < units && !bits.skip_restart() {
            return (missing + units - done, true);
        }
    }
    (missing, is_odd)
}
