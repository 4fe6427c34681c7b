use super::{components::Component, gray::Gray};

/// Makes specks white: dark pixels alone or in pairs. Gives `None` when there are none.
///
/// On for faxes: the filter for other speckled pages rounds print of so few lines away.
pub(crate) fn remove_specks(page: &Gray, components: &[Component]) -> Option<Gray> {
    let mut cleaned: Option<Gray> = None;
    for speck in components.iter().filter(|component| component.ink <= 2) {
        let out = cleaned.get_or_insert_with(|| page.clone());
        for y in speck.area.top..speck.area.bottom {
            out.pixels[y * page.width + speck.area.left..y * page.width + speck.area.right].fill(0xff);
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::components::find_components;

    /// A white page with dark boxes: left, top, right, bottom.
    fn page(boxes: &[[usize; 4]]) -> Gray {
        let mut page = Gray { width: 200, height: 100, pixels: vec![255; 200 * 100] };
        for &[left, top, right, bottom] in boxes {
            for y in top..bottom {
                page.pixels[y * 200 + left..y * 200 + right].fill(0);
            }
        }
        page
    }

    #[test]
    fn a_speck_goes_and_a_dot_stays() {
        let dot = [50, 40, 52, 42];
        let speckled = page(&[dot, [100, 10, 101, 11], [120, 20, 122, 21]]);
        let clean = remove_specks(&speckled, &find_components(&speckled, 128));
        assert_eq!(clean, Some(page(&[dot])));
        assert_eq!(remove_specks(&page(&[dot]), &find_components(&page(&[dot]), 128)), None);
    }
}
