//! Numbers for texts that recur in every block: sources, and levels of contexts.
//!
//! Lists of neighbouring blocks are sorted and nearly alike, so that most texts are found where those of
//! the block before were, without a look-up.

use std::collections::HashMap;
use std::sync::Arc;

use crate::log::Texts;

/// Texts by number, and the numbers of those of the block at hand.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) texts: Vec<Arc<str>>,
    known: HashMap<Arc<str>, u32>,
    /// The list of the block before, and the number of each of its texts.
    before: Texts,
    numbers: Vec<u32>,
}

impl Numbers {
    /// The numbers of the texts of `list`.
    pub(super) fn of(&mut self, list: &Texts) -> &[u32] {
        if *list != self.before {
            let (mut numbers, mut place) = (Vec::with_capacity(list.len()), 0);
            for text in list.iter() {
                let mut old = |numbers: &[u32]| {
                    while self.before.get(place).is_some_and(|known| known < text) {
                        place += 1;
                    }
                    (self.before.get(place) == Some(text)).then(|| numbers[place as usize])
                };
                let number = match old(&self.numbers) {
                    Some(number) => number,
                    None => number(&mut self.texts, &mut self.known, text),
                };
                numbers.push(number);
            }
            (self.before, self.numbers) = (list.clone(), numbers);
        }
        &self.numbers
    }
}

fn number(texts: &mut Vec<Arc<str>>, known: &mut HashMap<Arc<str>, u32>, text: &str) -> u32 {
    if let Some(number) = known.get(text) {
        return *number;
    }
    let (shared, number): (Arc<str>, u32) = (Arc::from(text), texts.len() as u32);
    texts.push(Arc::clone(&shared));
    known.insert(shared, number);
    number
}
