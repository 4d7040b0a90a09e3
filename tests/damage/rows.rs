//! The faults: what may happen to a store, how opening it may end, and what its owner does then.

use super::base::Base;
use super::harm::{self, Harm};
use super::law::End::{self, *};

/// One fault.
#[derive(Debug)]
pub(super) struct Row {
    /// What has happened, in words.
    pub(super) fault: &'static str,
    /// How opening may end.
    pub(super) ends: &'static [End],
    /// What the owner does, beyond what every end asks for.
    pub(super) advice: &'static str,
    /// The fault in all its places.
    pub(super) harms: fn(&Base) -> Vec<Harm>,
}

const fn row(
    fault: &'static str,
    ends: &'static [End],
    advice: &'static str,
    harms: fn(&Base) -> Vec<Harm>,
) -> Row {
    Row { fault, ends, advice, harms }
}

pub(super) const NOTHING: &str = "nothing";
pub(super) const DISK: &str = "check the disk";
const SAVED: &str = "check the disk; `log repair`, or restore a backup";
const BACKUP: &str = "restore a backup";

/// The end of the database's file.
pub(super) const TAIL: &[Row] = &[
    row(
        "a write that was never acknowledged is torn",
        &[Healthy, Torn, Rewritten],
        NOTHING,
        harm::torn_unseen,
    ),
    row(
        "the file ends at, before or behind a value of the last block",
        &[Healthy, Rewritten, RolledBack],
        SAVED,
        harm::torn_tail,
    ),
    row("the file ends after half of what is used", &[RolledBack, Damaged], SAVED, harm::half),
    row("the file lacks its last segment", &[RolledBack, Damaged], SAVED, harm::last_segment_cut),
    row("the file is empty, or ten bytes long", &[RolledBack], BACKUP, harm::nearly_empty),
    row("the file, or its whole folder, is missing", &[RolledBack], BACKUP, harm::missing_database),
];

/// Bytes of the database's file, and who may not write it.
pub(super) const BYTES: &[Row] = &[
    row(
        "256 bytes anywhere are zeroed",
        &[Healthy, Rewritten, RolledBack, Damaged, Broken],
        SAVED,
        harm::zeroed,
    ),
    row("a bit of a segment's header is flipped", &[Rewritten], DISK, harm::in_segment_headers),
    row("a bit of a message's header is flipped", &[Healthy, Rewritten], DISK, harm::in_message_headers),
    row(
        "a bit of the database's own pages, or of an index, is flipped",
        &[Healthy, Rewritten],
        DISK,
        harm::in_own_pages,
    ),
    row("a bit of a block's entry in the list is flipped", &[Healthy, Rewritten], DISK, harm::in_entries),
    row("a bit of a unit's node is flipped", &[Healthy, Rewritten], DISK, harm::in_units),
    row(
        "a bit of a block's hot value is flipped",
        &[Healthy, Rewritten, RolledBack, Damaged],
        SAVED,
        harm::in_hot,
    ),
    row(
        "a bit of a block's cold value is flipped",
        &[Healthy, Rewritten, RolledBack, Damaged],
        SAVED,
        harm::in_cold,
    ),
    row(
        "a bit of the keys of the commitment is flipped",
        &[Healthy, Rewritten, Broken],
        "check the disk; restore a backup",
        harm::in_keys,
    ),
    row("a bit behind everything is flipped", &[Healthy], DISK, harm::in_free_space),
    row("the file may not be written", &[Io], "give the right back", harm::read_only),
];

/// What has valid checksums, and is not what was acknowledged.
pub(super) const FORGED: &[Row] = &[
    row(
        "an event of the last unit is altered, all checksums are right",
        &[Damaged],
        SAVED,
        harm::altered_late,
    ),
    row(
        "two events of the last unit change places, all checksums are right",
        &[Damaged],
        SAVED,
        harm::swapped,
    ),
    row(
        "an event of an earlier unit is altered, all checksums are right",
        &[Hidden],
        SAVED,
        harm::altered_early,
    ),
    row(
        "the database is an older copy",
        &[RolledBack],
        "put the newer one back, or restore a backup",
        harm::older_database,
    ),
    row(
        "the database is that of another store",
        &[Broken],
        "put its own back, or restore a backup",
        harm::other_database,
    ),
];

/// The other files of the database.
pub(super) const BESIDE: &[Row] = &[
    row("a crash has left a draft of a snapshot", &[Healthy], NOTHING, harm::draft),
    row("the snapshot is missing", &[Healthy, Rewritten], NOTHING, harm::no_snapshot),
    row("the snapshot is damaged or empty", &[Rewritten], DISK, harm::damaged_snapshot),
    row("the settings (`conf`) are missing", &[Healthy, Rewritten], NOTHING, harm::no_conf),
    row("the settings (`conf`) are damaged", &[Rewritten], DISK, harm::damaged_conf),
    row("the folder `blobs` is missing", &[Healthy], NOTHING, harm::no_blobs),
    row("a file lies in the folder `blobs`", &[Hidden], "move it away", harm::blob),
];

/// The witness.
pub(super) const WITNESS: &[Row] = &[
    row("`WITNESS` is missing", &[Unwitnessed], "put its own back, or `log repair`", harm::no_witness),
    row("`WITNESS` is damaged, or cut short", &[Unwitnessed], "`log repair`", harm::damaged_witness),
    row(
        "`WITNESS` is that of another store",
        &[Unwitnessed],
        "put its own back, or `log repair`",
        harm::other_witness,
    ),
    row("one of the two slots of `WITNESS` is torn", &[Healthy], NOTHING, harm::torn_slot),
    row("`WITNESS` is an older copy", &[Healthy], NOTHING, harm::older_witness),
];

/// The folder of the store.
pub(super) const FOLDER: &[Row] = &[
    row("`FORMAT` is damaged, cut short or something else", &[Broken], "`log repair`", harm::damaged_format),
    row("`FORMAT` names a newer format", &[Format], "use the program that wrote it", harm::newer_format),
    row("`FORMAT` is missing", &[Broken], "put it back, or `log repair`", harm::no_format),
    row(
        "`FORMAT` is that of before a repair",
        &[Broken],
        "put the newer one back, or `log repair`",
        harm::older_format,
    ),
    row("`LOCK` says something else, or is missing", &[Healthy], NOTHING, harm::lock),
    row("a crash has left a generation half made", &[Healthy], NOTHING, harm::next_generation),
    row("a crash has left the generation before", &[Healthy], NOTHING, harm::old_generation),
];

/// All of them.
pub(super) const ALL: &[&[Row]] = &[TAIL, BYTES, FORGED, BESIDE, WITNESS, FOLDER];
