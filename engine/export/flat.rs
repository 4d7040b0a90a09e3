//! From a tree of named values to flat tables: one for every list, and every value a column of its own.
//!
//! What lies deeper in a row becomes columns whose names begin with the way there (`response_rate`). A list of
//! rows within a row, and a map whose names are data, become a table of their own, which repeats what tells the row
//! that they belong to. Columns stand in the order of the contract, whichever rows have them.

use event::{Dimension, Time};
use projections::stats::estimate::FEWEST_EVENTS;

use super::define::{self, Definition};
use super::table::{Absence, Cell, Column, Kind, LOW, Table};
use super::tree::Node;

/// Maps whose names are data: each becomes a table, everything else columns.
const MAPS: [&str; 10] = [
    "anomalies",
    "best_single",
    "breakdown",
    "central_weights",
    "distribution",
    "groups",
    "not_in_population",
    "numbers",
    "platforms",
    "uses",
];
/// What tells one row from another, and so is repeated beside what belongs to it; levels of dimensions do as well.
const KEYS: [&str; 17] = [
    "consultation",
    "measure",
    "platform",
    "platforms",
    "reference",
    "than",
    "role",
    "one_sided",
    "dimension",
    "group",
    "stratum",
    "unit",
    "period",
    "from",
    "gate",
    "claim",
    "name",
];
/// What the values of a list of a fixed length are, by the name of the list.
const TUPLES: [(&str, &[&str]); 7] = [
    ("gain", &["", "_lo", "_hi"]),
    ("values", &["_group", "_than"]),
    ("n", &["_group", "_than"]),
    ("further", &["_platform", "_reference"]),
    ("by_chance", &["_inner", "_outer"]),
    ("as_usual", &["_inner", "_outer"]),
    ("pulls_apart", &["_one", "_other"]),
];

/// Tables in the making.
pub(super) struct Flat<'a> {
    drafts: Vec<Draft>,
    /// What a table is called, by the way to it.
    called: &'a dyn Fn(&str) -> String,
}

/// A table in the making: the columns that any row had, and rows with what they had.
struct Draft {
    name: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

/// What one row has, by column.
#[derive(Default)]
struct Row {
    cells: Vec<(String, Cell)>,
    /// Whether the policy hides something of it.
    has_hidden: bool,
}

/// What the values of a structure share.
#[derive(Clone, Copy)]
struct Within<'a> {
    /// What their columns begin with.
    prefix: &'a str,
    /// Why a value of them that is null is not there.
    null: Absence,
}

/// What numbers rest on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rests {
    OnEnough,
    OnLittle,
}

/// The fewest clusters of an arm that a difference is decided on.
const FEWEST_CLUSTERS: f64 = 2.0;
/// By how much a share that was rounded may differ from its counts.
const ROUNDING: f64 = 0.001;

const OUTERMOST: Within<'_> = Within { prefix: "", null: Absence::NotAvailable };

impl<'a> Flat<'a> {
    pub(super) fn new(called: &'a dyn Fn(&str) -> String) -> Self {
        Self { drafts: Vec::new(), called }
    }

    /// Begins a table with these columns, whether or not any row has them.
    pub(super) fn begin(&mut self, name: &str, columns: &[&str]) {
        let draft = self.draft(name);
        draft.columns = columns.iter().map(|column| (*column).to_owned()).collect();
    }

    /// Adds a row to the table of a list, and what is a table within it to others.
    pub(super) fn row(&mut self, list: &str, members: Vec<(String, Node)>) {
        self.add(list, &[], members);
    }

    /// Adds the one row of a table about the whole, whose lists are tables beside it.
    pub(super) fn whole(&mut self, table: &str, members: Vec<(String, Node)>) {
        let mut row = Row::default();
        let mut children = Vec::new();
        spread(members, OUTERMOST, &mut row, &mut children);
        self.draft(table).push(row);
        for (name, node) in children {
            rows_of(node).into_iter().for_each(|members| self.add(&name, &[], members));
        }
    }

    fn add(&mut self, list: &str, keys: &[(String, Cell)], members: Vec<(String, Node)>) {
        let mut row = Row::default();
        let mut children = Vec::new();
        spread(members, OUTERMOST, &mut row, &mut children);
        row.belongs_to(keys);
        let keys = row.keys();
        let table = (self.called)(list);
        self.draft(&table).push(row);
        for (name, node) in children {
            let list = format!("{list}_{name}");
            rows_of(node).into_iter().for_each(|members| self.add(&list, &keys, members));
        }
    }

