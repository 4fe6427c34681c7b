/// A strip that is a JPEG of its own.
struct Strip<'a> {
    /// The markers between its first and its coded rows, that of the coded rows included.
    head: &'a [u8],
    /// Where in the head its frame is described, and where the marker of the coded rows begins.
    frame_at: usize,
    scan_at: usize,
    /// Its coded rows, which end on a whole byte.
    scan: &'a [u8],
}

/// Joins strips to one JPEG without touching their pixels: what stands between two strips is what a JPEG calls a
/// restart, where it begins to count anew as a strip does (ITU-T T.81, E.1.4). `None` for strips that differ in more than
/// their height, are progressive, or have restarts of their own.
pub(super) fn join_strips(strips: &[&[u8]]) -> Option<Vec<u8>> {
    let strips: Vec<Strip<'_>> = strips.iter().map(|strip| Strip::split(strip)).collect::<Option<_>>()?;
    let (first, last) = (strips.first()?, strips.last()?);
    let (blocks, block_rows) = first.blocks()?;
    let rows = first.rows();
    let are_alike = strips.iter().all(|strip| strip.head_without_rows() == first.head_without_rows());
    let have_rows = strips.iter().rev().skip(1).all(|strip| strip.rows() == rows) && last.rows() <= rows;
    if !are_alike || !have_rows || !rows.is_multiple_of(block_rows) {
        return None;
    }
    let interval = u16::try_from(blocks * u32::from(rows / block_rows)).ok()?;
    let height = u16::try_from(strips.iter().map(|strip| u32::from(strip.rows())).sum::<u32>()).ok()?;
    let mut joined = vec![0xff, 0xd8];
    joined.extend(&first.head[..first.scan_at]);
    joined[2 + first.frame_at + ROWS.start..2 + first.frame_at + ROWS.end].copy_from_slice(&height.to_be_bytes());
    joined.extend([0xff, 0xdd, 0, 4]);
    joined.extend(interval.to_be_bytes());
    joined.extend(&first.head[first.scan_at..]);
    for (strip, number) in strips.iter().zip((0..8).cycle()) {
        joined.extend(strip.scan);
        joined.extend([0xff, 0xd0 | number]);
    }
    // behind the last no other begins
    let end = joined.len() - 1;
    joined[end] = 0xd9;
    Some(joined)
}

/// Where a frame's description has its rows.
const ROWS: std::ops::Range<usize> = 1..3;

impl<'a> Strip<'a> {
    fn split(jpeg: &'a [u8]) -> Option<Self> {
        let body = jpeg.strip_prefix(&[0xff, 0xd8])?;
        let (mut at, mut frame_at) = (0, None);
        loop {
            let [0xff, marker, high, low] = *body.get(at..at + 4)? else { return None };
            let behind = at + 2 + usize::from(u16::from_be_bytes([high, low]));
            match marker {
                // baseline, with codes of eight bits or more
                0xc0 | 0xc1 => frame_at = Some(at + 4),
                // tables, comments
                0xc4 | 0xdb | 0xe0..=0xef | 0xfe => {}
                0xda => {
                    let (head, scan) = body.split_at_checked(behind)?;
                    let end = scan.windows(2).rposition(|pair| pair == [0xff, 0xd9])?;
                    let scan = &scan[..end];
                    let has_markers = scan.windows(2).any(|pair| pair[0] == 0xff && pair[1] != 0);
                    return (!has_markers).then_some(Self { head, frame_at: frame_at?, scan_at: at, scan });
                }
                _ => return None,
            }
            at = behind;
        }
    }

    /// Precision, rows, columns, components; each component with its number, sampling and table.
    fn frame(&self) -> &[u8] {
        &self.head[self.frame_at..]
    }

    fn rows(&self) -> u16 {
        self.frame().get(ROWS).map_or(0, |rows| u16::from_be_bytes([rows[0], rows[1]]))
    }

    fn head_without_rows(&self) -> (&[u8], Option<&[u8]>) {
        (&self.head[..self.frame_at], self.head.get(self.frame_at + ROWS.end..))
    }

    /// Counts the blocks that are coded together, side by side in a row of them, and says how many rows of pixels that is.
    fn blocks(&self) -> Option<(u32, u16)> {
        let [_, _, _, c1, c0, count, components @ ..] = self.frame() else { return None };
        let sampling = components.chunks(3).take(usize::from(*count)).map(|component| component.get(1).copied());
        let sampling = sampling.collect::<Option<Vec<u8>>>()?;
        // one component alone is coded block by block, whatever it says
        let (across, down) = match sampling[..] {
            [_] => (1, 1),
            _ => (sampling.iter().map(|s| s >> 4).max()?, sampling.iter().map(|s| s & 15).max()?),
        };
        // all components in one go
        let is_joint = self.head.get(self.scan_at + 4) == Some(count);
        let columns = u32::from(u16::from_be_bytes([*c1, *c0]));
        (is_joint && across > 0 && down > 0).then(|| (columns.div_ceil(8 * u32::from(across)), 8 * u16::from(down)))
    }
}
