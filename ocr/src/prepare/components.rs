use super::gray::{Area, Gray};

/// A stretch of dark pixels in a row; `right` is exclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) y: usize,
    pub(crate) left: usize,
    pub(crate) right: usize,
}

/// Dark pixels that touch each other, also across corners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    /// The box around them.
    pub(crate) area: Area,
    /// How many they are.
    pub(crate) ink: usize,
}

/// Finds everything that is darker than `threshold` and hangs together.
pub(crate) fn find_components(page: &Gray, threshold: u8) -> Vec<Component> {
    let mut runs: Vec<Run> = Vec::new();
    let mut roots: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for y in 0..page.height {
        let start = runs.len();
        push_runs(page.row(y), y, threshold, &mut runs);
        roots.extend(start..runs.len());
        let mut candidate = above.start;
        for current in start..runs.len() {
            while candidate < above.end && runs[candidate].right < runs[current].left {
                candidate += 1;
            }
            let mut touching = candidate;
            while touching < above.end && runs[touching].left <= runs[current].right {
                join(&mut roots, touching, current);
                touching += 1;
            }
        }
        above = start..runs.len();
    }
    collect(&runs, &mut roots)
}

fn push_runs(row: &[u8], y: usize, threshold: u8, runs: &mut Vec<Run>) {
    let mut x = 0;
    while x < row.len() {
        let Some(skip) = row[x..].iter().position(|&value| value < threshold) else { return };
        let left = x + skip;
        let length = row[left..].iter().position(|&value| value >= threshold).unwrap_or(row.len() - left);
        x = left + length;
        runs.push(Run { y, left, right: x });
    }
}

fn find_root(roots: &mut [usize], mut index: usize) -> usize {
    while roots[index] != index {
        roots[index] = roots[roots[index]];
        index = roots[index];
    }
    index
}

fn join(roots: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find_root(roots, a), find_root(roots, b));
    roots[a.max(b)] = a.min(b);
}

fn collect(runs: &[Run], roots: &mut [usize]) -> Vec<Component> {
    let mut place = vec![usize::MAX; runs.len()];
    let mut found: Vec<Component> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let root = find_root(roots, index);
        let area = Area { left: run.left, top: run.y, right: run.right, bottom: run.y + 1 };
        let ink = run.right - run.left;
        if place[root] == usize::MAX {
            place[root] = found.len();
            found.push(Component { area, ink });
        } else {
            let component = &mut found[place[root]];
            component.area = component.area.union(&area);
            component.ink += ink;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_touch_are_one() {
        let rows = ["#..#....", "#..#..##", "####...#", "........", ".#......", "..#....."];
        let pixels = rows.iter().flat_map(|row| row.bytes().map(|b| if b == b'#' { 0 } else { 255 })).collect();
        let found = find_components(&Gray { width: 8, height: 6, pixels }, 128);
        let boxes: Vec<_> =
            found.iter().map(|c| (c.area.left, c.area.top, c.area.right, c.area.bottom, c.ink)).collect();
        assert_eq!(boxes, [(0, 0, 4, 3, 8), (6, 1, 8, 3, 3), (1, 4, 3, 6, 2)]);
    }
}
