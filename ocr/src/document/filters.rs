//! What the filters of a PDF stream make of its data, before the renderer does it: how much comes out, and what a
//! picture's own decoder is given. Names, abbreviations and order are the renderer's, see [`Stream::filters`].

use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro::hayro_syntax::{Filter, object::Stream};
use weezl::{BitOrder, decode::Decoder};

/// More streams inside streams are no way to keep anything.
const MAX_FILTERS: usize = 6;
/// Says whether unpacking a stream, at any step, makes more than `limit` bytes.
pub(super) fn unpacks_past(stream: &Stream<'_>, limit: u64) -> bool {
    let filters = stream.filters();
    let data = stream.raw_data();
    let most = filters.iter().fold(data.len() as u64, |size, filter| size.saturating_mul(max_ratio(*filter)));
    // most streams can be waved through
    most > limit && (filters.len() > MAX_FILTERS || unpack(data, &filters, limit, false).is_err())
}

/// Counts what a stream unpacks to, in bytes; none when that is more than `limit`.
pub(super) fn unpacked_size(stream: &Stream<'_>, limit: u64) -> Option<u64> {
    let unpacked = unpack(stream.raw_data(), &stream.filters(), limit, false).ok()?;
    (unpacked.size <= limit).then_some(unpacked.size)
}

/// Unpacks a stream; none when that is more than `limit` bytes.
pub(super) fn unpacked<'a>(stream: &Stream<'a>, limit: u64) -> Option<Cow<'a, [u8]>> {
    unpack(stream.raw_data(), &stream.filters(), limit, true).ok().map(|unpacked| unpacked.data)
}

/// Says whether a stream unpacks to its end, by us and by the renderer. What has no bytes is whole, and so is what makes
/// more than `limit`: that is nobody's to judge here.
pub(super) fn is_whole(stream: &Stream<'_>, limit: u64) -> bool {
    let data = stream.raw_data();
    let is_empty = data.iter().all(u8::is_ascii_whitespace);
    is_empty
        || match unpack(data, &stream.filters(), limit, false) {
            Ok(unpacked) => unpacked.is_whole && stream.decoded_data().is_ok(),
            Err(TooLarge) => true,
        }
}

/// Gives the decoder that makes a picture of a stream, and what it is given; none for a stream that is no coded picture,
/// or that unpacks to more than `limit` bytes.
pub(super) fn coded_picture<'a>(stream: &Stream<'a>, limit: u64) -> Option<(Filter, Cow<'a, [u8]>)> {
    let filters = stream.filters();
    let (&last, before) = filters.split_last()?;
    if !is_picture(last) || before.len() > MAX_FILTERS {
        return None;
    }
    Some((last, unpack(stream.raw_data(), before, limit, true).ok()?.data))
}

/// Gives how many bytes a filter makes of one at most.
const fn max_ratio(filter: Filter) -> u64 {
    match filter {
        // a run of 258 for two bits
        Filter::FlateDecode => 1032,
        // a run of 3,840 for twelve bits
        Filter::LzwDecode => 2560,
        Filter::RunLengthDecode => 64,
        // four zeros for a letter
        Filter::Ascii85Decode => 4,
        _ => 1,
    }
}

/// It would be more than the limit.
#[derive(Debug)]
struct TooLarge;

struct Unpacked<'a> {
    /// Empty when it was only counted.
    data: Cow<'a, [u8]>,
    size: u64,
    /// Whether no step broke off.
    is_whole: bool,
}

/// Unpacks up to the first picture. What the last step makes is only counted, unless it is wanted.
fn unpack<'a>(data: Cow<'a, [u8]>, filters: &[Filter], limit: u64, keeps_last: bool) -> Result<Unpacked<'a>, TooLarge> {
    let steps: Vec<Filter> = filters.iter().take_while(|filter| !is_picture(**filter)).copied().collect();
    let (mut data, mut size, mut is_whole) = (data, 0, true);
    if steps.is_empty() {
        size = data.len() as u64;
    }
    for (at, &step) in steps.iter().enumerate() {
        let is_kept = keeps_last || at + 1 < steps.len();
        let mut out = Limited { kept: is_kept.then(Vec::new), left: limit, is_past: false };
        is_whole &= take_step(step, &data, &mut out)?;
        size = limit - out.left;
        data = Cow::Owned(out.kept.unwrap_or_default());
    }
    Ok(Unpacked { data, size, is_whole })
}

const fn is_picture(filter: Filter) -> bool {
    matches!(filter, Filter::DctDecode | Filter::JpxDecode | Filter::Jbig2Decode | Filter::CcittFaxDecode)
}

/// Takes one step; what is damaged ends there. Says whether it came to the end.
fn take_step(step: Filter, data: &[u8], out: &mut Limited) -> Result<bool, TooLarge> {
    let step = match step {
        Filter::AsciiHexDecode => write_hex(data, out),
        Filter::Ascii85Decode => write_85(data, out),
        Filter::RunLengthDecode => write_runs(data, out),
        Filter::LzwDecode => {
            let lzw = Decoder::with_tiff_size_switch(BitOrder::Msb, 8).into_stream(&mut *out).decode_all(data).status;
            // many end without the code that says so
            lzw.or_else(|error| if error.kind() == io::ErrorKind::UnexpectedEof { Ok(()) } else { Err(error) })
        }
        Filter::FlateDecode => return inflate(data, out),
        // decrypted already
        _ => out.write_all(data),
    };
    if out.is_past { Err(TooLarge) } else { Ok(step.is_ok()) }
}

