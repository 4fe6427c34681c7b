/// How stored pixels lie on the page: each names what must be done to see them upright (the eight values of EXIF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    Upright,
    FlipHorizontal,
    Turn180,
    FlipVertical,
    /// Mirror along the falling diagonal.
    Transpose,
    /// Clockwise.
    Turn90,
    /// Mirror along the rising diagonal.
    Transverse,
    /// Clockwise.
    Turn270,
}

impl Orientation {
    /// Reads the value of the EXIF (and TIFF) tag `Orientation`, upright when it is none of the eight.
    pub(crate) const fn from_exif(value: u32) -> Self {
        match value {
            2 => Self::FlipHorizontal,
            3 => Self::Turn180,
            4 => Self::FlipVertical,
            5 => Self::Transpose,
            6 => Self::Turn90,
            7 => Self::Transverse,
            8 => Self::Turn270,
            _ => Self::Upright,
        }
    }

    /// Says whether width and height change places.
    pub(crate) const fn swaps_sides(self) -> bool {
        matches!(self, Self::Transpose | Self::Turn90 | Self::Transverse | Self::Turn270)
    }

    /// Gives width and height of the upright image.
    pub(crate) const fn upright_size<T: Copy>(self, (width, height): (T, T)) -> (T, T) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// Gives the matrix that places the stored image upright in the unit square (PDF: x right, y up).
    pub(crate) const fn unit_square_matrix(self) -> [i32; 6] {
        match self {
            Self::Upright => [1, 0, 0, 1, 0, 0],
            Self::FlipHorizontal => [-1, 0, 0, 1, 1, 0],
            Self::Turn180 => [-1, 0, 0, -1, 1, 1],
            Self::FlipVertical => [1, 0, 0, -1, 0, 1],
            Self::Transpose => [0, -1, -1, 0, 1, 1],
            Self::Turn90 => [0, -1, 1, 0, 0, 1],
            Self::Transverse => [0, 1, 1, 0, 0, 0],
            Self::Turn270 => [0, 1, -1, 0, 1, 0],
        }
    }

    /// Turns pixels of `channels` bytes upright; gives the new size and the bytes.
    pub(crate) fn apply(self, (width, height): (u32, u32), channels: usize, bytes: Vec<u8>) -> ((u32, u32), Vec<u8>) {
        if self == Self::Upright {
            return ((width, height), bytes);
        }
        let (w, h) = (width as usize, height as usize);
        let (out_w, out_h) = self.upright_size((w, h));
        let mut out = Vec::with_capacity(bytes.len());
        for y in 0..out_h {
            for x in 0..out_w {
                let (sx, sy) = match self {
                    Self::Upright => (x, y),
                    Self::FlipHorizontal => (w - 1 - x, y),
                    Self::Turn180 => (w - 1 - x, h - 1 - y),
                    Self::FlipVertical => (x, h - 1 - y),
                    Self::Transpose => (y, x),
                    Self::Turn90 => (y, h - 1 - x),
                    Self::Transverse => (w - 1 - y, h - 1 - x),
                    Self::Turn270 => (w - 1 - y, x),
                };
                let at = (sy * w + sx) * channels;
                out.extend_from_slice(&bytes[at..at + channels]);
            }
        }
        (self.upright_size((width, height)), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_undone_by_its_opposite() {
        let bytes: Vec<u8> = (0..6).collect();
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let back = match orientation {
                Orientation::Turn90 => Orientation::Turn270,
                Orientation::Turn270 => Orientation::Turn90,
                same => same,
            };
            let (size, turned) = orientation.apply((3, 2), 1, bytes.clone());
            assert_eq!(back.apply(size, 1, turned), ((3, 2), bytes.clone()), "value {value}");
        }
    }

    #[test]
    fn a_quarter_turn_moves_the_left_bottom_to_the_left_top() {
        // 0 1 2      3 0
        // 3 4 5  ->  4 1
        //            5 2
        assert_eq!(Orientation::Turn90.apply((3, 2), 1, (0..6).collect()), ((2, 3), vec![3, 0, 4, 1, 5, 2]));
    }
}
