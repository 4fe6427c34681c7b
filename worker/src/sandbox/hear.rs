use untxt_page::formats::{Format, Writer};

use super::{
    PageImage, PageReading,
    check::{self, MAX_HEAD_BYTES},
    frame::{self, FrameLimits},
    protocol::{Answer, Request},
};

const LIMITS: FrameLimits = FrameLimits { head_bytes: MAX_HEAD_BYTES, attachment_bytes: 1 << 20 };

/// Takes bytes for a request, as a child does, and for an answer, as its parent does; makes files of a page that is
/// believed. Gives nothing: it is there for `fuzz/` alone, where whatever stops it is a find.
pub fn hear(bytes: &[u8]) {
    let _ = frame::read::<Request>(&mut &*bytes, LIMITS);
    hear_answer(bytes);
    // the lengths of a frame are hard to guess: the same bytes as the head of a page with its picture
    let picture = b"\x89PNG\r\n\x1a\n";
    let lengths = [&(bytes.len() as u64).to_le_bytes()[..4], &(picture.len() as u64).to_le_bytes()].concat();
    hear_answer(&[&lengths, bytes, picture].concat());
}

fn hear_answer(bytes: &[u8]) {
    let answer = futures::executor::block_on(frame::receive::<Answer>(&mut &*bytes, LIMITS));
    let Ok((Answer::Page { content, image_media_type: media_type }, bytes)) = answer else { return };
    let reading = PageReading { content: *content, image: PageImage { media_type, bytes } };
    if check::page(&reading, 1 << 26).is_err() {
        return;
    }
    for format in Format::ALL {
        let mut writer = Writer::new(format, "page");
        let _ = writer.page(1, Ok(&reading.content)).and_then(|_| writer.finish());
    }
}
