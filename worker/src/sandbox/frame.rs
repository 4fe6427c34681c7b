//! A frame: `u32 LE length of the head | u64 LE length of the attachment | head (postcard) | attachment (raw)`.
//! Files travel as attachments, so that they are neither copied nor parsed. Lengths are checked before anything is
//! read, and memory grows only with what really arrives.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const PREFIX_BYTES: usize = 12;

/// The most a frame may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameLimits {
    pub(super) head_bytes: u64,
    pub(super) attachment_bytes: u64,
}

impl FrameLimits {
    fn check(self, prefix: [u8; PREFIX_BYTES]) -> io::Result<(u64, u64)> {
        let [a, b, c, d, attachment @ ..] = prefix;
        let (head, attachment) = (u64::from(u32::from_le_bytes([a, b, c, d])), u64::from_le_bytes(attachment));
        if head > self.head_bytes || attachment > self.attachment_bytes {
            return Err(nonsense("a frame is longer than allowed"));
        }
        Ok((head, attachment))
    }
}

pub(super) fn nonsense(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Puts the lengths and the head into one buffer, ready to be written before the attachment.
fn begin<T: Serialize>(head: &T, attachment: &[u8]) -> io::Result<Vec<u8>> {
    let frame = postcard::to_extend(head, vec![0; PREFIX_BYTES]).map_err(io::Error::other)?;
    let head_bytes = u32::try_from(frame.len() - PREFIX_BYTES).map_err(|_| nonsense("the head is too long"))?;
    let mut frame = frame;
    frame[..4].copy_from_slice(&head_bytes.to_le_bytes());
    frame[4..PREFIX_BYTES].copy_from_slice(&(attachment.len() as u64).to_le_bytes());
    Ok(frame)
}

fn parse<T: DeserializeOwned>(head: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(head) {
        Ok((value, [])) => Ok(value),
        _ => Err(nonsense("a frame can't be understood")),
    }
}

/// Writes a frame, in the child.
pub(super) fn write<T: Serialize>(output: &mut impl Write, head: &T, attachment: &[u8]) -> io::Result<()> {
    output.write_all(&begin(head, attachment)?)?;
    output.write_all(attachment)?;
    output.flush()
}

/// Reads a frame, in the child. `None`: the parent has closed the pipe.
pub(super) fn read<T: DeserializeOwned>(
    input: &mut impl Read,
    limits: FrameLimits,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut prefix = [0; PREFIX_BYTES];
    match input.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (head_bytes, attachment_bytes) = limits.check(prefix)?;
    let head = read_exactly(input, head_bytes)?;
    let attachment = read_exactly(input, attachment_bytes)?;
    Ok(Some((parse(&head)?, attachment)))
}

fn read_exactly(input: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    // The child trusts its parent's lengths: the file is one allocation, not a series of doublings.
    let mut buffer = Vec::with_capacity(usize::try_from(bytes).map_err(io::Error::other)?);
    let read = input.take(bytes).read_to_end(&mut buffer)?;
    if read as u64 == bytes { Ok(buffer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes a frame, in the parent.
pub(super) async fn send<T: Serialize>(
    output: &mut (impl AsyncWrite + Unpin),
    head: &T,
    attachment: &[u8],
) -> io::Result<()> {
    output.write_all(&begin(head, attachment)?).await?;
    output.write_all(attachment).await?;
    output.flush().await
}

/// Reads a frame, in the parent.
pub(super) async fn receive<T: DeserializeOwned>(
    input: &mut (impl AsyncRead + Unpin),
    limits: FrameLimits,
) -> io::Result<(T, Vec<u8>)> {
    let mut prefix = [0; PREFIX_BYTES];
    input.read_exact(&mut prefix).await?;
    let (head_bytes, attachment_bytes) = limits.check(prefix)?;
    let head = receive_exactly(input, head_bytes).await?;
    let attachment = receive_exactly(input, attachment_bytes).await?;
    Ok((parse(&head)?, attachment))
}

async fn receive_exactly(input: &mut (impl AsyncRead + Unpin), bytes: u64) -> io::Result<Vec<u8>> {
    // The parent doesn't trust its child's lengths: nothing is reserved for bytes that never come.
    let mut buffer = Vec::new();
    let read = input.take(bytes).read_to_end(&mut buffer).await?;
    if read as u64 == bytes { Ok(buffer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FrameLimits = FrameLimits { head_bytes: 64, attachment_bytes: 8 };

    #[test]
    fn a_frame_is_read_back() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"hello".to_owned(), b"file").expect("written");
        let mut input = pipe.as_slice();
        let (head, attachment): (String, _) = read(&mut input, LIMITS).expect("read").expect("a frame");
        assert_eq!((head.as_str(), attachment.as_slice()), ("hello", &b"file"[..]));
        assert!(read::<String>(&mut input, LIMITS).expect("the end").is_none());
    }

    #[test]
    fn too_long_too_short_and_too_much_are_refused() {
        let frame = |head: &[u8], head_bytes: u32, attachment_bytes: u64| {
            [&head_bytes.to_le_bytes(), &attachment_bytes.to_le_bytes()[..], head].concat()
        };
        for (bytes, why) in [
            (frame(b"", u32::MAX, 0), "head over the limit"),
            (frame(b"", 0, u64::MAX), "attachment over the limit"),
            (frame(b"\x05hel", 4, 0), "text cut off"),
            (frame(b"\x02hi!", 4, 0), "bytes left over"),
            (frame(b"\x02hi", 3, 8), "attachment cut off"),
        ] {
            assert!(read::<String>(&mut bytes.as_slice(), LIMITS).is_err(), "{why}");
        }
    }

    #[tokio::test]
    async fn the_parent_believes_no_length() {
        let pipe = [&3_u32.to_le_bytes()[..], &8_u64.to_le_bytes(), b"\x02hi1234"].concat();
        let answer = receive::<String>(&mut pipe.as_slice(), LIMITS).await;
        assert_eq!(answer.expect_err("cut off").kind(), io::ErrorKind::UnexpectedEof);
    }
}
