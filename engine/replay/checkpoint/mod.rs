//! Checkpoints: a sheet that is kept beside the log, so that the next one reads only what came since.
//!
//! A checkpoint is made of a whole reading and gone on from afterwards. It counts only for the log that
//! it was made of (by the commitment to all its events up to there), for the same reading with the same
//! parameters, and for a program that knows the same kinds and dimensions; any other is made anew beside
//! it and put in its place at once. Nothing depends on it: without it, or where a checksum of it does not
//! hold, the whole log is read. Small logs have none, since reading them takes no time.

mod chunk;
mod file;
mod part;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event::{Dimension, Kind, KindSet, Time};
use projections::coverage::{Coverage, Declared, Place};
use projections::gists::{Column, Gists};
use projections::parameters::Parameters;
use projections::source::Sources;
use serde::{Deserialize, Serialize};

use super::book::{Book, declared};
use super::sheet::{Sheet, hear, sheet, with_needed};
use super::stretch::Stretch;
use super::{ReplayError, Request, Watch, spread};
use crate::log::{Log, Position};
pub(in crate::replay) use file::encode;
use file::{Section, Sections, decode, invalid};
pub(super) use part::{packed, unpacked};

/// Raised whenever a reading of the same events says something else than before.
pub const READING: u32 = 4;

/// A log of fewer events has no checkpoint.
pub const WORTHWHILE: u64 = 100_000;
/// A checkpoint is written again once one in so many events came after it.
const STALE_SHARE: u64 = 10;
/// Checkpoints of so many parameters are kept.
const KEPT: usize = 4;

/// What a file says of its sheet.
#[derive(Serialize, Deserialize)]
struct Index {
    fingerprint: [u8; 32],
    position: u64,
    until: i64,
    consultations: u64,
    dimensions: Vec<u8>,
    /// Ranges of positions in which sources declare what they see.
    declaring: Vec<(u64, u64)>,
    coverage: Vec<(Place, [u32; 2], u64)>,
    stretches: Vec<StretchIndex>,
}

/// What it says of a stretch.
#[derive(Serialize, Deserialize)]
struct StretchIndex {
    rows: u64,
    newest: i64,
    /// Sources and what each sent, levels by dimension, blocks.
    head: Section,
    chunks: Vec<ChunkIndex>,
}

/// Where a chunk of rows lies.
#[derive(Serialize, Deserialize)]
struct ChunkIndex {
    numbers: Section,
    levels: Vec<Section>,
    lists: Section,
}

/// The lists of a stretch that all its rows refer to.
#[derive(Serialize, Deserialize)]
struct Head {
    sources: Vec<(String, u32)>,
    levels: Vec<Vec<String>>,
    blocks: Vec<(u64, u64, u32)>,
}

/// A sheet, with a remark where its checkpoint could not be kept.
#[derive(Debug)]
pub struct Kept {
    /// The sheet.
    pub sheet: Sheet,
    /// What was wrong with the checkpoint that was there, if it could not be read.
    pub damaged: Option<String>,
    /// Why a checkpoint could not be written, if one was to be.
    pub unkept: Option<String>,
}

/// The sheet of a log, from its checkpoint where there is one, which is kept up to date.
///
/// # Errors
/// When the log cannot be read or has too many consultations, or the watch says stop.
pub fn kept_sheet(
    log: &Log,
    request: &Request,
    wanted: &[Dimension],
    watch: &Watch,
) -> Result<Kept, ReplayError> {
    let wanted = with_needed(wanted);
    let keeper = Keeper { log, request, watch };
    let is_due = |position: Position| (log.head().0 - position.0).saturating_mul(STALE_SHARE) > log.head().0;
    // What the log was is asked for once; a checkpoint is of what it is.
    if log.head().0 < WORTHWHILE || request.head(log) < log.head() {
        let sheet = sheet(log, request, &wanted, watch)?;
        return Ok(Kept { sheet, damaged: None, unkept: None });
    }
    let mut damaged = None;
    let mut note = |error: io::Error| damaged = Some(error.to_string());
    let found = keeper.find().map_err(&mut note).ok().flatten();
    let mut due = found.as_ref().is_none_or(|(position, _)| is_due(*position));
    let asked = if due { with_needed(&Dimension::ALL) } else { wanted.clone() };
    let read = found.and_then(|(_, index)| keeper.read(&index, &asked).map_err(&mut note).ok());
    let gone_on = match read {
        Some(sheet) => {
            watch.advance(sheet.position.0);
            let (sheet, changes) = sheet.refresh(log, request, watch)?;
            (!changes.reread).then_some(sheet)
        }
        None => None,
    };
    let mut whole = match gone_on {
        Some(sheet) => sheet,
        None => {
            due = true;
            sheet(log, request, &Dimension::ALL, watch)?
        }
    };
    let unkept = if due { keeper.keep(&whole).err().map(|error| error.to_string()) } else { None };
    if watch.stopped() {
        return Err(ReplayError::Interrupted);
    }
    whole.leave_only(&wanted);
    Ok(Kept { sheet: whole, damaged, unkept })
}

