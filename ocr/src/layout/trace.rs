/// Dark pixels side by side: for a level line `at` is y and the others are x, for an upright line the other way round.
/// `end` is exclusive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) at: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Runs that belong to one line.
#[derive(Clone, Debug)]
pub(super) struct Stroke {
    /// The run with the least start and that with the greatest end.
    first: Run,
    last: Run,
    /// The run that was added last.
    latest: Run,
    /// Pixels of all runs, as if every row had been looked at.
    pixels: usize,
}

impl Stroke {
    pub(super) fn length(&self) -> f64 {
        (self.last.end - self.first.start) as f64
    }

    /// How thick it is on average, in pixels.
    pub(super) fn thickness(&self) -> f64 {
        self.pixels as f64 / self.length().max(1.0)
    }

    /// Its two ends, each along the line and across it.
    pub(super) const fn ends(&self) -> [(usize, usize); 2] {
        [(self.first.start, self.first.at), (self.last.end, self.last.at)]
    }

    fn join(&mut self, other: &Self) {
        if other.first.start < self.first.start {
            self.first = other.first;
        }
        if other.last.end > self.last.end {
            self.last = other.last;
        }
        self.pixels += other.pixels;
    }
}

/// Gathers runs to strokes. Runs of level lines come row by row; those of upright lines when they end.
#[derive(Debug)]
pub(super) struct Tracer {
    /// Pixels from one row that is looked at to the next.
    step: usize,
    /// Longest break in a line, in pixels.
    gap: f64,
    runs: Vec<Run>,
}

/// More runs than the lines of a page have.
const MAX_RUNS: usize = 200_000;

impl Tracer {
    pub(super) const fn new(step: usize, gap: f64) -> Self {
        Self { step, gap, runs: Vec::new() }
    }

    pub(super) fn add(&mut self, run: Run) {
        if self.runs.len() < MAX_RUNS {
            self.runs.push(run);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Stroke> {
        self.runs.sort_by_key(|run| (run.at, run.start));
        let mut done = Vec::new();
        let mut open: Vec<Stroke> = Vec::new();
        let mut row = 0;
        for run in self.runs {
            if run.at > row {
                row = run.at;
                // what this row can't reach any more is done
                done.extend(open.extract_if(.., |stroke| row > stroke.latest.at + self.step + 1));
            }
            let touches = |stroke: &Stroke| {
                let Run { start, end, .. } = stroke.latest;
                run.start <= end + 2 && start <= run.end + 2
            };
            let pixels = (run.end - run.start) * self.step;
            let single = Stroke { first: run, last: run, latest: run, pixels };
            match open.iter_mut().find(|stroke| touches(stroke)) {
                Some(stroke) => {
                    stroke.join(&single);
                    stroke.latest = run;
                }
                None => open.push(single),
            }
        }
        done.extend(open);
        join_broken(done, self.gap)
    }
}

/// Joins strokes that go on behind a short break, within a slope of three degrees.
fn join_broken(mut strokes: Vec<Stroke>, gap: f64) -> Vec<Stroke> {
    strokes.sort_by_key(|stroke| stroke.first.start);
    let mut joined: Vec<Stroke> = Vec::new();
    for stroke in strokes {
        let goes_on = |before: &Stroke| {
            let along = stroke.first.start as f64 - before.last.end as f64;
            let across = stroke.first.at.abs_diff(before.last.at) as f64;
            // a step to the side as large as a thin line is thick is no other line
            (-gap..=gap).contains(&along) && across <= 3.0
        };
        // the latest strokes are the nearest; a line is not looked for far back
        match joined.iter_mut().rev().take(500).find(|before| goes_on(before)) {
            Some(before) => before.join(&stroke),
            None => joined.push(stroke),
        }
    }
    joined
}