    fn draft(&mut self, name: &str) -> &mut Draft {
        let place = self.drafts.iter().position(|draft| draft.name == name).unwrap_or_else(|| {
            self.drafts.push(Draft { name: name.to_owned(), columns: Vec::new(), rows: Vec::new() });
            self.drafts.len() - 1
        });
        &mut self.drafts[place]
    }

    /// The tables, each with its columns defined and its rows filled up.
    pub(super) fn tables(self, titled: impl Fn(&str) -> (String, String)) -> Vec<Table> {
        self.drafts.into_iter().map(|draft| draft.table(&titled)).collect()
    }
}

/// The rows that a list, or a map whose names are data, consists of.
fn rows_of(node: Node) -> Vec<Vec<(String, Node)>> {
    let named = |name: &str, node: Node, value: Node| {
        let mut members = vec![(name.to_owned(), node)];
        match value {
            Node::Named(further) => members.extend(further),
            count @ Node::Whole(_) => members.push(("count".to_owned(), count)),
            value => members.push(("value".to_owned(), value)),
        }
        members
    };
    match node {
        Node::List(nodes) | Node::Tuple(nodes) => (1..)
            .zip(nodes)
            .map(|(place, node)| match node {
                Node::Named(members) => members,
                value => named("place", Node::Whole(place), value),
            })
            .collect(),
        Node::Named(members) => {
            members.into_iter().map(|(name, node)| named("name", Node::Text(name), node)).collect()
        }
        _ => Vec::new(),
    }
}

/// Spreads the values of a structure over columns; what is a table within it is handed out.
fn spread(
    members: Vec<(String, Node)>,
    within: Within<'_>,
    row: &mut Row,
    children: &mut Vec<(String, Node)>,
) {
    let status = members.iter().find(|(name, _)| name == "status").and_then(|(_, node)| node.text());
    let rests_on_little = status.map(|status| match rests_on_little(status, &members) {
        true => Rests::OnLittle,
        false => Rests::OnEnough,
    });
    let within = Within { null: status.map_or(within.null, null_of), ..within };
    for (name, node) in members {
        let column = format!("{}{name}", within.prefix);
        match node {
            Node::Named(levels) if within.prefix.is_empty() && matches!(&*name, "by" | "context" | "of") => {
                levels.into_iter().for_each(|(dimension, level)| row.level(dimension, level));
            }
            Node::Named(members) if MAPS.contains(&&*name) => children.push((column, Node::Named(members))),
            Node::Named(members) => {
                let prefix = format!("{column}_");
                spread(members, Within { prefix: &prefix, ..within }, row, children);
            }
            Node::Tuple(nodes) => spread(apart(&name, nodes), within, row, children),
            Node::List(nodes) if nodes.iter().all(|node| node.text().is_some()) => {
                // Of an empty list only its name tells whether it would be one of words.
                if !nodes.is_empty() || define::known(&name).is_some() {
                    row.words(column, &nodes);
                }
            }
            Node::List(nodes) => children.push((column, Node::List(nodes))),
            node => {
                let mark = rests_on_little.filter(|_| name == "value").map(|little| mark(little, &node));
                let beside = format!("{column}_mark");
                row.cell(column, node, within.null);
                row.cells.extend(mark.map(|mark| (beside, mark)));
            }
        }
    }
}

/// What stands beside a value.
fn mark(rests: Rests, value: &Node) -> Cell {
    Cell::Text(if rests == Rests::OnLittle && value.is_number() { LOW.to_owned() } else { String::new() })
}

/// Whether numbers rest on too little: by their status, or by the counts that no difference would be decided on.
fn rests_on_little(status: &str, members: &[(String, Node)]) -> bool {
    let of = |name: &str| match members.iter().find(|(known, _)| known == name) {
        Some((_, Node::Whole(number))) => Some(*number as f64),
        Some((_, Node::Number(number))) => Some(*number),
        _ => None,
    };
    let events = match (of("x"), of("n"), of("value")) {
        // Of a share those to whom nothing happened count as well; of a rate there are none.
        (Some(x), Some(n), Some(value)) if (value * n - x).abs() <= n * ROUNDING => Some(x.min(n - x)),
        (Some(x), ..) => Some(x),
        (None, n, _) => n,
    };
    matches!(status, "insufficient_evidence" | "not_estimable")
        || events.is_some_and(|events| events < FEWEST_EVENTS as f64)
        || of("clusters").is_some_and(|clusters| clusters < FEWEST_CLUSTERS)
}

