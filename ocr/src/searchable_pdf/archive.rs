use std::hash::{DefaultHasher, Hasher};

use lopdf::{Dictionary, Document as Pdf, Object, Stream, StringFormat, dictionary};
use moxcms::ColorProfile;

use super::UNWRITTEN;
use crate::{Document, OcrError};

/// Makes what a PDF/A file says of itself: level B of part 2, which keeps how it looks; and what it is called.
fn write_metadata(title: Option<&str>, author: Option<&str>) -> String {
    const NAMESPACES: &str = "xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" \
        xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"";
    let title = title.map(|title| {
        let title = escape_xml(title);
        format!("<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\n")
    });
    let author = author.map(|author| {
        let author = escape_xml(author);
        format!("<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>\n")
    });
    let (title, author) = (title.unwrap_or_default(), author.unwrap_or_default());
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
         <rdf:Description rdf:about=\"\" {NAMESPACES}>\n\
         <pdfaid:part>2</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n\
         <pdf:Producer>untxt</pdf:Producer>\n{title}{author}\
         </rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>"
    )
}

/// Leaves out what XML can't say.
fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Adds to a new PDF what makes it PDF/A-2b beyond embedded fonts and colours that the profile covers: the metadata,
/// the profile of its colours (sRGB), and an id, made of the bytes of the original.
pub(super) fn mark(pdf: &mut Pdf, catalog: &mut Dictionary, original: &Document) -> Result<(), OcrError> {
    let profile = ColorProfile::new_srgb().encode().map_err(|_| UNWRITTEN)?;
    let profile = pdf.add_object(Stream::new(dictionary! { "N" => 3 }, profile).with_compression(false));
    let name = Object::string_literal("sRGB IEC61966-2.1");
    let intent = dictionary! {
        "Type" => "OutputIntent", "S" => "GTS_PDFA1", "OutputConditionIdentifier" => name.clone(), "Info" => name,
        "RegistryName" => Object::string_literal("http://www.color.org"), "DestOutputProfile" => profile,
    };
    let (title, author) = original.title_and_author();
    let text = write_metadata(title.as_deref(), author.as_deref());
    // metadata must be readable without unpacking it
    let metadata = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = Stream::new(metadata, text.into_bytes()).with_compression(false);
    catalog.set("Metadata", pdf.add_object(metadata));
    catalog.set("OutputIntents", vec![intent.into()]);
    let id = Object::String(id_of(&original.bytes), StringFormat::Hexadecimal);
    pdf.trailer.set("ID", vec![id.clone(), id]);
    Ok(())
}

/// Makes 16 bytes that are the same for the same original.
fn id_of(original: &[u8]) -> Vec<u8> {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(original);
        hasher.finish().to_be_bytes()
    };
    [hash(0), hash(1)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_stays_in_its_place() {
        let text = write_metadata(Some("</dc:title> & \u{0}more"), None);
        assert!(text.contains(">&lt;/dc:title&gt; &amp;  more</rdf:li>") && !text.contains("dc:creator>"), "{text}");
    }
}
