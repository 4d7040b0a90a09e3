//! Consultations that are open: what is known of each until it is read.
//!
//! Every consultation gets a number when it is first met. The latest of them lie in a ring of slots, each
//! a few cache lines; a slot is read when its place is needed again. Which slot a name has is found by the
//! digest in a table of small buckets; that one forgets, sooner or later. Nothing depends on it: what comes
//! for a consultation that was forgotten is a *fragment* under a number of its own, and fragments meet.

use projections::reading::plain::Key;

/// Consultations that are open at a time.
pub(super) const SLOTS: usize = 1 << 14;
/// Keys that lie in a slot; more lie elsewhere.
pub(super) const KEYS: usize = 8;
/// Numbers that may be given before open slots are read: consultations of one block.
const ROOM: u32 = 4096;

const BUCKETS: usize = 1 << 12;
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

/// The open consultations of one stretch.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Vec<Slot>,
    buckets: Vec<Bucket>,
    /// The number that is given next.
    pub(super) next: u32,
    /// All numbers before this one were read.
    pub(super) read: u32,
}

/// Tags and numbers of consultations whose digests share some bits.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    tags: [u32; WAYS],
    numbers: [u32; WAYS],
}

impl Ring {
    pub(super) fn new() -> Self {
        let slot = Slot {
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
        };
        let bucket = Bucket { tags: [0; WAYS], numbers: [u32::MAX; WAYS] };
        Self { slots: vec![slot; SLOTS], buckets: vec![bucket; BUCKETS], next: 0, read: 0 }
    }

    /// The number of the consultation with this digest, if it is open; else a new one, and that it is new.
    pub(super) fn place(&mut self, digest: u64, source: u32, block: u32) -> (u32, bool) {
        let (tag, oldest) = (digest as u32, self.next.saturating_sub(SLOTS as u32 - ROOM).max(self.read));
        let (slots, next) = (&self.slots, self.next);
        let bucket = &mut self.buckets[(digest >> 32) as usize % BUCKETS];
        let is_open = |number: u32| number >= oldest && number < next;
        let known = (0..WAYS).find(|way| {
            let number = bucket.numbers[*way];
            bucket.tags[*way] == tag && is_open(number) && slots[number as usize % SLOTS].digest == digest
        });
        if let Some(way) = known {
            let number = bucket.numbers[way];
            // A plan of long ago would leave the ring in the middle of its call: the call gets a number.
            if slots[number as usize % SLOTS].count > 0 || next - number < SLOTS as u32 / 4 {
                return (number, false);
            }
        }
        // The place of one that is not open, else of the oldest, which is forgotten.
        let way = known.or_else(|| {
            (0..WAYS).min_by_key(|way| match bucket.numbers[*way] {
                number if is_open(number) => number + 1,
                _ => 0,
            })
        });
        let way = way.unwrap_or(0);
        (bucket.tags[way], bucket.numbers[way]) = (tag, next);
        self.next += 1;
        let slot = &mut self.slots[next as usize % SLOTS];
        (slot.digest, slot.last_ms, slot.people) = (digest, i64::MIN, [0; 2]);
        (slot.source, slot.block, slot.count) = (source, block, 0);
        (slot.odd, slot.scheduled, slot.cancelled, slot.claims) = (false, false, false, false);
        (next, true)
    }

    /// How far slots must be read before the next block: their places will be needed.
    pub(super) fn due(&self) -> u32 {
        self.next.saturating_sub(SLOTS as u32 - ROOM)
    }

    pub(super) fn slot(&self, number: u32) -> &Slot {
        &self.slots[number as usize % SLOTS]
    }

    pub(super) fn slot_mut(&mut self, number: u32) -> &mut Slot {
        &mut self.slots[number as usize % SLOTS]
    }
}
