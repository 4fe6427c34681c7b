/// A box on the straightened page, in pixels; origin top left, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f64 {
        self.bottom - self.top
    }

    /// Middle, x and y.
    pub(super) fn middle(self) -> (f64, f64) {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }

    pub(super) fn around(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Says how much of the narrower one lies above or below the other, 0.0 to 1.0.
    pub(super) fn shared_width(self, other: Self) -> f64 {
        let shared = self.right.min(other.right) - self.left.max(other.left);
        (shared / self.width().min(other.width()).max(1.0)).clamp(0.0, 1.0)
    }
}

/// Finds the box around boxes; empty when there are none.
pub(super) fn around_all(rects: impl IntoIterator<Item = Rect>) -> Rect {
    rects.into_iter().reduce(Rect::around).unwrap_or_default()
}

/// Finds the value below which a share of the values lies; 0.0 when there are none.
pub(super) fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let place = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(place).copied().unwrap_or(0.0)
}

pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}