/// Inflates as the renderer does: with a header, else without, else what follows something like a header. Says whether
/// one of them came to the end.
fn inflate(data: &[u8], out: &mut Limited) -> Result<bool, TooLarge> {
    let ways: [Box<dyn Read + '_>; 3] = [
        Box::new(ZlibDecoder::new(data)),
        Box::new(DeflateDecoder::new(data)),
        Box::new(DeflateDecoder::new(data.get(2..).unwrap_or_default())),
    ];
    let limit = out.left;
    let mut is_any_whole = false;
    for mut way in ways {
        out.left = limit;
        out.kept.iter_mut().for_each(Vec::clear);
        let is_whole = io::copy(&mut way, out).is_ok();
        if out.is_past {
            return Err(TooLarge);
        }
        is_any_whole |= is_whole;
        if is_whole && out.left < limit {
            break;
        }
    }
    Ok(is_any_whole)
}

/// ISO 32000-1, 7.4.2.
fn write_hex(data: &[u8], out: &mut impl Write) -> io::Result<()> {
    let digits = data.iter().take_while(|&&byte| byte != b'>').filter_map(|&byte| char::from(byte).to_digit(16));
    let digits: Vec<u32> = digits.collect();
    let bytes = digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0));
    out.write_all(&bytes.filter_map(|byte| u8::try_from(byte).ok()).collect::<Vec<u8>>())
}

/// ISO 32000-1, 7.4.3.
fn write_85(data: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut group = Vec::with_capacity(5);
    for &byte in data.iter().take_while(|&&byte| byte != b'~') {
        match byte {
            b'z' if group.is_empty() => out.write_all(&[0; 4])?,
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => continue,
        }
        if group.len() == 5 {
            write_group(&mut group, out)?;
        }
    }
    if group.len() > 1 { write_group(&mut group, out) } else { Ok(()) }
}

/// One letter less than there are in the group.
fn write_group(group: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    let count = group.len() - 1;
    group.resize(5, b'u' - b'!');
    let value = group.iter().fold(0_u32, |value, &digit| value.wrapping_mul(85).wrapping_add(digit.into()));
    group.clear();
    out.write_all(&value.to_be_bytes()[..count.min(4)])
}

/// ISO 32000-1, 7.4.5.
fn write_runs(data: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut rest = data;
    while let Some((&length, tail)) = rest.split_first() {
        match usize::from(length) {
            128 => break,
            count @ 0..128 => {
                let (bytes, tail) = tail.split_at((count + 1).min(tail.len()));
                out.write_all(bytes)?;
                rest = tail;
            }
            count => {
                let Some((&byte, tail)) = tail.split_first() else { break };
                out.write_all(&[byte; 128][..257 - count])?;
                rest = tail;
            }
        }
    }
    Ok(())
}

/// Takes so many bytes and no more.
struct Limited {
    kept: Option<Vec<u8>>,
    left: u64,
    is_past: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_past = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        self.left = left;
        self.kept.iter_mut().for_each(|kept| kept.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use flate2::{
        Compression,
        write::{DeflateEncoder, ZlibEncoder},
    };

    use super::*;

    const SIZE: u64 = 100_000;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn hex(bytes: &[u8]) -> Vec<u8> {
        let mut text = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x} ").unwrap();
            text
        });
        text.push('>');
        text.into_bytes()
    }

    fn lzw(bytes: &[u8]) -> Vec<u8> {
        weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(bytes).unwrap()
    }

    #[test]
    fn counts_what_comes_out_whatever_the_code() {
        use Filter::{AsciiHexDecode, FlateDecode, LzwDecode, RunLengthDecode};
        let plain = vec![b'a'; usize::try_from(SIZE).unwrap()];
        let damaged = {
            let mut data = zlib(&plain);
            let end = data.len();
            data[end - 1] ^= 1;
            data
        };
        let coded: [(&[Filter], Vec<u8>); 8] = [
            (&[FlateDecode], zlib(&plain)),
            (&[FlateDecode], raw(&plain)),
            (&[FlateDecode], damaged),
            (&[FlateDecode, FlateDecode], zlib(&zlib(&plain))),
            (&[AsciiHexDecode, FlateDecode], hex(&raw(&plain))),
            (&[LzwDecode], lzw(&plain)),
            (&[LzwDecode, FlateDecode], lzw(&zlib(&plain))),
            (&[RunLengthDecode], [[129, b'a']; 781].concat().into_iter().chain([225, b'a']).collect()),
        ];
        for (filters, data) in coded {
            let out = |limit| {
                unpack(Cow::Borrowed(&*data), filters, limit, true).map(|out| out.data == plain && out.size == SIZE)
            };
            assert!(out(SIZE - 1).is_err(), "{filters:?}");
            assert!(out(SIZE).unwrap(), "{filters:?}");
        }
    }

    #[test]
    fn reads_letters_that_stand_for_bytes() {
        let mut out = Limited { kept: Some(Vec::new()), left: 99, is_past: false };
        // from the article on Ascii85, shortened
        write_85(b"9jqo^BlbD-BleB1DJ+*+F(f,q z ~> rubbish", &mut out).unwrap();
        write_hex(b"41 4 2 5>43", &mut out).unwrap();
        assert_eq!(out.kept.unwrap(), b"Man is distinguished\0\0\0\0ABP");
    }
}
