use crate::{Pixels, Raster};

/// Cuts out the part of the page, all of its width and some inches high, where most is printed.
pub(super) fn sample(page: &Raster, inches: f64) -> Raster {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a resolution has four digits")]
    let height = (f64::from(page.dpi) * inches) as u32;
    if page.height <= height {
        return Raster { encoded: None, ..page.clone() };
    }
    let edges = count_edges(page);
    let height = height.max(1) as usize;
    let mut sum: u64 = edges[..height].iter().sum();
    let (mut best, mut top) = (sum, 0);
    for start in 1..=edges.len() - height {
        sum = sum + edges[start + height - 1] - edges[start - 1];
        if sum > best {
            (best, top) = (sum, start);
        }
    }
    page.cut_rows(top, height)
}

/// Counts in every row how often dark and light change: letters have many edges, pictures and frames few.
fn count_edges(page: &Raster) -> Vec<u64> {
    const STEP: u8 = 64;
    let gray = page.to_gray();
    let is_edge = |pair: &[u8]| pair[0].abs_diff(pair[1]) > STEP;
    gray.chunks_exact(page.width as usize)
        .map(|row| row.windows(2).filter(|pair| is_edge(pair)).count() as u64)
        .collect()
}

impl Raster {
    /// Cuts out whole rows.
    fn cut_rows(&self, top: usize, height: usize) -> Self {
        let cut = |bytes: &[u8]| {
            let row = bytes.len() / self.height as usize;
            bytes[top * row..(top + height) * row].to_vec()
        };
        let pixels = match &self.pixels {
            Pixels::Bilevel(bytes) => Pixels::Bilevel(cut(bytes)),
            Pixels::Gray8(bytes) => Pixels::Gray8(cut(bytes)),
            Pixels::Rgb8(bytes) => Pixels::Rgb8(cut(bytes)),
        };
        let height = u32::try_from(height).unwrap_or(self.height);
        Self { height, pixels, encoded: None, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_where_the_print_is() {
        let (width, height) = (100, 1000);
        let mut gray = vec![255; width * height];
        for row in gray[600 * width..640 * width].chunks_exact_mut(width) {
            row.iter_mut().step_by(2).for_each(|pixel| *pixel = 0);
        }
        let page = Raster::from_bytes((100, 1000), 1, gray).unwrap().with_dpi(Some(100.0));
        let sample = sample(&page, 1.5);
        assert_eq!((sample.width, sample.height), (100, 150));
        assert!(!sample.is_blank());
        let ink = sample.to_gray().iter().filter(|&&pixel| pixel == 0).count();
        assert_eq!(ink, 40 * 50, "all of it");
    }
}
