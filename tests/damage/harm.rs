//! How each fault is done to a copy of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use engine::log::Repair;

use super::base::{Base, UNIT, copy_folder, replace_folder};
use super::file::{Kind, Value};

/// Does a fault to a copy of a base.
type Run = Box<dyn Fn(&Base, &Path)>;

/// A fault in one place.
pub(super) struct Harm {
    pub(super) name: String,
    /// How many events were acknowledged, if not all.
    pub(super) known: Option<u64>,
    /// Whether the checksums were made right again.
    pub(super) is_signed: bool,
    pub(super) run: Run,
}

fn harm(name: impl Into<String>, run: impl Fn(&Base, &Path) + 'static) -> Harm {
    Harm { name: name.into(), known: None, is_signed: false, run: Box::new(run) }
}

/// A fault of the bytes of the database's file.
fn edit(name: impl Into<String>, change: impl Fn(&Base, &mut Vec<u8>) + 'static) -> Harm {
    harm(name, move |base, dir| {
        let mut bytes = base.db.clone();
        change(base, &mut bytes);
        fs::write(dir.join("sled").join("db"), bytes).unwrap();
    })
}

/// A fault whose checksums are right.
fn forge(name: impl Into<String>, change: impl Fn(&mut Vec<u8>) + 'static) -> Harm {
    let forged = edit(name, move |base, bytes| {
        change(bytes);
        base.map.sign(bytes);
    });
    Harm { is_signed: true, ..forged }
}

fn cut(len: usize) -> Harm {
    edit(format!("at byte {len}"), move |_, bytes| bytes.truncate(len))
}

