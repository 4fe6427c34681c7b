use std::hash::{DefaultHasher, Hasher};

use lopdf::{Dictionary, Document as Pdf, Object, Stream, StringFormat, dictionary};
use moxcms::ColorProfile;

use super::UNWRITTEN;
use crate::OcrError;

/// What a PDF/A file says of itself: level B of part 2, which keeps how it looks.
const METADATA: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
    <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
    <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
    <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" \
    xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\n\
    <pdfaid:part>2</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n<pdf:Producer>untxt</pdf:Producer>\n\
    </rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>";

/// Adds to a new PDF what makes it PDF/A-2b beyond embedded fonts and colours that the profile covers: the metadata,
/// the profile of its colours (sRGB), and an id, made of the bytes of the original.
pub(super) fn mark(pdf: &mut Pdf, catalog: &mut Dictionary, original: &[u8]) -> Result<(), OcrError> {
    let profile = ColorProfile::new_srgb().encode().map_err(|_| UNWRITTEN)?;
    let profile = pdf.add_object(Stream::new(dictionary! { "N" => 3 }, profile).with_compression(false));
    let name = Object::string_literal("sRGB IEC61966-2.1");
    let intent = dictionary! {
        "Type" => "OutputIntent", "S" => "GTS_PDFA1", "OutputConditionIdentifier" => name.clone(), "Info" => name,
        "RegistryName" => Object::string_literal("http://www.color.org"), "DestOutputProfile" => profile,
    };
    // metadata must be readable without unpacking it
    let metadata = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = Stream::new(metadata, METADATA.as_bytes().to_vec()).with_compression(false);
    catalog.set("Metadata", pdf.add_object(metadata));
    catalog.set("OutputIntents", vec![intent.into()]);
    let id = Object::String(id_of(original), StringFormat::Hexadecimal);
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
