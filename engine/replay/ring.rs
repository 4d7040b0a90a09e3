//! Consultations that are open: what is known of each until it is read.
//!
//! Every consultation gets a number when it is first met. The latest of them lie in a ring of slots, each
//! a few cache lines; a slot is read when its place is needed again. Which slot a name has is found by the
//! digest in a table of small buckets; that one forgets, sooner or later. Nothing depends on it: what comes
//! for a consultation that was forgotten is a *fragment* under a number of its own, and fragments meet.
//!
//! Fragments of calls cost, so the ring grows where calls come back that it has read before their end: where
//! more consultations begin while a call lasts than it has slots.

use projections::reading::plain::Key;

/// Keys that lie in a slot; more lie elsewhere.
pub(super) const KEYS: usize = 8;
/// Slots at first: what stays in the caches of a processor.
const FEWEST_SLOTS: usize = 1 << 14;
/// Slots at most, some 60 MB of them.
const MOST_SLOTS: usize = 1 << 19;
/// Numbers that may be given before open slots are read: consultations of one block.
const ROOM: usize = 4096;
/// The ring grows when of so many consultations one is a call that came back.
const SELDOM: u32 = 64;
/// Calls read before their end of which the ring still knows that it had them: a sample, one of so many.
const LEFT: usize = 1 << 15;
const SAMPLE: u32 = 16;

/// Slots for each bucket.
const SHARE: usize = 4;
const WAYS: usize = 8;

/// What is known of one consultation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) digest: u64,
    /// The latest instant of marks that are no keys.
    pub(super) last_ms: i64,
    /// Digests of the patient and of the clinician, 0 where nobody came yet.
    pub(super) people: [u64; 2],
    pub(super) source: u32,
    /// The last block with an event of it.
    pub(super) block: u32,
    pub(super) count: u32,
    /// Whether it must be read by the whole reading.
    pub(super) odd: bool,
    pub(super) scheduled: bool,
    pub(super) cancelled: bool,
    /// Whether somebody was named by a mark that is no key.
    pub(super) claims: bool,
    pub(super) keys: [Key; KEYS],
}

impl Slot {
    fn empty() -> Self {
        Self {
            digest: 0,
            last_ms: i64::MIN,
            people: [0; 2],
            source: 0,
            block: 0,
            count: 0,
            odd: false,
            scheduled: false,
            cancelled: false,
            claims: false,
            keys: [Key::default(); KEYS],
        }
    }
}

/// The open consultations of one stretch.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Vec<Slot>,
    buckets: Vec<Bucket>,
    /// The number that is given next.
    pub(super) next: u32,
    /// All numbers before this one were read.
    pub(super) read: u32,
    /// Digests and numbers of a sample of the calls that were read before their end, each at the place that it
    /// chooses.
    left: Vec<(u64, u32)>,
    /// How many of that sample came back since number `since`, and are not here because it is too small.
    came_back: u32,
    since: u32,
}

/// Tags and numbers of consultations whose digests share some bits.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    tags: [u32; WAYS],
    numbers: [u32; WAYS],
}

impl Bucket {
    const EMPTY: Self = Self { tags: [0; WAYS], numbers: [u32::MAX; WAYS] };

    /// The place of one that is not open, else of the oldest, which is forgotten.
    fn way(&self, is_open: impl Fn(u32) -> bool) -> usize {
        let age = |way: &usize| match self.numbers[*way] {
            number if is_open(number) => number + 1,
            _ => 0,
        };
        (0..WAYS).min_by_key(age).unwrap_or(0)
    }
}