/// By how much more than usual is tried: `EVENFIELD_CASES`.
fn times() -> usize {
    std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Some `count` of `all`, spread evenly, always the first and the last.
fn spread<T: Clone>(all: &[T], count: usize) -> Vec<T> {
    let count = (count * times()).clamp(1, all.len());
    let at = |number: usize| if count == 1 { all.len() - 1 } else { number * (all.len() - 1) / (count - 1) };
    (0..count).map(|number| all[at(number)].clone()).collect()
}

/// Some bytes in every copy of the hot value of the block that begins at `first`.
pub(super) fn in_every_copy(base: &Base, first: u64) -> Harm {
    let own = base.map.values.iter().filter(|value| (value.kind, value.first) == (Kind::Hot, first));
    let places: Vec<usize> = own.map(|value| value.bytes.start + 48).collect();
    edit(format!("the block at {first}"), move |_, bytes| places.iter().for_each(|at| bytes[*at] ^= 1))
}

/// One bit of one byte.
pub(super) fn flip(at: usize, bit: u8) -> Harm {
    edit(format!("bit {bit} of byte {at}"), move |_, bytes| bytes[at] ^= 1 << bit)
}

/// A bit flipped in each of `ranges`, at the begin, the end or between.
fn flips(ranges: &[Range<usize>]) -> Vec<Harm> {
    let place = |(number, range): (usize, &Range<usize>)| {
        let at = range.start + range.len().saturating_sub(1) * (number * 5 % 8) / 7;
        flip(at, (number * 3 % 8) as u8)
    };
    ranges.iter().enumerate().map(place).collect()
}

fn in_values(base: &Base, kind: Kind, count: usize) -> Vec<Harm> {
    let ranges: Vec<_> = base.map.of_kind(kind).into_iter().map(|value| value.bytes.clone()).collect();
    if ranges.is_empty() { Vec::new() } else { flips(&spread(&ranges, count)) }
}

/// The first and the last copy of the last block's value.
fn last(base: &Base, kind: Kind) -> [&Value; 2] {
    let of_kind = base.map.of_kind(kind);
    let first = of_kind.iter().map(|value| value.first).max().unwrap();
    let mut own = of_kind.into_iter().filter(|value| value.first == first);
    let begin = own.next().unwrap();
    [begin, own.next_back().unwrap_or(begin)]
}

pub(super) fn torn_tail(base: &Base) -> Vec<Harm> {
    let values = [Kind::Hot, Kind::Cold, Kind::Entry].map(|kind| last(base, kind));
    let ends: BTreeSet<usize> =
        values.into_iter().flatten().flat_map(|value| [value.bytes.start, value.bytes.end]).collect();
    ends.into_iter().flat_map(|end| [end - 1, end, end + 1]).map(cut).collect()
}

/// The witness of before the last session, and the first block after it torn: what a crash leaves.
pub(super) fn torn_unseen(base: &Base) -> Vec<Harm> {
    let first = base.before + 1;
    let own = base.map.values.iter().filter(|value| value.first == first);
    let own = own.filter(|value| matches!(value.kind, Kind::Hot | Kind::Cold | Kind::Entry));
    let ends = own.flat_map(|value| [value.bytes.start + 1, value.bytes.end - 1]).take(6);
    let torn = |end: usize| Harm {
        known: Some(base.before),
        ..harm(format!("at byte {end}"), move |base, dir| {
            fs::copy(base.older().join("WITNESS"), dir.join("WITNESS")).unwrap();
            let db = &mut base.db.clone();
            db[end..].fill(0);
            fs::write(dir.join("sled").join("db"), db).unwrap();
        })
    };
    ends.map(torn).collect()
}

pub(super) fn half(base: &Base) -> Vec<Harm> {
    vec![cut(base.map.end() / 2)]
}

pub(super) fn last_segment_cut(base: &Base) -> Vec<Harm> {
    vec![cut(base.map.segments.iter().copied().max().unwrap())]
}

pub(super) fn nearly_empty(_: &Base) -> Vec<Harm> {
    vec![cut(0), cut(10)]
}

pub(super) fn missing_database(_: &Base) -> Vec<Harm> {
    vec![
        harm("the file", |_, dir| fs::remove_file(dir.join("sled").join("db")).unwrap()),
        harm("the folder", |_, dir| fs::remove_dir_all(dir.join("sled")).unwrap()),
    ]
}

pub(super) fn zeroed(base: &Base) -> Vec<Harm> {
    let begins: Vec<usize> = base.map.messages.iter().map(|message| message.at).collect();
    let used = base.map.end();
    let zero =
        |at: usize| edit(format!("from byte {at}"), move |_, bytes| bytes[at..used.min(at + 256)].fill(0));
    let even = (0..10 * times()).map(|number| used * number / (10 * times()));
    even.chain(spread(&begins, 10)).map(zero).collect()
}

pub(super) fn in_segment_headers(base: &Base) -> Vec<Harm> {
    let headers: Vec<_> =
        base.map.segments.iter().flat_map(|at| [*at..at + 4, at + 4..at + 12, at + 12..at + 20]).collect();
    flips(&headers)
}

pub(super) fn in_message_headers(base: &Base) -> Vec<Harm> {
    let headers: Vec<_> = base.map.messages.iter().map(|message| message.at..message.body.start).collect();
    flips(&spread(&headers, 8))
}

/// Bytes of messages that are in no value of ours.
pub(super) fn in_own_pages(base: &Base) -> Vec<Harm> {
    let mut own = Vec::new();
    for message in &base.map.messages {
        let mut at = message.body.start;
        for value in base.map.values.iter().filter(|value| message.body.contains(&value.bytes.start)) {
            own.push(at..value.bytes.start);
            at = value.bytes.end;
        }
        own.push(at..message.body.end);
    }
    own.retain(|range| !range.is_empty());
    flips(&spread(&own, 8))
}

pub(super) fn in_entries(base: &Base) -> Vec<Harm> {
    in_values(base, Kind::Entry, 5)
}

pub(super) fn in_units(base: &Base) -> Vec<Harm> {
    in_values(base, Kind::Unit, 3)
}

pub(super) fn in_hot(base: &Base) -> Vec<Harm> {
    in_values(base, Kind::Hot, 6)
}

pub(super) fn in_cold(base: &Base) -> Vec<Harm> {
    in_values(base, Kind::Cold, 6)
}

pub(super) fn in_keys(base: &Base) -> Vec<Harm> {
    let places: Vec<usize> =
        base.map.of_kind(Kind::Keys).iter().map(|value| value.bytes.start + 50).collect();
    let all = edit("every copy", move |_, bytes| places.iter().for_each(|at| bytes[*at] ^= 1));
    in_values(base, Kind::Keys, 3).into_iter().chain([all]).collect()
}

pub(super) fn in_free_space(base: &Base) -> Vec<Harm> {
    let end = base.map.end();
    [end + 40, (end + base.db.len()) / 2, base.db.len() - 1]
        .into_iter()
        .filter(|at| (end..base.db.len()).contains(at))
        .map(|at| edit(format!("byte {at}"), move |_, bytes| bytes[at] ^= 4))
        .collect()
}

/// Whoever may do everything may write it all the same; then there is nothing to try.
pub(super) fn read_only(base: &Base) -> Vec<Harm> {
    let forbid = |_: &Base, dir: &Path| {
        let path = dir.join("sled").join("db");
        let mut rights = fs::metadata(&path).unwrap().permissions();
        rights.set_readonly(true);
        fs::set_permissions(&path, rights).unwrap();
    };
    let probe = tempfile::NamedTempFile::new().unwrap();
    let mut rights = probe.as_file().metadata().unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(probe.path(), rights).unwrap();
    match fs::OpenOptions::new().write(true).open(probe.path()) {
        Ok(_) => {
            println!("{}: whoever runs this may write everything", base.name);
            Vec::new()
        }
        Err(_) => vec![harm("the file", forbid)],
    }
}

/// All values that hold the same as `value`.
fn copies<'a>(base: &'a Base, value: &Value) -> Vec<&'a Value> {
    let same = |other: &&Value| {
        (other.kind, other.first) == (value.kind, value.first)
            && base.db[other.bytes.clone()] == base.db[value.bytes.clone()]
    };
    base.map.values.iter().filter(same).collect()
}

