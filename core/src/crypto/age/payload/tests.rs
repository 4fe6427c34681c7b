use super::*;

fn seal(recipients: &[Recipient], text: &[u8]) -> Vec<u8> {
    let mut writer = SealingWriter::new(recipients, Vec::new()).expect("begun");
    writer.write_all(text).expect("written");
    writer.finish().expect("finished")
}

fn open(identity: &Identity, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut text = Vec::new();
    OpeningReader::new(std::slice::from_ref(identity), sealed)?.read_to_end(&mut text)?;
    Ok(text)
}

fn identity() -> Identity {
    Identity::generate().expect("an identity")
}

#[test]
fn every_length_around_a_chunk_comes_back_to_each_recipient() {
    let (one, two, other) = (identity(), identity(), identity());
    for length in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 2 * CHUNK_LEN, 3 * CHUNK_LEN + 7] {
        let text: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).expect("byte")).collect();
        let sealed = seal(&[one.recipient(), two.recipient()], &text);
        assert!(open(&one, &sealed).expect("opened") == text, "{length}");
        assert!(open(&two, &sealed).expect("opened") == text, "{length}");
        assert!(matches!(open(&other, &sealed), Err(AgeError::NotForUs)), "{length}");
    }
}

#[test]
fn every_byte_matters_and_so_does_the_end() {
    let one = identity();
    let sealed = seal(&[one.recipient()], b"a secret");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open(&one, &changed).is_err(), "byte {at}");
        assert!(open(&one, &sealed[..at]).is_err(), "cut at {at}");
    }
    assert!(open(&one, &[sealed.as_slice(), b"x"].concat()).is_err(), "longer");
    let long = seal(&[one.recipient()], &vec![7; 2 * CHUNK_LEN]);
    assert!(open(&one, &long[..long.len() - CHUNK_LEN - TAG_LEN]).is_err(), "without its last chunk");
}

#[test]
fn after_an_error_nothing_is_given() {
    let one = identity();
    let mut sealed = seal(&[one.recipient()], &vec![7; 3 * CHUNK_LEN]);
    let second = sealed.len() - 2 * (CHUNK_LEN + TAG_LEN);
    sealed[second] ^= 1;
    let mut reader = OpeningReader::new(&[one], sealed.as_slice()).expect("begun");
    let mut piece = vec![0; CHUNK_LEN];
    reader.read_exact(&mut piece).expect("the first chunk is whole");
    for _ in 0..3 {
        let error = reader.read(&mut piece).expect_err("changed");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn after_an_error_nothing_is_taken() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut writer = SealingWriter::new(&[identity().recipient()], Full(1000)).expect("begun");
    assert_eq!(writer.write_all(&vec![7; 2 * CHUNK_LEN]).expect_err("full").kind(), io::ErrorKind::StorageFull);
    assert!(writer.write(b"more").is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn an_identity_is_spelled_and_read_and_never_printed() {
    let one = identity();
    let file = format!("# created by a person\n\n{}\n", one.reveal().as_str());
    let again = Identity::read_all(&file).expect("read");
    assert_eq!(again[0].recipient(), one.recipient());
    assert_eq!(one.recipient().to_string().parse::<Recipient>().expect("read"), one.recipient());
    assert!(!format!("{one:?}").contains(one.reveal().as_str()));
    assert!(Identity::read_all("# nothing\n").is_err());
    let secret = one.reveal().parse::<Recipient>().expect_err("a secret is no recipient");
    assert!(secret.to_string().contains("which is secret"), "{secret}");
}

/// Made by rage's library (age 0.11.5), with a recipient of a kind that nobody knows in its header.
#[test]
fn a_file_of_another_program_opens() {
    let identity = Identity::read_all(include_str!("../tests/identity.txt")).expect("an identity");
    let recipient = identity[0].recipient().to_string();
    assert_eq!(recipient, include_str!("../tests/recipient.txt").trim());
    let text = open(&identity[0], include_bytes!("../tests/sealed.age")).expect("opened");
    assert_eq!(text, b"sealed by another program\n");
}