impl Ring {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::empty(); FEWEST_SLOTS],
            buckets: vec![Bucket::EMPTY; FEWEST_SLOTS / SHARE],
            next: 0,
            read: 0,
            left: vec![(0, 0); LEFT],
            came_back: 0,
            since: 0,
        }
    }

    /// The number of the consultation with this digest, if it is open; else a new one, and that it is new.
    pub(super) fn place(&mut self, digest: u64, source: u32, block: u32) -> (u32, bool) {
        let (tag, oldest, next) = (digest as u32, self.due().max(self.read), self.next);
        let (slots, mask) = (&self.slots, self.slots.len() - 1);
        let home = (digest >> 32) as usize & (self.buckets.len() - 1);
        let bucket = &mut self.buckets[home];
        let is_open = |number: u32| number >= oldest && number < next;
        let known = (0..WAYS).find(|way| {
            let number = bucket.numbers[*way];
            bucket.tags[*way] == tag && is_open(number) && slots[number as usize & mask].digest == digest
        });
        if let Some(way) = known {
            let number = bucket.numbers[way];
            // A plan of long ago would leave the ring in the middle of its call: the call gets a number.
            if slots[number as usize & mask].count > 0 || ((next - number) as usize) < slots.len() / 4 {
                return (number, false);
            }
        }
        let way = known.unwrap_or_else(|| bucket.way(is_open));
        (bucket.tags[way], bucket.numbers[way]) = (tag, next);
        self.next += 1;
        if in_sample(digest) {
            let (left, number) = self.left[place_left(digest)];
            self.came_back += u32::from(left == digest && number < self.due());
        }
        let slot = &mut self.slots[next as usize & mask];
        (slot.digest, slot.last_ms, slot.people) = (digest, i64::MIN, [0; 2]);
        (slot.source, slot.block, slot.count) = (source, block, 0);
        (slot.odd, slot.scheduled, slot.cancelled, slot.claims) = (false, false, false, false);
        (next, true)
    }

    /// How far slots must be read before the next block: their places will be needed.
    pub(super) fn due(&self) -> u32 {
        self.next.saturating_sub((self.slots.len() - ROOM) as u32)
    }

    /// Notes that the call of a slot was read before its end: what comes of it is a fragment.
    pub(super) fn leave_open(&mut self, number: u32) {
        let digest = self.slot(number).digest;
        if in_sample(digest) {
            self.left[place_left(digest)] = (digest, number);
        }
    }

    /// Grows if calls come back more than seldom. To be asked between blocks.
    pub(super) fn make_room(&mut self) {
        let born = self.next - self.since;
        if (born as usize) < self.slots.len() / 4 {
            return;
        }
        if self.came_back > born / SAMPLE / SELDOM && self.slots.len() < MOST_SLOTS {
            self.grow();
        }
        (self.came_back, self.since) = (0, self.next);
    }

    fn grow(&mut self) {
        let size = 2 * self.slots.len();
        let mut slots = vec![Slot::empty(); size];
        let mut buckets = vec![Bucket::EMPTY; size / SHARE];
        for number in self.read..self.next {
            let slot = self.slot(number);
            let bucket = &mut buckets[(slot.digest >> 32) as usize & (size / SHARE - 1)];
            // The latest number of a name is the one that it is found by.
            let same = |way: &usize| {
                let number = bucket.numbers[*way];
                number != u32::MAX && slots[number as usize & (size - 1)].digest == slot.digest
            };
            let way = (0..WAYS).find(same).unwrap_or_else(|| bucket.way(|number| number != u32::MAX));
            (bucket.tags[way], bucket.numbers[way]) = (slot.digest as u32, number);
            slots[number as usize & (size - 1)] = *slot;
        }
        (self.slots, self.buckets) = (slots, buckets);
    }

    pub(super) fn slot(&self, number: u32) -> &Slot {
        &self.slots[number as usize & (self.slots.len() - 1)]
    }

    pub(super) fn slot_mut(&mut self, number: u32) -> &mut Slot {
        let mask = self.slots.len() - 1;
        &mut self.slots[number as usize & mask]
    }
}

fn in_sample(digest: u64) -> bool {
    ((digest >> 8) as u32).is_multiple_of(SAMPLE)
}

/// Where a call that was read before its end is noted.
fn place_left(digest: u64) -> usize {
    (digest >> 17) as usize % LEFT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a name, as even as that of a hash.
    fn scattered(number: u64) -> u64 {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Consultations that last while `apart` others begin, each met at its start and at its end.
    fn fragments(ring: &mut Ring, apart: u64, count: u64) -> usize {
        let mut fragments = 0;
        for n in 0..count + apart {
            if n % 1024 == 0 {
                ring.make_room();
                for number in ring.read..ring.due() {
                    if ring.slot(number).count == 1 {
                        ring.leave_open(number);
                    }
                }
                ring.read = ring.read.max(ring.due());
            }
            let mut meet = |digest: u64| {
                let (number, born) = ring.place(scattered(digest), 0, 0);
                ring.slot_mut(number).count += 1;
                born
            };
            if n < count {
                assert!(meet(n), "no consultation begins twice");
            }
            if n >= apart {
                fragments += usize::from(meet(n - apart));
            }
        }
        fragments
    }

    #[test]
    fn a_call_is_found_again_while_fewer_begin_than_there_are_slots() {
        let mut ring = Ring::new();
        let fragments = fragments(&mut ring, 8_000, 100_000);
        // Now and then a bucket is full.
        assert!(fragments < 1_000, "{fragments}");
        assert_eq!(ring.slots.len(), FEWEST_SLOTS);
    }

    #[test]
    fn the_ring_grows_until_calls_no_longer_come_back() {
        let mut ring = Ring::new();
        let fragments = fragments(&mut ring, 100_000, 1_000_000);
        // Fragments have numbers too: what comes back seems twice as far away.
        assert_eq!(ring.slots.len(), 1 << 18);
        assert!((12_288..200_000).contains(&fragments), "{fragments}");
    }

    #[test]
    fn it_has_a_largest_size() {
        let mut ring = Ring::new();
        fragments(&mut ring, 700_000, 1_500_000);
        assert_eq!(ring.slots.len(), MOST_SLOTS);
    }
}