/// Alters a byte of each copy of `value`, and signs everything.
fn altered(base: &Base, value: &Value) -> Harm {
    let places: Vec<usize> = copies(base, value).iter().map(|copy| copy.bytes.start + 50).collect();
    forge(format!("{:?} value of {}", value.kind, value.first), move |bytes| {
        places.iter().for_each(|at| bytes[*at] ^= 1);
    })
}

/// The newest values of blocks that begin in `firsts`.
fn newest(base: &Base, kind: Kind, firsts: Range<u64>) -> Vec<Value> {
    let of_kind = base.map.values.iter().filter(|value| value.kind == kind && firsts.contains(&value.first));
    let by_first: BTreeMap<u64, &Value> = of_kind.map(|value| (value.first, value)).collect();
    by_first.into_values().cloned().collect()
}

/// Where the events begin that no unit's node commits to.
fn late(base: &Base) -> Range<u64> {
    base.head() / UNIT * UNIT + 1..u64::MAX
}

pub(super) fn altered_late(base: &Base) -> Vec<Harm> {
    let of = |kind| spread(&newest(base, kind, late(base)), 2);
    [Kind::Hot, Kind::Cold].into_iter().flat_map(of).map(|value| altered(base, &value)).collect()
}

pub(super) fn altered_early(base: &Base) -> Vec<Harm> {
    let early = newest(base, Kind::Hot, 1..late(base).start);
    // Values of the blocks that were put together here are old copies.
    let sealed = early.first().into_iter().filter(|_| base.head() > UNIT);
    sealed.map(|value| altered(base, value)).collect()
}