/// The sheet that the checkpoint of these parameters holds, without what came since; none where there is
/// no checkpoint that counts.
#[must_use]
pub fn checkpoint(log: &Log, request: &Request) -> Option<Sheet> {
    let watch = Watch::default();
    let keeper = Keeper { log, request, watch: &watch };
    let (_, index) = keeper.find().ok()??;
    keeper.read(&index, &with_needed(&Dimension::ALL)).ok()
}

/// How far the checkpoints in the folder `derived` of a log go, by the grace that they were made with; whether one of
/// them counts is told only by the log itself.
///
/// # Errors
/// When the folder or one of them cannot be read, or is damaged.
pub fn checkpoints_in(derived: &Path) -> io::Result<BTreeMap<i64, Position>> {
    let mut found = BTreeMap::new();
    let entries = match fs::read_dir(derived) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str);
        let Some(grace) = name.and_then(|name| name.strip_prefix("checkpoint-")?.parse().ok()) else {
            continue;
        };
        let index: Index = file::index(&mut File::open(&path)?)?;
        found.insert(grace, Position(index.position));
    }
    Ok(found)
}

/// Keeps a sheet that has all dimensions as the checkpoint of these parameters.
///
/// # Errors
/// When it cannot be written; the one before it is still there then.
pub fn keep(log: &Log, request: &Request, sheet: &Sheet, watch: &Watch) -> io::Result<()> {
    match sheet.wanted.len() == Dimension::ALL.len() {
        true => Keeper { log, request, watch }.keep(sheet),
        false => Err(invalid("a sheet of some dimensions only")),
    }
}