/// The values of a list of a fixed length, each under a name of its own.
fn apart(name: &str, nodes: Vec<Node>) -> Vec<(String, Node)> {
    if let Some((_, suffixes)) =
        TUPLES.iter().find(|(known, suffixes)| *known == name && suffixes.len() == nodes.len())
    {
        return suffixes.iter().zip(nodes).map(|(suffix, node)| (format!("{name}{suffix}"), node)).collect();
    }
    if nodes.iter().all(|node| node.text().is_some()) {
        return vec![(name.to_owned(), Node::List(nodes))];
    }
    let two = nodes.len() == 2;
    let suffix = |place: usize| match (two, place) {
        (true, 0) => "lo".to_owned(),
        (true, _) => "hi".to_owned(),
        (false, place) => (place + 1).to_string(),
    };
    nodes.into_iter().enumerate().map(|(place, node)| (format!("{name}_{}", suffix(place)), node)).collect()
}

/// Why a value is not there in a row of this status: where there are numbers, others would mean nothing.
fn null_of(status: &str) -> Absence {
    match status {
        "suppressed" => Absence::Suppressed,
        "not_measured" | "not_estimable" => Absence::NotAvailable,
        _ => Absence::NotApplicable,
    }
}

impl Row {
    fn cell(&mut self, name: String, node: Node, null: Absence) {
        // Beside its parts a whole has no level.
        let means_none = || {
            define::known(&name).is_some_and(|known| known.null_is_none)
                || Dimension::from_name(&name).is_some()
        };
        let cell = match node {
            Node::Hidden => {
                self.has_hidden = true;
                Cell::Absent(Absence::Suppressed)
            }
            Node::Flag(flag) => Cell::Flag(flag),
            Node::Whole(number) => Cell::Whole(number),
            Node::Number(number) => Cell::Number(number),
            Node::Text(text) => instant(&name, &text).map_or(Cell::Text(text), Cell::Instant),
            _ if means_none() => Cell::Absent(Absence::NotApplicable),
            _ => Cell::Absent(null),
        };
        self.cells.push((name, cell));
    }

    /// A level of a dimension; that it is not there says that it was not recorded.
    fn level(&mut self, dimension: String, level: Node) {
        let cell =
            level.text().map_or(Cell::Absent(Absence::NotAvailable), |level| Cell::Text(level.to_owned()));
        self.cells.push((dimension, cell));
    }

    fn words(&mut self, name: String, nodes: &[Node]) {
        let texts: Vec<&str> = nodes.iter().filter_map(Node::text).collect();
        let cell = match texts.is_empty() {
            true => Cell::Absent(Absence::NotApplicable),
            false => Cell::Text(texts.join("; ")),
        };
        self.cells.push((name, cell));
    }

    /// What tells it from others.
    fn keys(&self) -> Vec<(String, Cell)> {
        // A consultation's name tells everything else of it.
        let own = self.cells.iter().find(|(name, _)| name == "consultation");
        if let Some((name, cell @ Cell::Text(_))) = own {
            return vec![(name.clone(), cell.clone())];
        }
        let is_key = |name: &str| KEYS.contains(&name) || Dimension::from_name(name).is_some();
        let kept = self.cells.iter().filter(|(name, _)| is_key(name) || name.starts_with("of_"));
        kept.cloned().collect()
    }

    /// Puts what tells the row that it belongs to before its own.
    fn belongs_to(&mut self, keys: &[(String, Cell)]) {
        let own = std::mem::take(&mut self.cells);
        self.cells = keys
            .iter()
            .map(|(name, cell)| {
                let taken = own.iter().any(|(known, _)| known == name);
                (if taken { format!("of_{name}") } else { name.clone() }, cell.clone())
            })
            .collect();
        self.cells.extend(own);
    }
}

