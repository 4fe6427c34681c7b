use untxt_page::{DefectKind, Preset, Quality};

use super::*;
use crate::{
    Document, OpenOptions, Raster,
    prepare::{
        View,
        filters::smooth,
        gray::{Gray, brightness, round},
        skew::straighten,
    },
};

const PAGES: [(&str, &[u8]); 2] = [
    ("letter", include_bytes!("../../../tests/pages/letter.png")),
    ("table", include_bytes!("../../../tests/pages/table-plain.png")),
];

fn raster(bytes: &[u8]) -> Raster {
    Document::open(bytes.to_vec(), &OpenOptions::default()).unwrap().raster(0).unwrap()
}

/// The page as a good scanner gives it: grey paper, black ink, edges as soft as a lens makes them.
fn scanned(raster: &Raster) -> Gray {
    let page = smooth(&Gray::from_raster(raster), 0.6);
    Gray { pixels: page.pixels.iter().map(|&value| brightness(25.0 + f64::from(value) * 0.83)).collect(), ..page }
}

fn map(page: &Gray, change: impl Fn(f64) -> f64) -> Gray {
    Gray { pixels: page.pixels.iter().map(|&value| brightness(change(f64::from(value)))).collect(), ..*page }
}

fn quality(page: Gray, like: &Raster) -> Quality {
    let view = View::new(&page.into_raster(like, 1.0), Preset::Auto).unwrap();
    measure_quality(&view.survey, &view.prepared.skew)
}

/// Damages the pages and asserts that this is what is named first.
#[track_caller]
fn assert_named(kind: DefectKind, damage: impl Fn(&Gray) -> Gray) {
    for (name, bytes) in PAGES {
        let raster = raster(bytes);
        let quality = quality(damage(&scanned(&raster)), &raster);
        assert_eq!(quality.defects.first().map(|defect| defect.kind), Some(kind), "{name}: {quality:?}");
        assert!(quality.score < 0.95, "{name}: {quality:?}");
    }
}

#[test]
fn a_clean_page_has_no_defects() {
    for (name, bytes) in PAGES {
        let raster = raster(bytes);
        let view = View::new(&raster, Preset::Auto).unwrap();
        assert_eq!(measure_quality(&view.survey, &view.prepared.skew), Quality::default(), "{name}");
        assert_eq!(quality(scanned(&raster), &raster), Quality::default(), "{name}, scanned");
    }
}

#[test]
fn an_empty_page_has_no_defects() {
    let raster = raster(PAGES[0].1);
    let empty = Gray { width: 1_000, height: 800, pixels: vec![240; 800_000] };
    assert_eq!(quality(empty, &raster), Quality::default());
}

#[test]
fn blur_is_named() {
    assert_named(DefectKind::Blurry, |page| smooth(page, 3.5));
}

#[test]
fn speckles_are_named() {
    assert_named(DefectKind::Noisy, |page| {
        let mut page = page.clone();
        // a multiplicative sequence spreads salt and pepper evenly: 2 % of the pixels
        let mut at = 1;
        for number in 0..page.pixels.len() / 50 {
            at = (at * 48_271 + 11) % page.pixels.len();
            page.pixels[at] = if number % 2 == 0 { 0 } else { 255 };
        }
        page
    });
}

#[test]
fn too_little_light_is_named() {
    assert_named(DefectKind::Dark, |page| map(page, |value| value * 0.35));
}

#[test]
fn faint_print_is_named() {
    assert_named(DefectKind::Faint, |page| map(page, |value| 237.0 - (237.0 - value) * 0.22));
}

#[test]
fn small_print_is_named() {
    assert_named(DefectKind::TextTooSmall, |page| page.resize(page.width / 3, page.height / 3).unwrap());
}

#[test]
fn words_over_the_edge_are_named() {
    assert_named(DefectKind::CutOff, |page| {
        let area = crate::prepare::gray::Area { left: 0, top: 0, right: page.width * 2 / 5, bottom: page.height };
        page.cut(&area, 0)
    });
}

#[test]
fn a_reflection_is_named() {
    assert_named(DefectKind::Glare, |page| {
        let (across, down) = (page.width as f64, page.height as f64);
        let mut photo = map(page, |value| value * 0.85);
        for (at, value) in photo.pixels.iter_mut().enumerate() {
            let (x, y) = ((at % page.width) as f64 / across - 0.4, (at / page.width) as f64 / down - 0.45);
            // a bright patch whose light fades out at its edge
            let light = (1.6 - x.hypot(y * 0.6) / 0.12).clamp(0.0, 1.0);
            *value = brightness(f64::from(*value) * (1.0 - light) + 255.0 * light);
        }
        photo
    });
}

#[test]
fn slanted_lines_are_named() {
    assert_named(DefectKind::Skewed, |page| {
        let margin = round(page.width as f64 * 0.05);
        let whole = crate::prepare::gray::Area { left: 0, top: 0, right: page.width, bottom: page.height };
        map(&straighten(&page.cut(&whole, margin), -5.0, None), |value| value.min(237.0))
    });
}