/// Two blocks of one event each, with values of equal lengths, change places.
pub(super) fn swapped(base: &Base) -> Vec<Harm> {
    let hot = newest(base, Kind::Hot, late(base));
    let cold = newest(base, Kind::Cold, late(base));
    let len = |value: &Value| value.bytes.len();
    let alike = |one: &usize, other: &usize| {
        len(&hot[*one]) == len(&hot[*other]) && len(&cold[*one]) == len(&cold[*other])
    };
    let (one, other) = (0..hot.len())
        .flat_map(|one| (0..one).map(move |other| (one, other)))
        .find(|(one, other)| alike(one, other))
        .expect("two blocks are of equal lengths");
    let mut edits = Vec::new();
    for pair in [[&hot[one], &hot[other]], [&cold[one], &cold[other]]] {
        for (to, from) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let content = base.db[from.bytes.start + 16..from.bytes.end].to_vec();
            edits.extend(copies(base, to).iter().map(|copy| (copy.bytes.start + 16, content.clone())));
        }
    }
    let name = format!("the blocks at {} and {}", hot[one].first, hot[other].first);
    vec![forge(name, move |bytes| {
        edits.iter().for_each(|(at, content)| bytes[*at..at + content.len()].copy_from_slice(content));
    })]
}

pub(super) fn older_database(_: &Base) -> Vec<Harm> {
    vec![harm("before the last session", |base, dir| {
        replace_folder(&base.older().join("sled"), &dir.join("sled"))
    })]
}

pub(super) fn other_database(_: &Base) -> Vec<Harm> {
    vec![harm("one with as many events", |base, dir| {
        replace_folder(&base.other().join("sled"), &dir.join("sled"))
    })]
}

pub(super) fn draft(_: &Base) -> Vec<Harm> {
    vec![harm("half a snapshot", |_, dir| {
        fs::write(dir.join("sled").join("snap.00000000FFFFFFFF.generating"), "half").unwrap();
    })]
}

/// Does something to every snapshot.
fn snapshots(name: &str, change: fn(&Path)) -> Harm {
    harm(name, move |_, dir| {
        let names = fs::read_dir(dir.join("sled")).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<_> =
            names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect();
        assert!(!found.is_empty());
        found.iter().for_each(|path| change(path));
    })
}