/// A text as an instant, in a column of instants.
fn instant(name: &str, text: &str) -> Option<Time> {
    if define::define(name).kind == Kind::Instant { text.parse().ok() } else { None }
}

impl Draft {
    /// Adds a row, and each column that no row had behind the one that it follows.
    fn push(&mut self, row: Row) {
        let mut place = 0;
        for (name, _) in &row.cells {
            match self.columns.iter().position(|known| known == name) {
                Some(known) => place = known + 1,
                None => {
                    self.columns.insert(place, name.clone());
                    place += 1;
                }
            }
        }
        self.rows.push(row);
    }

    fn table(mut self, titled: &impl Fn(&str) -> (String, String)) -> Table {
        self.leave_out_the_hollow();
        let definitions: Vec<Definition> = self.columns.iter().map(|name| define::define(name)).collect();
        let kinds: Vec<Kind> =
            self.columns.iter().zip(&definitions).map(|(name, known)| self.kind(name, known.kind)).collect();
        let rows = self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(&kinds);
            cells.map(|(name, kind)| row.filled(name, *kind)).collect()
        });
        let (title, subtitle) = titled(&self.name);
        let rows = rows.collect();
        let columns = self.columns.into_iter().zip(definitions).zip(kinds);
        let columns = columns.map(|((name, known), kind)| Column {
            name,
            title: known.title,
            unit: known.unit,
            kind,
            means: known.means,
        });
        Table { title, subtitle, columns: columns.collect(), rows, name: self.name }
    }

    /// Leaves out what was null wherever it was no structure.
    fn leave_out_the_hollow(&mut self) {
        let is_hollow = |name: &String| {
            let prefix = format!("{name}_");
            let cells = self.rows.iter().flat_map(|row| &row.cells);
            self.columns.iter().any(|other| other.starts_with(&prefix) && !other.ends_with("_mark"))
                && cells.filter(|(known, _)| known == name).all(|(_, cell)| cell.absence().is_some())
                && define::known(name).is_none()
        };
        let hollow: Vec<String> = self.columns.iter().filter(|name| is_hollow(name)).cloned().collect();
        self.columns.retain(|name| !hollow.contains(name));
    }

    /// What the cells of a column are, as far as they agree.
    fn kind(&self, name: &str, usual: Kind) -> Kind {
        let cells = self.rows.iter().filter_map(|row| row.get(name));
        let kinds = cells.filter_map(|cell| match cell {
            Cell::Text(_) => Some(Kind::Text),
            Cell::Whole(_) => Some(Kind::Whole),
            Cell::Number(_) => Some(Kind::Number),
            Cell::Instant(_) => Some(Kind::Instant),
            Cell::Flag(_) => Some(Kind::Flag),
            Cell::Absent(_) => None,
        });
        kinds.fold(None, |one, other| Some(one.map_or(other, |one| both(one, other)))).map_or(
            usual,
            |found| match (found, usual) {
                (Kind::Whole, Kind::Number) => Kind::Number,
                (found, _) => found,
            },
        )
    }
}

/// What holds cells of both kinds.
fn both(one: Kind, other: Kind) -> Kind {
    match (one, other) {
        _ if one == other => one,
        (Kind::Whole | Kind::Number, Kind::Whole | Kind::Number) => Kind::Number,
        _ => Kind::Text,
    }
}

impl Row {
    fn get(&self, name: &str) -> Option<&Cell> {
        self.cells.iter().find(|(known, _)| known == name).map(|(_, cell)| cell)
    }

    /// What it has in a column; what it has not, the contract leaves out where it is no or none.
    fn filled(&self, name: &str, kind: Kind) -> Cell {
        match (self.get(name), kind) {
            (Some(Cell::Whole(number)), Kind::Number) => Cell::Number(*number as f64),
            (Some(cell @ Cell::Absent(_)), _) => cell.clone(),
            (Some(cell), Kind::Text) => Cell::Text(cell.to_string()),
            (Some(cell), _) => cell.clone(),
            (None, Kind::Flag) => Cell::Flag(false),
            (None, _) if name.ends_with("_mark") => Cell::Text(String::new()),
            (None, _) if self.has_hidden => Cell::Absent(Absence::Suppressed),
            (None, _) => Cell::Absent(Absence::NotApplicable),
        }
    }
}
