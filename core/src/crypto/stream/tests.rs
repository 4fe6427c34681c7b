use std::ops::Range;

use super::{
    SealedFile, StreamOpener, StreamSealer,
    segments::{HEADER_LEN, SEGMENT_LEN},
};
use crate::crypto::{
    CryptoError,
    aead::{SecretKey, TAG_LEN},
};

/// Plaintext lengths of the first and of every other full segment.
const FIRST: usize = SEGMENT_LEN - HEADER_LEN - TAG_LEN;
const OTHER: usize = SEGMENT_LEN - TAG_LEN;

fn a_key() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).expect("key")
}

fn a_text(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from(i % 251).expect("byte")).collect()
}

fn seal(text: &[u8], piece: usize) -> Vec<u8> {
    let mut sealer = StreamSealer::new(&a_key(), b"place").expect("sealer");
    let mut sealed = Vec::new();
    for part in text.chunks(piece) {
        sealed.extend_from_slice(&sealer.update(part).expect("sealed"));
    }
    sealed.extend_from_slice(&sealer.finish().expect("sealed"));
    sealed
}

fn open(place: &[u8], sealed: &[u8], piece: usize) -> Result<Vec<u8>, CryptoError> {
    let mut opener = StreamOpener::new(Ok(a_key()), place.to_vec());
    let mut text = Vec::new();
    for part in sealed.chunks(piece) {
        text.extend_from_slice(&opener.update(part)?);
    }
    text.extend_from_slice(&opener.finish()?);
    Ok(text)
}

#[test]
fn every_length_around_a_segment_comes_back() {
    for length in [0, 1, 100, FIRST - 1, FIRST, FIRST + 1, FIRST + OTHER, FIRST + OTHER + 1] {
        let text = a_text(length);
        let sealed = seal(&text, 300_007);
        let segments = 1 + length.saturating_sub(FIRST).div_ceil(OTHER);
        assert_eq!(sealed.len(), HEADER_LEN + length + segments * TAG_LEN, "{length}");
        assert!(open(b"place", &sealed, 70_001).expect("opened") == text, "{length}");
        assert!(open(b"place", &sealed, usize::MAX).expect("opened") == text, "{length}");
    }
}

#[test]
fn pieces_of_one_byte_do_as_well() {
    let text = a_text(1000);
    assert_eq!(open(b"place", &seal(&text, 1), 1).expect("opened"), text);
}

#[test]
fn every_bit_of_a_small_file_matters() {
    let sealed = seal(b"secret", 6);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(b"place", &changed, 7).is_err(), "bit {bit}");
    }
    assert!(open(b"elsewhere", &sealed, 7).is_err());
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let sealed = seal(&a_text(FIRST + OTHER + 5), 1 << 20);
    let cuts = [0, 1, HEADER_LEN - 1, HEADER_LEN, HEADER_LEN + TAG_LEN, SEGMENT_LEN - 1, SEGMENT_LEN]
        .into_iter()
        .chain([SEGMENT_LEN + 1, 2 * SEGMENT_LEN, 2 * SEGMENT_LEN + TAG_LEN, sealed.len() - 1]);
    for cut in cuts {
        assert!(open(b"place", &sealed[..cut], 500_000).is_err(), "cut at {cut}");
    }
    assert!(open(b"place", &[sealed.as_slice(), b"x"].concat(), 500_000).is_err(), "longer");
}

#[test]
fn segments_stay_in_their_order() {
    let sealed = seal(&a_text(FIRST + 2 * OTHER + 5), 1 << 20);
    let (first, second, third) =
        (&sealed[..SEGMENT_LEN], &sealed[SEGMENT_LEN..2 * SEGMENT_LEN], &sealed[2 * SEGMENT_LEN..3 * SEGMENT_LEN]);
    let last = &sealed[3 * SEGMENT_LEN..];
    for wrong in [
        [first, third, second, last].concat(),
        [first, second, last].concat(),
        [first, second, second, third, last].concat(),
        [first, second, third, last, last].concat(),
    ] {
        assert!(open(b"place", &wrong, 1 << 20).is_err());
    }
}

#[test]
fn nothing_comes_after_a_failure() {
    let mut sealed = seal(&a_text(FIRST + OTHER), 1 << 20);
    sealed[100] ^= 1;
    let mut opener = StreamOpener::new(Ok(a_key()), b"place".to_vec());
    assert!(opener.update(&sealed).is_err());
    assert!(opener.update(&sealed).is_err());
    assert!(opener.finish().is_err());
}

#[test]
fn two_files_share_no_key() {
    assert_ne!(seal(b"same", 4)[..HEADER_LEN], seal(b"same", 4)[..HEADER_LEN]);
}

/// Opens a range as a store would serve it, in pieces.
fn open_part(sealed: &[u8], range: &Range<u64>, piece: usize) -> Result<Vec<u8>, CryptoError> {
    let file = SealedFile::new(sealed.get(..HEADER_LEN).unwrap_or_default(), sealed.len() as u64)?;
    let (needed, mut opener) = file.part_opener(&a_key(), b"place", range)?;
    let needed = usize::try_from(needed.start).expect("small")..usize::try_from(needed.end).expect("small");
    let mut text = Vec::new();
    for part in sealed[needed].chunks(piece) {
        text.extend_from_slice(&opener.update(part)?);
    }
    text.extend_from_slice(&opener.finish()?);
    Ok(text)
}