fn flip_half(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let half = bytes.len() / 2;
    bytes[half] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

pub(super) fn no_snapshot(_: &Base) -> Vec<Harm> {
    vec![snapshots("the file", |path| fs::remove_file(path).unwrap())]
}

pub(super) fn damaged_snapshot(_: &Base) -> Vec<Harm> {
    vec![snapshots("a bit of it", flip_half), snapshots("all of it", |path| fs::write(path, "").unwrap())]
}

pub(super) fn no_conf(_: &Base) -> Vec<Harm> {
    vec![harm("the file", |_, dir| fs::remove_file(dir.join("sled").join("conf")).unwrap())]
}

pub(super) fn damaged_conf(_: &Base) -> Vec<Harm> {
    vec![harm("a bit of it", |_, dir| flip_half(&dir.join("sled").join("conf")))]
}

pub(super) fn no_blobs(_: &Base) -> Vec<Harm> {
    vec![harm("the folder", |_, dir| fs::remove_dir_all(dir.join("sled").join("blobs")).unwrap())]
}

pub(super) fn blob(_: &Base) -> Vec<Harm> {
    vec![harm("an empty one", |_, dir| fs::write(dir.join("sled").join("blobs").join("1234"), "").unwrap())]
}

pub(super) fn no_witness(_: &Base) -> Vec<Harm> {
    vec![harm("the file", |_, dir| fs::remove_file(dir.join("WITNESS")).unwrap())]
}

pub(super) fn damaged_witness(_: &Base) -> Vec<Harm> {
    let write =
        |name, bytes: &'static [u8]| harm(name, move |_, dir| fs::write(dir.join("WITNESS"), bytes).unwrap());
    vec![write("nonsense", &[7; 5000]), write("nothing", &[]), write("zeros", &[0; 4160])]
}

pub(super) fn other_witness(_: &Base) -> Vec<Harm> {
    vec![harm("the file", |base, dir| {
        fs::copy(base.other().join("WITNESS"), dir.join("WITNESS")).unwrap();
    })]
}

pub(super) fn torn_slot(_: &Base) -> Vec<Harm> {
    let torn = |begin: usize| {
        harm(format!("at byte {begin}"), move |_, dir| {
            let mut bytes = fs::read(dir.join("WITNESS")).unwrap();
            bytes[begin + 32..begin + 64].fill(0);
            fs::write(dir.join("WITNESS"), bytes).unwrap();
        })
    };
    vec![torn(0), torn(4096)]
}

pub(super) fn older_witness(_: &Base) -> Vec<Harm> {
    vec![harm("before the last session", |base, dir| {
        fs::copy(base.older().join("WITNESS"), dir.join("WITNESS")).unwrap();
    })]
}

pub(super) fn damaged_format(_: &Base) -> Vec<Harm> {
    vec![
        harm("a bit of it", |_, dir| flip_half(&dir.join("FORMAT"))),
        harm("half of it", |_, dir| {
            let text = fs::read(dir.join("FORMAT")).unwrap();
            fs::write(dir.join("FORMAT"), &text[..text.len() / 2]).unwrap();
        }),
        harm("something else", |_, dir| fs::write(dir.join("FORMAT"), "something else\n").unwrap()),
        harm("nothing", |_, dir| fs::write(dir.join("FORMAT"), "").unwrap()),
    ]
}

pub(super) fn newer_format(_: &Base) -> Vec<Harm> {
    vec![harm("the next one", |_, dir| fs::write(dir.join("FORMAT"), "evenfield log 3\n").unwrap())]
}

/// Writes the store anew, which makes it generation 1.
fn renew(dir: &Path) {
    Repair::plan(dir, &mut |_, _| {}).unwrap().apply().unwrap();
}

pub(super) fn no_format(_: &Base) -> Vec<Harm> {
    let remove = |dir: &Path| fs::remove_file(dir.join("FORMAT")).unwrap();
    vec![
        harm("the file", move |_, dir| remove(dir)),
        harm("after a repair", move |_, dir| {
            renew(dir);
            remove(dir);
        }),
    ]
}

pub(super) fn older_format(_: &Base) -> Vec<Harm> {
    vec![harm("generation 0", |base, dir| {
        renew(dir);
        fs::copy(base.store().join("FORMAT"), dir.join("FORMAT")).unwrap();
    })]
}

pub(super) fn lock(_: &Base) -> Vec<Harm> {
    vec![
        harm("nonsense", |_, dir| fs::write(dir.join("LOCK"), [0xff; 1000]).unwrap()),
        harm("missing", |_, dir| fs::remove_file(dir.join("LOCK")).unwrap()),
    ]
}

pub(super) fn next_generation(_: &Base) -> Vec<Harm> {
    vec![harm("a database without its end", |base, dir| {
        copy_folder(&base.other().join("sled"), &dir.join("sled.1"));
        fs::write(dir.join("sled.1").join("db"), &base.db[..base.map.end() / 2]).unwrap();
        fs::write(dir.join("WITNESS.1"), "half").unwrap();
        fs::write(dir.join("FORMAT.new"), "half").unwrap();
    })]
}

pub(super) fn old_generation(_: &Base) -> Vec<Harm> {
    let put_back = |names: &'static [&'static str]| {
        harm(names.join(" and "), move |_, dir| {
            renew(dir);
            for name in names {
                fs::rename(dir.join("damaged.0").join(name), dir.join(name)).unwrap();
            }
        })
    };
    vec![put_back(&["sled", "WITNESS"]), put_back(&["sled"])]
}
