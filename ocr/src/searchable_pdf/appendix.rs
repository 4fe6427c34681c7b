use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, ObjectStream, Stream, Writer, dictionary, xref::XrefType};

use super::font::compressed;

/// What an object stream may hold: readers unpack it whole.
const MAX_PACKED: usize = 200;

/// Appends changes to a file as packed as the file itself is: what is no stream goes into an object stream, and the
/// table of objects is compressed (ISO 32000-1, 7.5.6 to 7.5.8). `None` for a file with a plain table, since readers
/// expect an update to have the same kind, and for a locked one.
pub(super) fn append_packed(
    junk: &[u8],
    bytes: &[u8],
    original: &Pdf,
    changes: &[(ObjectId, Object)],
) -> Option<Vec<u8>> {
    let is_packed = matches!(original.reference_table.cross_reference_type, XrefType::CrossReferenceStream);
    if !is_packed || original.encryption_state.is_some() || original.xref_start == 0 {
        return None;
    }
    let mut file = Appendix { bytes: bytes.to_vec(), entries: Vec::new() };
    if !file.bytes.ends_with(b"\n") {
        file.bytes.push(b'\n');
    }
    let mut last = changes.iter().map(|((number, _), _)| *number).chain([original.max_id]).max()?;
    let is_loose = |(id, object): &&(ObjectId, Object)| id.1 > 0 || matches!(object, Object::Stream(_));
    for (id, object) in changes.iter().filter(is_loose) {
        file.write(*id, object)?;
    }
    let packed: Vec<_> = changes.iter().filter(|change| !is_loose(change)).collect();
    for group in packed.chunks(MAX_PACKED) {
        last += 1;
        file.pack(last, group)?;
    }
    file.finish((last + 1, 0), original)?;
    Some([junk, &file.bytes].concat())
}

struct Appendix {
    bytes: Vec<u8>,
    /// For each object its number, the kind of its entry, and the two numbers of that.
    entries: Vec<(u32, [u64; 3])>,
}

impl Appendix {
    fn write(&mut self, (number, generation): ObjectId, object: &Object) -> Option<()> {
        self.entries.push((number, [1, self.bytes.len() as u64, generation.into()]));
        self.bytes.extend(format!("{number} {generation} obj\n").bytes());
        Writer::write_object(&mut self.bytes, object).ok()?;
        self.bytes.extend(b"\nendobj\n");
        Some(())
    }

    fn pack(&mut self, number: u32, group: &[&(ObjectId, Object)]) -> Option<()> {
        let mut stream = ObjectStream::builder().max_objects(MAX_PACKED).compression_level(9).build();
        for (id, object) in group {
            stream.add_object(*id, object.clone()).ok()?;
        }
        // they are kept in the order of their numbers
        let numbers: Vec<u32> = stream.objects.keys().map(|(number, _)| *number).collect();
        self.entries.extend((0..).zip(numbers).map(|(place, member)| (member, [2, number.into(), place])));
        self.write((number, 0), &stream.to_stream_object().ok()?.into())
    }

    /// Writes the table of objects, which is one itself.
    fn finish(&mut self, id: ObjectId, original: &Pdf) -> Option<()> {
        let start = self.bytes.len();
        self.entries.push((id.0, [1, start as u64, 0]));
        self.entries.sort_unstable();
        let widths = [1, bytes_of(start.max(id.0 as usize)), 2];
        let mut sections: Vec<Object> = Vec::new();
        for section in self.entries.chunk_by(|(a, _), (b, _)| a + 1 == *b) {
            sections.extend([i64::from(section[0].0).into(), i64::try_from(section.len()).ok()?.into()]);
        }
        let field = |value: u64, width: usize| value.to_be_bytes().into_iter().skip(8 - width);
        let rows = self.entries.iter().flat_map(|(_, fields)| fields.iter().zip(widths));
        let mut table: Stream = compressed(rows.flat_map(|(value, width)| field(*value, width)).collect());
        for (key, value) in trailer(original).iter() {
            table.dict.set(key.clone(), value.clone());
        }
        let widths = widths.map(|width| Object::from(i64::try_from(width).unwrap_or(0))).to_vec();
        let told = dictionary! {
            "Type" => "XRef", "Size" => i64::from(id.0) + 1, "W" => widths, "Index" => sections,
            "Prev" => i64::try_from(original.xref_start).ok()?,
        };
        table.dict.extend(&told);
        self.entries.pop();
        self.bytes.extend(format!("{} 0 obj\n", id.0).bytes());
        Writer::write_object(&mut self.bytes, &table.into()).ok()?;
        self.bytes.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
        Some(())
    }
}

/// Leaves of a file's trailer what is true of every version of it.
fn trailer(original: &Pdf) -> Dictionary {
    let kept = [&b"Root"[..], b"Info", b"ID"];
    kept.iter().filter_map(|key| Some((key.to_vec(), original.trailer.get(key).ok()?.clone()))).collect()
}

/// Counts the bytes that a number takes.
const fn bytes_of(number: usize) -> usize {
    (usize::BITS - number.leading_zeros()).div_ceil(8) as usize
}