/// Removes the checkpoints of a log.
///
/// # Errors
/// When they cannot be removed.
pub fn forget(log: &Log) -> io::Result<()> {
    match fs::remove_dir_all(log.derived()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Keeps and finds checkpoints of one log, read in one way.
struct Keeper<'a> {
    log: &'a Log,
    request: &'a Request,
    watch: &'a Watch,
}

impl Keeper<'_> {
    fn path(&self) -> PathBuf {
        let grace = self.request.parameters(Time::MAX).grace_ms;
        self.log.derived().join(format!("checkpoint-{grace}"))
    }

    /// What tells whether a checkpoint counts.
    fn fingerprint(&self, position: Position) -> io::Result<[u8; 32]> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.log.fingerprint(position).map_err(io::Error::other)?);
        hasher.update(&READING.to_le_bytes());
        let Parameters { grace_ms, interrupted_max_ms, interrupted_max_permille, until: _ } =
            self.request.parameters(Time::MAX);
        for number in [grace_ms, interrupted_max_ms, interrupted_max_permille] {
            hasher.update(&number.to_le_bytes());
        }
        for name in Kind::ALL.map(Kind::name).into_iter().chain(Dimension::ALL.map(Dimension::name)) {
            hasher.update(name.as_bytes()).update(&[0]);
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// The index of the checkpoint that counts, if there is one.
    fn find(&self) -> io::Result<Option<(Position, Index)>> {
        let mut file = match File::open(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let index: Index = file::index(&mut file)?;
        let position = Position(index.position);
        let counts = self.fingerprint(position).is_ok_and(|fingerprint| fingerprint == index.fingerprint);
        Ok(counts.then_some((position, index)))
    }

    /// The sheet of a checkpoint, with the levels of the dimensions `wanted`.
    fn read(&self, index: &Index, wanted: &[Dimension]) -> io::Result<Sheet> {
        let places: Vec<usize> = index
            .dimensions
            .iter()
            .enumerate()
            .filter(|(_, code)| wanted.contains(&Dimension::ALL[usize::from(**code) % Dimension::ALL.len()]))
            .map(|(place, _)| place)
            .collect();
        if places.len() < wanted.len() {
            return Err(invalid("it lacks a dimension"));
        }
        let path = self.path();
        let stretches = spread(&index.stretches, self.request.threads(), |stretch| {
            read_stretch(&mut File::open(&path)?, stretch, (wanted, &places))
        });
        let stretches = stretches.into_iter().collect::<io::Result<Vec<Stretch>>>()?;
        let mut sources = Sources::default();
        for (first, last) in &index.declaring {
            let extents = self.log.extents(Position(*first)..=Position(*last)).map_err(io::Error::other)?;
            declared(self.log, &extents, &mut sources).map_err(io::Error::other)?;
        }
        hear(&mut sources, &stretches);
        let book = Book::of(&sources);
        let entries = index.coverage.iter().cloned();
        let coverage = Coverage::of_entries(
            entries.map(|(place, kinds, rows)| (place, kinds.map(KindSet::from_bits), rows)),
        );
        let mut sheet = Sheet {
            stretches,
            open: Default::default(),
            parameters: Parameters {
                until: Time::from_ms(index.until),
                ..self.request.parameters(Time::MAX)
            },
            position: Position(index.position),
            undeclared: Vec::new(),
            wanted: wanted.to_vec(),
            sources,
            coverage,
            consultations: index.consultations as usize,
        };
        sheet.stretches.iter_mut().for_each(|stretch| stretch.see(&book));
        sheet.tell(&book);
        Ok(sheet)
    }

    /// Keeps a sheet with all dimensions.
    fn keep(&self, sheet: &Sheet) -> io::Result<()> {
        let (path, folder) = (self.path(), self.log.derived());
        fs::create_dir_all(&folder)?;
        self.make_room()?;
        let draft = path.with_extension("new");
        let write = || {
            let mut sections = file::create(&draft)?;
            let index = self.write(sheet, &mut sections)?;
            sections.close(&index).map(drop)
        };
        write().inspect_err(|_| drop(fs::remove_file(&draft)))?;
        fs::rename(&draft, &path)
    }

    /// Leaves only the newest checkpoints of other parameters.
    fn make_room(&self) -> io::Result<()> {
        let mut others = Vec::new();
        for entry in fs::read_dir(self.log.derived())? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("checkpoint-") && entry.path() != self.path() {
                others.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        others.sort();
        let surplus = (others.len() + 1).saturating_sub(KEPT);
        others.into_iter().take(surplus).try_for_each(|(_, path)| match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    fn write(&self, sheet: &Sheet, sections: &mut Sections<impl Write>) -> io::Result<Index> {
        let code = |dimension: &Dimension| Dimension::ALL.iter().position(|known| known == dimension);
        let extents = self.log.extents(..=sheet.position).map_err(io::Error::other)?;
        let declaring = extents.iter().filter(|extent| extent.declares);
        let bits = |kinds: Declared| kinds.map(KindSet::bits);
        let mut stretches = Vec::new();
        for stretch in &sheet.stretches {
            stretches.push(write_stretch(stretch, sections, (self.request.threads(), self.watch))?);
        }
        Ok(Index {
            fingerprint: self.fingerprint(sheet.position)?,
            position: sheet.position.0,
            until: sheet.parameters.until.ms(),
            consultations: sheet.consultations as u64,
            dimensions: sheet.wanted.iter().filter_map(code).map(|code| code as u8).collect(),
            declaring: declaring
                .map(|extent| (extent.first.0, extent.last.0.min(sheet.position.0)))
                .collect(),
            coverage: sheet
                .coverage
                .entries()
                .map(|(place, kinds, rows)| (place.clone(), bits(kinds), rows))
                .collect(),
            stretches,
        })
    }
}

/// How many chunks are put into bytes at a time.
const AT_A_TIME: usize = 16;

fn write_stretch(
    stretch: &Stretch,
    sections: &mut Sections<impl Write>,
    (threads, watch): (usize, &Watch),
) -> io::Result<StretchIndex> {
    let gists = &stretch.gists;
    let texts = |levels: &[Arc<str>]| levels.iter().map(|level| level.as_ref().to_owned()).collect();
    let sources = stretch.sources.iter().zip(&stretch.sent);
    let blocks = stretch.blocks.iter().map(|(first, last, row)| (first.0, last.0, *row));
    let head = Head {
        sources: sources.map(|(name, sent)| (name.as_ref().to_owned(), sent.bits())).collect(),
        levels: gists.columns.iter().map(|column| texts(&column.levels)).collect(),
        blocks: blocks.collect(),
    };
    let rows = gists.rows.len();
    let mut index = StretchIndex {
        rows: rows as u64,
        newest: stretch.newest.ms(),
        head: sections.put(&encode(&head)?)?,
        chunks: Vec::new(),
    };
    let ranges: Vec<Range<usize>> =
        (0..rows).step_by(chunk::ROWS).map(|begin| begin..rows.min(begin + chunk::ROWS)).collect();
    for ranges in ranges.chunks(AT_A_TIME) {
        if watch.stopped() {
            return Err(ErrorKind::Interrupted.into());
        }
        let encoded = spread(ranges, threads, |rows| -> io::Result<_> {
            let levels = gists.columns.iter().map(|column| chunk::levels(&column.level[rows.clone()]));
            Ok((chunk::numbers(stretch, rows), levels.collect::<Vec<_>>(), chunk::lists(stretch, rows)?))
        });
        for chunk in encoded {
            let (numbers, levels, lists) = chunk?;
            let numbers = sections.put(&numbers)?;
            let levels = levels.iter().map(|levels| sections.put(levels)).collect::<io::Result<_>>()?;
            index.chunks.push(ChunkIndex { numbers, levels, lists: sections.put(&lists)? });
        }
    }
    Ok(index)
}

fn read_stretch(
    file: &mut (impl Read + Seek),
    index: &StretchIndex,
    (wanted, places): (&[Dimension], &[usize]),
) -> io::Result<Stretch> {
    let mut bytes = Vec::new();
    file::get(file, index.head, &mut bytes)?;
    let Head { sources, mut levels, blocks } = decode(&bytes)?;
    let count = usize::try_from(index.rows).map_err(io::Error::other)?;
    if count.div_ceil(chunk::ROWS) != index.chunks.len() || levels.len() <= *places.last().unwrap_or(&0) {
        return Err(invalid("its chunks are not those of its rows"));
    }
    let mut stretch = Stretch { newest: Time::from_ms(index.newest), ..Stretch::default() };
    let mut column = |(dimension, place): (&Dimension, &usize)| {
        let levels = std::mem::take(&mut levels[*place]).into_iter().map(Arc::from).collect();
        Column { dimension: *dimension, levels, level: Vec::with_capacity(count) }
    };
    let columns = wanted.iter().zip(places).map(&mut column).collect();
    stretch.gists = Gists { rows: Vec::with_capacity(count), columns, ..Gists::default() };
    stretch.digests.reserve(count);
    for (number, chunk) in index.chunks.iter().enumerate() {
        let before = number * chunk::ROWS;
        let rows = chunk::ROWS.min(count - before);
        file::get(file, chunk.numbers, &mut bytes)?;
        chunk::take_numbers(&mut stretch, rows, &bytes, sources.len())?;
        for (column, place) in stretch.gists.columns.iter_mut().zip(places) {
            let section = chunk.levels.get(*place).ok_or_else(|| invalid("it lacks a dimension"))?;
            file::get(file, *section, &mut bytes)?;
            chunk::take_levels(&mut column.level, rows, &bytes, column.levels.len())?;
        }
        file::get(file, chunk.lists, &mut bytes)?;
        chunk::take_lists(&mut stretch, (before as u32, rows), &bytes)?;
    }
    stretch.sent = sources.iter().map(|(_, sent)| KindSet::from_bits(*sent)).collect();
    stretch.sources = sources.into_iter().map(|(name, _)| Arc::from(name)).collect();
    stretch.blocks =
        blocks.into_iter().map(|(first, last, row)| (Position(first), Position(last), row)).collect();
    Ok(stretch)
}
