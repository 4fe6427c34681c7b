use super::{
    dictionary::Kind,
    node::{NEXTS, NOWHERE, Next, Node},
    unicharset::{SPACE, UnicharId},
};

/// Readings that are followed in each beam.
const WIDTH: usize = 5;
/// One step of the best reading of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathStep {
    /// None: nothing is said here.
    pub(super) unichar: Option<UnicharId>,
    /// The step goes on saying what the step before said.
    pub(super) is_duplicate: bool,
    pub(super) starts_word: bool,
    pub(super) kind: Kind,
    /// Logarithm of the probability of this step, at most 0.0, made worse outside the dictionary.
    pub(super) certainty: f32,
}

/// A beam for each [`Next`], without and with the dictionary.
const BEAMS: usize = 2 * NEXTS.len();

/// The beams of a finished step: ranges of nodes.
pub(super) type Beams = [(usize, usize); BEAMS];

/// All nodes of a line, and the beams of the step that is being made.
#[derive(Debug, Default)]
pub(super) struct Lattice {
    nodes: Vec<Node>,
    beams: [Vec<Node>; BEAMS],
}

impl Lattice {
    pub(super) fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// Makes the beams of a step those of the step before.
    pub(super) fn keep_beams(&mut self) -> Beams {
        let mut ranges = Beams::default();
        for (range, beam) in ranges.iter_mut().zip(&mut self.beams) {
            range.0 = self.nodes.len();
            for mut node in beam.drain(..) {
                if node.unichar.is_some() && !node.is_duplicate {
                    node.last_said = u32::try_from(self.nodes.len()).unwrap_or(NOWHERE);
                }
                self.nodes.push(node);
            }
            range.1 = self.nodes.len();
        }
        ranges
    }

    /// Whether anything may follow the step that is being made.
    pub(super) fn goes_on(&self) -> bool {
        !self.beams[beam_of(false, Next::Anything)].is_empty() || !self.beams[beam_of(true, Next::Anything)].is_empty()
    }

    pub(super) fn is_too_bad(&self, in_dictionary: bool, next: Next, score: f32) -> bool {
        let beam = &self.beams[beam_of(in_dictionary, next)];
        beam.len() >= WIDTH && beam.iter().all(|node| score <= node.score)
    }

    pub(super) fn push(&mut self, in_dictionary: bool, next: Next, node: Node) -> bool {
        push(&mut self.beams[beam_of(in_dictionary, next)], node)
    }

    /// The best node of the last step at which a line may end (`ExtractBestPaths`).
    pub(super) fn best_end(&self, beams: Beams) -> u32 {
        let mut best: Option<(u32, f32)> = None;
        for (beam, (start, end)) in beams.into_iter().enumerate() {
            if NEXTS[beam % NEXTS.len()] == Next::OnlyDuplicate {
                continue;
            }
            for id in start..end {
                let node = &self.nodes[id];
                let ends = |last: &Node| last.ends_word || last.unichar == Some(SPACE);
                if beam >= NEXTS.len() && !self.node(node.last_said).is_some_and(ends) {
                    continue;
                }
                if best.is_none_or(|(_, score)| node.score > score) {
                    best = Some((u32::try_from(id).unwrap_or(NOWHERE), node.score));
                }
            }
        }
        best.map_or(NOWHERE, |(id, _)| id)
    }

    pub(super) fn path_to(&self, mut id: u32) -> Vec<PathStep> {
        let mut path = Vec::new();
        while let Some(node) = self.node(id) {
            let Node { unichar, is_duplicate, starts_word, kind, certainty, .. } = *node;
            path.push(PathStep { unichar, is_duplicate, starts_word, kind, certainty });
            id = node.previous;
        }
        path.reverse();
        path
    }
}

fn beam_of(in_dictionary: bool, next: Next) -> usize {
    next as usize + if in_dictionary { NEXTS.len() } else { 0 }
}

/// Puts a node into a beam if it is among the best, once for each reading (`PushHeapIfBetter`); whether it went in.
fn push(beam: &mut Vec<Node>, node: Node) -> bool {
    let worst = beam.iter().enumerate().min_by(|a, b| a.1.score.total_cmp(&b.1.score));
    let worst = worst.filter(|_| beam.len() >= WIDTH).map(|(place, worst)| (place, worst.score));
    if worst.is_some_and(|(_, score)| node.score <= score) {
        return false;
    }
    let is_same = |other: &Node| {
        other.code == node.code
            && other.hash == node.hash
            && other.kind == node.kind
            && other.starts_dictionary == node.starts_dictionary
    };
    if let Some(same) = beam.iter_mut().find(|other| is_same(other)) {
        let is_better = node.score > same.score;
        if is_better {
            *same = node;
        }
        return is_better;
    }
    match worst {
        Some((place, _)) => beam[place] = node,
        None => beam.push(node),
    }
    true
}