fn slice<'a>(text: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    &text[usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")]
}

/// Numbers that look random and are the same on every run (Knuth's MMIX generator).
fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 42_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn any_range_of_any_length_is_the_slice() {
    let mut random = numbers();
    for length in [1, 2, FIRST - 1, FIRST, FIRST + 1, FIRST + OTHER, FIRST + OTHER + 1, FIRST + 2 * OTHER + 99] {
        let (text, length) = (a_text(length), length as u64);
        let sealed = seal(&text, 1 << 20);
        let (first, other) = (FIRST as u64, OTHER as u64);
        let edges = [0, 1, first - 1, first, first + 1, first + other - 1, first + other, length - 1, length];
        let mut ranges: Vec<_> = edges.iter().flat_map(|start| edges.map(|end| *start..end)).collect();
        ranges.extend((0..20).map(|_| {
            let start = random(length);
            start..start + 1 + random(length - start)
        }));
        for range in ranges.into_iter().filter(|range| !range.is_empty() && range.end <= length) {
            let opened = open_part(&sealed, &range, 300_007).expect("opened");
            assert!(opened == slice(&text, &range), "{range:?} of {length}");
        }
        assert!(open_part(&sealed, &(0..length + 1), 1 << 20).is_err());
        assert!(open_part(&sealed, &(length..length), 1 << 20).is_err());
    }
}

#[test]
fn a_part_is_refused_when_its_segments_were_touched() {
    let text = a_text(FIRST + 2 * OTHER + 5);
    let sealed = seal(&text, 1 << 20);
    let segment = |number: usize| &sealed[number * SEGMENT_LEN..((number + 1) * SEGMENT_LEN).min(sealed.len())];
    let (second, end) = (FIRST as u64 + 9..FIRST as u64 + 10, text.len() as u64 - 1..text.len() as u64);
    let whole = 0..text.len() as u64;
    for (what, wrong, ranges) in [
        ("swapped", [segment(0), segment(2), segment(1), segment(3)].concat(), vec![&second, &whole]),
        ("doubled", [segment(0), segment(0), segment(1), segment(2), segment(3)].concat(), vec![&second, &whole]),
        // One that was cut off is as long as a whole file, so its end shows when it is opened.
        (
            "cut off",
            [segment(0), segment(1), segment(2)].concat(),
            vec![&(FIRST as u64 + OTHER as u64..whole.end - 99)],
        ),
        ("shortened", sealed[..sealed.len() - 1].to_vec(), vec![&end, &whole]),
        ("longer", [&sealed, &b"x"[..]].concat(), vec![&end, &whole]),
    ] {
        for range in ranges {
            assert!(open_part(&wrong, range, 1 << 20).is_err(), "{what}: {range:?}");
        }
    }
    let mut changed = sealed.clone();
    changed[SEGMENT_LEN + 5] ^= 1;
    assert!(open_part(&changed, &second, 1 << 20).is_err());
    assert_eq!(open_part(&changed, &(0..5), 1 << 20).expect("another segment"), text[..5]);
    changed[3] ^= 1;
    assert!(open_part(&changed, &(0..5), 1 << 20).is_err(), "another header");
}

#[test]
fn a_part_that_the_store_gives_only_half_of_is_refused() {
    let sealed = seal(&a_text(FIRST + 3 * OTHER), 1 << 20);
    let file = SealedFile::new(&sealed[..HEADER_LEN], sealed.len() as u64).expect("a file");
    let range = FIRST as u64..(FIRST + 2 * OTHER) as u64;
    for given in [0, 1, SEGMENT_LEN, 2 * SEGMENT_LEN - 1] {
        let (needed, mut opener) = file.part_opener(&a_key(), b"place", &range).expect("an opener");
        assert_eq!(needed, SEGMENT_LEN as u64..3 * SEGMENT_LEN as u64);
        opener.update(&sealed[SEGMENT_LEN..SEGMENT_LEN + given]).expect("taken");
        assert!(opener.finish().is_err(), "{given} bytes");
    }
}

#[test]
fn lengths_that_no_sealed_file_has_are_refused() {
    let header = &seal(b"x", 1)[..HEADER_LEN];
    let segment = SEGMENT_LEN as u64;
    let possible = [(57, 1), (56, 0), (segment, FIRST as u64), (2 * segment, (FIRST + OTHER) as u64)];
    for (sealed_bytes, clear_bytes) in possible {
        assert_eq!(SealedFile::new(header, sealed_bytes).expect("a file").clear_bytes(), clear_bytes);
    }
    for sealed_bytes in [0, 1, 40, 55, segment + 1, segment + 16, 5 * segment + 15, 5 * segment + 16, u64::MAX, 1 << 53]
    {
        assert!(SealedFile::new(header, sealed_bytes).is_err(), "{sealed_bytes}");
    }
    assert!(SealedFile::new(&header[1..], 100).is_err());
}
