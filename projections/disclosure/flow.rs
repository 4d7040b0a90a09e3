//! How much one number of a table may differ from what it is, with everything that is known of the others.
//!
//! A table with its margins is a network: what flows into a row flows out of it into its cells, and from
//! those into the columns. Every table of whole numbers that fits what is known is a flow between the limits
//! of its arcs, and the true one is at hand; so the bounds of one number are found by sending more, or less,
//! through its arc and back along others, exactly and in whole numbers (Ford & Fulkerson 1962, chapter I).

use std::collections::VecDeque;

/// One number: from where to where, how much, and between which limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) flow: u64,
    pub(super) lo: u64,
    pub(super) hi: u64,
}

/// Which way a number is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Arc {
    fn room(&self, way: Way) -> u64 {
        match way {
            Way::Up => self.hi - self.flow,
            Way::Down => self.flow - self.lo,
        }
    }

    fn shift(&mut self, way: Way, by: u64) {
        match way {
            Way::Up => self.flow += by,
            Way::Down => self.flow -= by,
        }
    }
}

/// By how much the arc `of` can be moved one way, up to `most`.
pub(super) fn slack(arcs: &[Arc], nodes: usize, of: usize, way: Way, most: u64) -> u64 {
    let wanted = most.min(arcs[of].room(way));
    let (begin, end) = match way {
        Way::Up => (arcs[of].to, arcs[of].from),
        Way::Down => (arcs[of].from, arcs[of].to),
    };
    let mut arcs = arcs.to_vec();
    let mut found = 0;
    while found < wanted {
        let Some(path) = path(&arcs, nodes, of, (begin, end)) else { break };
        let room = path.iter().map(|(arc, way)| arcs[*arc].room(*way)).min().unwrap_or(0);
        let by = room.min(wanted - found);
        path.iter().for_each(|(arc, way)| arcs[*arc].shift(*way, by));
        found += by;
    }
    found
}

/// A shortest way from one node to another along arcs with room, not through the arc `but`.
fn path(arcs: &[Arc], nodes: usize, but: usize, (begin, end): (usize, usize)) -> Option<Vec<(usize, Way)>> {
    let mut leaving: Vec<Vec<(usize, Way)>> = vec![Vec::new(); nodes];
    for (number, arc) in arcs.iter().enumerate().filter(|(number, _)| *number != but) {
        leaving[arc.from].push((number, Way::Up));
        leaving[arc.to].push((number, Way::Down));
    }
    let mut came: Vec<Option<(usize, Way)>> = vec![None; nodes];
    let mut next = VecDeque::from([begin]);
    while let Some(node) = next.pop_front() {
        for (number, way) in leaving[node].iter().copied().filter(|(arc, way)| arcs[*arc].room(*way) > 0) {
            let to = if way == Way::Up { arcs[number].to } else { arcs[number].from };
            if to != begin && came[to].is_none() {
                came[to] = Some((number, way));
                next.push_back(to);
            }
        }
    }
    let mut path = Vec::new();
    let mut node = end;
    while node != begin {
        let (number, way) = came[node]?;
        path.push((number, way));
        node = if way == Way::Up { arcs[number].from } else { arcs[number].to };
    }
    Some(path)
}
