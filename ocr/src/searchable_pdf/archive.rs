use std::hash::{DefaultHasher, Hasher};

use lopdf::{Dictionary, Document as Pdf, Object, Stream, StringFormat, dictionary};
use moxcms::{ColorProfile, Matrix3d, Xyzd};

use super::UNWRITTEN;
use crate::{Document, OcrError, document::About};

/// Makes what a PDF/A file says of itself: level B of part 2, which keeps how it looks; and what the original says.
fn write_metadata(about: &About) -> String {
    const NAMESPACES: &str = "xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" \
        xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"";
    const DATES: &str = " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"";
    let each_language = |text: String| format!("<rdf:Alt><rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:Alt>");
    let plain = |text: String| text;
    let told = [
        tell("dc:title", about.title.as_deref(), each_language),
        tell("dc:creator", about.author.as_deref(), |text| format!("<rdf:Seq><rdf:li>{text}</rdf:li></rdf:Seq>")),
        tell("dc:description", about.subject.as_deref(), each_language),
        tell("pdf:Keywords", about.keywords.as_deref(), plain),
        tell("xmp:CreatorTool", about.creator.as_deref(), plain),
        tell("xmp:CreateDate", about.created.as_deref(), plain),
        tell("xmp:ModifyDate", about.changed.as_deref(), plain),
    ];
    let told = told.concat();
    let dates = if told.contains("<xmp:") { DATES } else { "" };
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
         <rdf:Description rdf:about=\"\" {NAMESPACES}{dates}>\n\
         <pdfaid:part>2</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n\
         <pdf:Producer>untxt</pdf:Producer>\n{told}\
         </rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>"
    )
}

/// Writes a property that has a value.
fn tell(property: &str, text: Option<&str>, wrap: impl Fn(String) -> String) -> String {
    text.map_or_else(String::new, |text| format!("<{property}>{}</{property}>\n", wrap(escape_xml(text))))
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
pub(super) fn mark(
    pdf: &mut Pdf,
    catalog: &mut Dictionary,
    original: &Document,
    about: &About,
) -> Result<(), OcrError> {
    let profile = make_profile()?;
    let mut profile = Stream::new(dictionary! { "N" => 3 }, profile);
    // what can't be made smaller stays as it is
    let _ = profile.compress();
    let profile = pdf.add_object(profile);
    let name = Object::string_literal("sRGB IEC61966-2.1");
    let intent = dictionary! {
        "Type" => "OutputIntent", "S" => "GTS_PDFA1", "OutputConditionIdentifier" => name.clone(), "Info" => name,
        "RegistryName" => Object::string_literal("http://www.color.org"), "DestOutputProfile" => profile,
    };
    let text = write_metadata(about);
    // metadata must be readable without unpacking it
    let metadata = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = Stream::new(metadata, text.into_bytes()).with_compression(false);
    catalog.set("Metadata", pdf.add_object(metadata));
    catalog.set("OutputIntents", vec![intent.into()]);
    let id = Object::String(id_of(&original.bytes), StringFormat::Hexadecimal);
    pdf.trailer.set("ID", vec![id.clone(), id]);
    Ok(())
}

/// Makes the profile of sRGB. The crate gives another white and no adaptation to it; a profile's white is that of D50, to
/// the bit (ISO 15076-1, 7.2.16), and sRGB's own is adapted to it.
fn make_profile() -> Result<Vec<u8>, OcrError> {
    /// In parts of 65,536.
    const D50: [u16; 2] = [0xf6d6, 0xd32d];
    const ADAPTATION: [[f64; 3]; 3] =
        [[1.047_882, 0.022_918, -0.050_217], [0.029_587, 0.990_479, -0.017_059], [-0.009_247, 0.015_076, 0.751_678]];
    let [x, z] = D50.map(|part| f64::from(part) / 65_536.0);
    let white = Xyzd { x, y: 1.0, z };
    let mut profile = ColorProfile::new_srgb();
    profile.white_point = white;
    profile.media_white_point = Some(white);
    profile.chromatic_adaptation = Some(Matrix3d { v: ADAPTATION });
    profile.cicp = None;
    profile.encode().map_err(|_| UNWRITTEN)
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
    fn the_white_of_the_profile_is_d50() {
        let profile = make_profile().unwrap();
        let d50 = [0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d];
        assert_eq!(profile[68..80], d50);
        let tag = |name: &[u8]| {
            let at = (132..).step_by(12).find(|at| &profile[*at..at + 4] == name).unwrap();
            let number = |at: usize| u32::from_be_bytes(profile[at..at + 4].try_into().unwrap()) as usize;
            &profile[number(at + 4) + 8..][..number(at + 8) - 8]
        };
        assert_eq!(tag(b"wtpt"), d50);
        // white of sRGB, adapted, is that white
        let fixed = |bytes: &[u8]| f64::from(i32::from_be_bytes(bytes.try_into().unwrap())) / 65_536.0;
        let rows: Vec<f64> = tag(b"chad").chunks(4).map(fixed).collect();
        let adapted = rows.chunks(3).map(|row| row[0] * 0.9505 + row[1] + row[2] * 1.0891).collect::<Vec<_>>();
        for (adapted, white) in adapted.iter().zip(d50.chunks(4).map(fixed)) {
            assert!((adapted - white).abs() < 0.002, "{adapted} {white}");
        }
    }

    #[test]
    fn a_title_stays_in_its_place() {
        let about = About { title: Some("</dc:title> & \u{0}more".into()), ..About::default() };
        let text = write_metadata(&about);
        assert!(text.contains(">&lt;/dc:title&gt; &amp;  more</rdf:li>") && !text.contains("dc:creator>"), "{text}");
        assert!(!text.contains("xmp:") && !text.contains("Keywords"), "nothing is told that isn't known: {text}");
    }
}
